"""Comparison of two values of an element: keys for equality, and agreement for a pair.

A key is equal for two spellings of one value; records are joined on it. Agreement is computed on
keys, pair by pair, and tolerates what a key cannot: lost characters, a mistyped digit, a shorter
form. Every function takes and returns Ibis values, and is NULL where a side is unknown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.compare.village_groups import with_plain_groups
from pipelines.libraries import Library

Agreement = Callable[[ir.Value, ir.Value], ir.BooleanValue]
Columns = Callable[[str], ir.Value]  # a golden column's comparison key, of one side

EXPENSIVE = ("address",)  # elements whose keys cost more than a join with the distinct texts

_LOST = "？□�_"  # what is left of a character that somebody's system could not hold; ? with them
_PUNCTUATION = "·・（）()《》〈〉“”\"'、，,。. 　"
_UP_TO_COUNTY = (
    "^(?:[^省市区县]{2,6}省|[^省市区县]{2,6}自治区)?(?:[^市区县]{1,8}市|[^市区县]{1,8}自治州)?"
    "(?:[^区县市小社园路街号]{1,8}(?:区|县|市))?"
)
_PARTS_OF_A_HOUSE = "([0-9A-Z])(?:号楼|栋|幢|座|单元|门洞|室|户)"
_LONGEST_NAME = 12
_LUNAR_LAG = 51  # days by which a lunar date is at most behind
_SHORT_ADDRESS = 6  # characters below which "ends with" says nothing: 3号楼, 101室
_BRANCH = (
    "(分公司|分厂|分店|分行|支行|分社|分所|分院|分校|分部|营业部|营业所|分理处|办事处|储蓄所"
    "|代表处)$"
)
_OF_PARENT = (
    "(公司|集团|银行|信用社|合作社|总厂|超市|连锁|医院|中心).*"
    "(门市部|经营部|服务部|[第一二三四五六七八九十0-9]+店)$"
)
_SHORT_NAME = 6  # the shortest company name that is worth finding inside another


def key_of(table: ir.Table, column: str, library: Library) -> ir.Value:
    """The comparison key of a golden column: text, NULL where nothing is known.

    ``table`` has ``library.record_columns``; the library says what is compared instead of the
    value (``match_on``). A companion that a pass names is its own key.
    """
    if column not in library.columns:
        return table[column].cast("string")
    return normal_form(text_of(table, column, library), library.columns[column].element_name)


def text_of(table: ir.Table, column: str, library: Library) -> ir.StringValue:
    """What a golden column is compared by, before it becomes a key."""
    return _first_known(table, library.columns[column].match_on or [column])


def stated_key_of(table: ir.Table, column: str, library: Library) -> ir.Value:
    """As ``key_of``, of what the record itself says.

    It leaves out what only the strong identifier implies, such as the birth date in a citizen id,
    which says nothing about the record when the number is somebody else's.
    """
    implied = library.columns[library.identity.strong].evidence_types
    options = [o for o in library.columns[column].match_on if o not in implied]
    return _key(table, column, library, options or [column])


def implied_key_of(table: ir.Table, column: str, library: Library) -> ir.Value:
    """As ``key_of``, of what the strong identifier alone implies."""
    implied = library.columns[library.identity.strong].evidence_types
    options = [o for o in library.columns[column].match_on if o in implied]
    return _key(table, column, library, options)


def _key(table: ir.Table, column: str, library: Library, options: Sequence[str]) -> ir.StringValue:
    return normal_form(_first_known(table, options), library.columns[column].element_name)


def _first_known(table: ir.Table, options: Sequence[str]) -> ir.StringValue:
    return ibis.coalesce(*(table[option].cast("string") for option in options))


def normal_form(value: ir.StringValue, element: str) -> ir.StringValue:
    """The comparison key of a value of an element; NULL where nothing is left to compare."""
    return _KEYS.get(element, _trimmed)(value)


@dataclass(frozen=True)
class Sides:
    """Two records, or a record and its group's reference values, side by side.

    ``left`` and ``right`` look up the comparison key of a golden column. Every answer is TRUE or
    FALSE; where a side is unknown, FALSE: nothing is equal, and nothing differs.
    """

    left: Columns
    right: Columns
    library: Library

    def equal(self, column: str) -> ir.BooleanValue:
        """Both known, and the same."""
        return _or_false(self.left(column) == self.right(column))

    def agree(self, column: str) -> ir.BooleanValue:
        """Both known, and equal within the tolerance of the element's comparison."""
        return _or_false(self._agreement(column)(self.left(column), self.right(column)))

    def differ(self, column: str) -> ir.BooleanValue:
        """Both known, and not equal within the tolerance of the element's comparison."""
        return _or_false(~self._agreement(column)(self.left(column), self.right(column)))

    def agreeing(self, columns: Sequence[str]) -> ir.IntegerValue:
        """How many of the columns agree."""
        zero: ir.IntegerValue = ibis.literal(0, "int64")
        return sum((self.agree(column).cast("int64") for column in columns), start=zero)

    def any_differ(self, columns: Sequence[str]) -> ir.BooleanValue:
        """At least one of the columns differs."""
        return ibis.or_(*(self.differ(column) for column in columns))

    def holds(self, test: Agreement, column: str) -> ir.BooleanValue:
        """Both known, and a comparison other than the element's own is true."""
        return _or_false(test(self.left(column), self.right(column)))

    def fails(self, test: Agreement, column: str) -> ir.BooleanValue:
        """Both known, and a comparison other than the element's own is false."""
        return _or_false(~test(self.left(column), self.right(column)))

    def _agreement(self, column: str) -> Agreement:
        golden = self.library.columns.get(column)
        return _AGREEMENT.get(golden.element_name, _equal) if golden else _equal


def _or_false(condition: ir.BooleanValue) -> ir.BooleanValue:
    return condition.fill_null(False)


def names_compatible(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Could be one person's name, mistyped: equal, one character off, or lost characters.

    Too lenient to link by (twins are named 小明 and 小亮), right for not contradicting.
    """
    return (left == right) | _one_slip(left, right) | names_agree(left, right)


def names_agree(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """The same person's name where characters were lost, as 王?明 for 王晓明; never by edit."""
    lost = left.contains("?") | right.contains("?")
    masked = _same_but_for_lost(left, right)
    return (left == right) | (lost & (left.length() == right.length()) & masked)


def names_disjoint(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Not one character in common at the first, the second and the last place."""
    return ~names_agree(left, right) & ibis.and_(
        left.substr(0, 1) != right.substr(0, 1),
        left.substr(1, 1) != right.substr(1, 1),
        left.right(1) != right.right(1),
    )


def dates_similar(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Equal, one digit off, day and month swapped, 1 January for unknown, or by the old calendar.

    Keys of dates are ISO text. A date of the lunar calendar that was written down as a solar one
    is three to seven weeks early.
    """
    a, b = left.replace("-", ""), right.replace("-", "")
    one_year = a.left(4) == b.left(4)
    swapped = one_year & (a.substr(4, 2) == b.substr(6, 2)) & (a.substr(6, 2) == b.substr(4, 2))
    unknown = one_year & (a.endswith("0101") | b.endswith("0101"))
    apart = left.cast("date").delta(right.cast("date"), unit="day").abs()
    similar = (a.levenshtein(b) <= 1) | swapped | unknown | (apart <= _LUNAR_LAG)
    similar |= _by_nominal_age(left, right)
    # Most dates that are compared are equal, and an engine works out only the branch it takes.
    return ibis.ifelse(left == right, True, similar)


def _by_nominal_age(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """One of the dates has the year of somebody's 虚岁, of which the year of birth is the first.

    It is one year early, two before the birthday. (That of a lunar day is a comparison level.)
    """
    years = (left.left(4).try_cast("int64") - right.left(4).try_cast("int64")).abs()
    return (left.substr(4) == right.substr(4)) & years.between(1, 2)


def organizations_similar(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Equal, one inside the other (a region in front, a form behind), or few characters apart."""
    long = ibis.least(left.length(), right.length()) >= _SHORT_NAME
    inside = left.contains(right) | right.contains(left)
    return (left == right) | (long & (inside | _mostly_shared(left, right)))


def organizations_rewritten(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """One name in two forms: the region in front, in brackets behind the brand, or left out."""
    long = ibis.least(left.length(), right.length()) >= _SHORT_NAME
    inside = left.endswith(right) | right.endswith(left)
    return (left == right) | (long & (inside | (_without_levels(left) == _without_levels(right))))


def is_branch(name: ir.StringValue) -> ir.BooleanValue:
    """A branch (分支机构) by its name: 企业名称登记管理规定 第十三条, and banks' own words.

    A branch has its parent's whole name in front (article 13). 经营部, 服务部 and 二店 without an
    organisation in front are what individual businesses are called, each with a code of its own.
    """
    return name.re_search(f"{_BRANCH}|{_OF_PARENT}")


def _one_slip(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """One character put in, left out or changed, in names of up to ``_LONGEST_NAME`` characters.

    What is equal in front and what is equal behind cover all but one character. (Not Levenshtein:
    DuckDB counts bytes, three to a Chinese character, Spark characters.)
    """
    zero: ir.IntegerValue = ibis.literal(0)
    lengths = range(1, _LONGEST_NAME + 1)
    front = sum(((left.left(n) == right.left(n)).cast("int64") for n in lengths), start=zero)
    behind = sum(((left.right(n) == right.right(n)).cast("int64") for n in lengths), start=zero)
    longer = ibis.greatest(left.length(), right.length())
    level = (left.length() - right.length()).abs() <= 1
    return level & (longer <= _LONGEST_NAME) & (front + behind >= longer - 1)


def _mostly_shared(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Four in five of the characters of the longer name occur in the other."""
    ours, theirs = left.split("").unique(), right.split("").unique()
    shared = ours.intersect(theirs).length()
    return shared * 5 >= ibis.greatest(ours.length(), theirs.length()) * 4


def _without_levels(name: ir.StringValue) -> ir.ArrayValue:
    """Its characters in their own order, without what 东江市 has and 东江 has not."""
    return name.re_replace("[省市区县]", "").split("").sort()


def _same_but_for_lost(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Place by place equal, a lost character standing for any; names of up to six characters."""
    places = [
        (left.substr(place, 1) == right.substr(place, 1))
        | (left.substr(place, 1) == "?")
        | (right.substr(place, 1) == "?")
        for place in range(6)
    ]
    known = left.re_replace(r"\?", "").length() > 0
    return ibis.and_(*places, known, left.length() <= 6)


def _addresses_agree(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    long = ibis.least(left.length(), right.length()) >= _SHORT_ADDRESS
    return (left == right) | (long & (left.endswith(right) | right.endswith(left)))


def _regions_agree(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Equal, or one is the prefecture (…00) that the other lies in."""
    coarse = left.endswith("00") | right.endswith("00")
    return (left == right) | (coarse & (left.substr(0, 4) == right.substr(0, 4)))


def _phones_agree(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    """Equal, or one lacks the area code."""
    long = ibis.least(left.length(), right.length()) >= 7
    return (left == right) | (long & (left.endswith(right) | right.endswith(left)))


def _texts_agree(left: ir.StringValue, right: ir.StringValue) -> ir.BooleanValue:
    long = ibis.least(left.length(), right.length()) >= _SHORT_NAME
    return (left == right) | (long & (left.contains(right) | right.contains(left)))


def _equal(left: ir.Value, right: ir.Value) -> ir.BooleanValue:
    return left == right


def _trimmed(value: ir.StringValue) -> ir.StringValue:
    return value.nullif("")


def _without(value: ir.StringValue, characters: str) -> ir.StringValue:
    return _translated(value, characters, "")


def _translated(value: ir.StringValue, characters: str, to: str) -> ir.StringValue:
    """Only where there is something to translate: a look costs a tenth of it."""
    some = value.re_search("[" + "".join(map(re.escape, characters)) + "]")
    return ibis.ifelse(some, value.translate(characters, to), value)


def _person_key(value: ir.StringValue) -> ir.StringValue:
    return _translated(value, _LOST + "· ", "?" * len(_LOST)).upper().nullif("")


def _organization_key(value: ir.StringValue) -> ir.StringValue:
    bare = _without(value, _PUNCTUATION + "-").upper().nullif("")
    return bare.replace("有限责任公司", "有限公司")


def _address_key(value: ir.StringValue) -> ir.StringValue:
    """From the street on, for half of all addresses leave out what their department is in.

    By its words, not by a gazetteer: a new district is in none. The hyphen stays, 1-2号 is not
    12号; 4号楼3单元1503室 is 4-3-1503.
    """
    bare = _without(value, _PUNCTUATION).upper()
    street = bare.re_replace(_UP_TO_COUNTY, "")
    plain = with_plain_groups(street)
    return plain.re_replace(_PARTS_OF_A_HOUSE, r"\1-").re_replace("-+$", "").nullif("")


def _phone_key(value: ir.StringValue) -> ir.StringValue:
    return value.re_replace("[^0-9]", "").nullif("")


def _license_key(value: ir.StringValue) -> ir.StringValue:
    """GB/T 36904 identifier without version and check digit: what all its editions share."""
    return value.re_replace(r"\.[0-9]{3}\.[0-9A-Z]$", "").nullif("")


_KEYS: dict[str, Callable[[ir.StringValue], ir.StringValue]] = {
    "person_name": _person_key,
    "organization_name": _organization_key,
    "address": _address_key,
    "text": _organization_key,
    "phone": _phone_key,
    "license_identifier": _license_key,
}

_AGREEMENT: dict[str, Agreement] = {
    "person_name": names_agree,
    "organization_name": _texts_agree,
    "text": _texts_agree,
    "address": _addresses_agree,
    "region_code": _regions_agree,
    "phone": _phones_agree,
    "birth_date": dates_similar,
}
