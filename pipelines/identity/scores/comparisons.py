"""Comparisons and their levels: how similar two records are in name, birth date, address …

A comparison puts a pair into the first of its levels whose condition holds; the last level is the
rest. NULL where a side is unknown. Match weights of levels are not here: they are trained and kept
in ``models/<entity>.json``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.compare.values import dates_similar, names_agree, organizations_similar
from pipelines.libraries import Library

Look = Callable[[str], tuple[ir.Value, ir.Value]]  # a column's value on both sides
Judge = Callable[[Look], Sequence[ir.BooleanValue]]


@dataclass(frozen=True)
class Comparison:
    """``levels``, best first; ``judge`` has the conditions of all but the last, the rest."""

    name: str
    columns: Sequence[str]  # NULL if one of them is unknown on a side
    levels: Sequence[str]
    judge: Judge
    sames: int = 1  # how many of the first levels mean equality

    def level(self, look: Look) -> ir.IntegerValue:
        """The number of the first level whose condition holds."""
        known = ibis.and_(*(a.notnull() & b.notnull() for a, b in map(look, self.columns)))
        holds = [(known & c.fill_null(False), n) for n, c in enumerate(self.judge(look))]
        rest = (known, len(self.levels) - 1)
        return ibis.cases(*holds, rest, else_=None).cast("int64")

    def place(self, level: str) -> int:
        """The number of a level."""
        return list(self.levels).index(level)


def _equal(column: str) -> Judge:
    def judge(look: Look) -> Sequence[ir.BooleanValue]:
        a, b = look(column)
        return [a == b]

    return judge


# ---- persons ----

_FEWEST_SEEN = 8  # digits of a masked number: county and half of what tells its people apart
RARE, COMMON = 21.0, 16.0  # bits: one name in two million, one in 65,000, parts independent
_SHORTEST_PLACE = 6  # characters below which "within" says nothing: 3号楼, 101室
_SHORTEST_GROUP = 4  # 上庄3组
_LONG_NAME = 4  # characters from which a name may be cut short; Chinese names have two to four


def _person_names(look: Look) -> Sequence[ir.BooleanValue]:
    a, b = look("person_name")
    everywhere, here = look("name_bits")[0], ibis.least(*look("name_bits_here"))
    bits = ibis.ifelse(_one_place(look) & look("crowded")[0], here, everywhere)
    sounds, looks = look("name_sounds")[0], look("name_looks")[0]
    lost, other = look("name_lost")[0], look("name_other")[0]
    dotted = look("is_dotted")[0] | look("is_dotted")[1]
    level = a.length() == b.length()
    whole = (a == b) & ~a.contains("?")
    explained = level & (other == 0)
    few = a.length() - lost >= 1
    begins = ibis.least(a.length(), b.length())
    cut = (dotted | (ibis.greatest(a.length(), b.length()) >= 2 * _LONG_NAME)) & (begins >= 3)
    return [
        whole & (bits >= RARE),
        whole & (bits >= COMMON),
        whole,
        few & ((a == b) | (explained & (sounds + looks == 0))),
        explained & (looks == 0) & (sounds < a.length()) & few,
        explained & (sounds + looks < a.length()) & few,
        cut & (a.startswith(b) | b.startswith(a) | a.endswith(b) | b.endswith(a)),
        cut & (a.left(2) == b.left(2)) & (a.right(2) == b.right(2)),
        level & (a.substr(1) == b.substr(1)) & (a.length() >= 3),
        level & (other + sounds + looks == 1) & (a.length() >= 3),
    ]


def _one_place(look: Look) -> ir.BooleanValue:
    """Both live at one address, or one gives the group in which the other's house is."""
    a, b = look("residence_address")
    return ((a == b) | _inside(look, "residence_address")).fill_null(False)


def _inside(look: Look, column: str) -> ir.BooleanValue:
    """One address within the other; a town in front of a village may be left out."""
    (a, b), (town, its_town) = look(f"{column}_local"), look(f"{column}_town")
    one_town = (town == its_town) | (town == "") | (its_town == "")
    groups = a.contains("组") & b.contains("组")
    long = ibis.least(a.length(), b.length()) >= ibis.ifelse(
        groups, _SHORTEST_GROUP, _SHORTEST_PLACE
    )
    within = a.endswith(b) | b.endswith(a) | a.startswith(b) | b.startswith(a)
    return one_town & long & within


def _birth_dates(look: Look) -> Sequence[ir.BooleanValue]:
    a, b = look("birth_date")
    digits, its = a.replace("-", ""), b.replace("-", "")
    lunar = [
        earlier == later
        for moon in ("birth_date_from_lunar", "birth_date_from_leap")
        for earlier, later in ((look(moon)[0], b), (look(moon)[1], a))
    ]
    nominal, its_nominal = look("birth_date_from_nominal")
    lunar += [nominal.contains(b), its_nominal.contains(a)]
    year = digits.left(4) == its.left(4)
    swapped = (digits.substr(4, 2) == its.substr(6, 2)) & (digits.substr(6, 2) == its.substr(4, 2))
    first = digits.endswith("0101") | its.endswith("0101")
    first |= (digits.left(6) == its.left(6)) & (digits.endswith("01") | its.endswith("01"))
    return [
        a == b,
        ibis.or_(*(each.fill_null(False) for each in lunar)),
        year & swapped,
        year & first,
        digits.levenshtein(its) <= 1,
        year | dates_similar(a, b),
    ]


def _shows(masked: ir.StringValue, whole: ir.StringValue) -> ir.BooleanValue:
    """The visible digits of a masked number, at least eight, equal those of the other."""
    representative = masked.re_extract(r"^[^*]*", 0)
    tail = masked.re_extract(r"[^*]*$", 0)
    seen = (masked.length() == whole.length()) & (
        representative.length() + tail.length() >= _FEWEST_SEEN
    )
    return masked.contains("*") & seen & whole.startswith(representative) & whole.endswith(tail)


def _damaged_numbers(look: Look) -> Sequence[ir.BooleanValue]:
    """One digit wrong, missing or too many, two exchanged, the last three eaten up, or masked."""
    a, b = look("some_number")
    eaten = (a.endswith("000") | b.endswith("000")) & (a.left(15) == b.left(15))
    exchanged = [
        (a.left(n) == b.left(n))
        & (a.substr(n, 1) == b.substr(n + 1, 1))
        & (a.substr(n + 1, 1) == b.substr(n, 1))
        & (a.substr(n + 2) == b.substr(n + 2))
        for n in range(17)
    ]
    return [
        (a == b)
        | (a.levenshtein(b) <= 1)
        | eaten
        | ibis.or_(*exchanged)
        | _shows(a, b)
        | _shows(b, a),
        a.levenshtein(b) == 2,
    ]


def _addresses(column: str, crowds: bool = False) -> Judge:
    """The whole, one within the other, the same numbers in it, the same house, the same street.

    With ``crowds`` an address at which many live is a level of its own.
    """

    def judge(look: Look) -> Sequence[ir.BooleanValue]:
        a, b = look(column)
        numbers, its = look(f"{column}_numbers")
        street, its_street = look(f"{column}_street")
        house, its_house = look(f"{column}_house")
        same_street = street == its_street
        same_house = (house == its_house) & (numbers != "")
        whole, part = (
            a == b,
            _inside(look, column) | (same_street & (numbers == its) & (numbers != "")),
        )
        rest = [same_street & same_house, same_street | ((numbers == its) & numbers.contains(" "))]
        if not crowds:
            return [whole, part, *rest]
        crowd = look("crowded")[0]
        return [whole & ~crowd, part & ~crowd, whole | part, *rest]

    return judge


def _phones(column: str) -> Judge:
    def judge(look: Look) -> Sequence[ir.BooleanValue]:
        a, b = look(column)
        long = ibis.least(a.length(), b.length()) >= 7
        return [a == b, long & (a.endswith(b) | b.endswith(a)), a.levenshtein(b) <= 1]

    return judge


def _regions(column: str) -> Judge:
    def judge(look: Look) -> Sequence[ir.BooleanValue]:
        a, b = look(column)
        return [a == b, a.left(4) == b.left(4)]

    return judge


def _organizations(column: str) -> Judge:
    def judge(look: Look) -> Sequence[ir.BooleanValue]:
        a, b = look(column)
        return [a == b, organizations_similar(a, b)]

    return judge


def _ethnicities(look: Look) -> Sequence[ir.BooleanValue]:
    a, b = look("ethnicity_code")
    return [(a == b) & ~a.isin(["01", "1"]), a == b]


_OF_PERSONS: Sequence[Comparison] = (
    Comparison(
        "person_name",
        ("person_name",),
        (
            *("exact_rare", "exact", "exact_common", "lost_characters", "sounds_alike"),
            *("looks_alike", "cut_short", "abbreviated", "other_surname", "one_character", "other"),
        ),
        _person_names,
        sames=3,
    ),
    Comparison(
        "birth_date",
        ("birth_date",),
        ("same", "lunar", "swapped", "first_for_unknown", "one_digit", "similar", "other"),
        _birth_dates,
    ),
    Comparison("sex_code", ("sex_code",), ("same", "other"), _equal("sex_code")),
    Comparison(
        "ethnicity_code", ("ethnicity_code",), ("same_minority", "same", "other"), _ethnicities
    ),
    Comparison(
        "some_number", ("some_number",), ("damaged", "two_digits", "other"), _damaged_numbers
    ),
    Comparison("mobile", ("mobile",), ("same", "within", "one_digit", "other"), _phones("mobile")),
    Comparison(
        "residence_address",
        ("residence_address",),
        ("same", "same_numbers", "same_crowd", "same_house", "same_street", "other"),
        _addresses("residence_address", crowds=True),
    ),
    Comparison(
        "residence_region_code",
        ("residence_region_code",),
        ("same", "same_prefecture", "other"),
        _regions("residence_region_code"),
    ),
    Comparison(
        "employer_name", ("employer_name",), ("same", "similar", "other"),
        _organizations("employer_name"),
    ),
    Comparison(
        "school_name", ("school_name",), ("same", "similar", "other"), _organizations("school_name")
    ),
)  # fmt: skip


# ---- organizations ----

_SHORTEST_CORE = 4  # characters of a name without its form: a brand of two and an industry of two


def _organization_names(look: Look) -> Sequence[ir.BooleanValue]:
    a, b = look("organization_name")
    plain, its_plain = look("plain_name")
    former, its_former = look("former_name")
    brand, its_brand = look("organization_name_brand")
    industry, its_industry = look("organization_name_industry")
    same_brand = (brand == its_brand) & (brand.length() >= 2)
    renamed = [former == its_plain, plain == its_former, former == its_former]
    industry_fits = (industry == its_industry) | industry.isnull() | its_industry.isnull()
    core, its_core = look("core_name")
    long = ibis.least(core.length(), its_core.length()) >= _SHORTEST_CORE
    inside = long & (core.endswith(its_core) | its_core.endswith(core))
    moved = long & (core.length() == its_core.length()) & _same_characters(core, its_core)
    heard = look("name_other")[0] + look("name_lost")[0] == 0
    alike = long & (core.length() == its_core.length()) & heard
    return [
        (a == b) | (plain == its_plain),
        ibis.or_(*(each.fill_null(False) for each in renamed)),
        same_brand & industry_fits.fill_null(True),
        inside,
        moved,
        alike,
        organizations_similar(a, b),
        same_brand.fill_null(False) | (brand.contains(its_brand) | its_brand.contains(brand)),
    ]


def _same_characters(a: ir.StringValue, b: ir.StringValue) -> ir.BooleanValue:
    """The region in brackets behind the brand, or in front of it."""
    return a.split("").sort() == b.split("").sort()


def _persons_in_charge(look: Look) -> Sequence[ir.BooleanValue]:
    a, b = look("legal_representative_name")
    return [a == b, names_agree(a, b), (a.left(1) == b.left(1)) & (a.right(1) == b.right(1))]


def _founding_dates(look: Look) -> Sequence[ir.BooleanValue]:
    a, b = look("establishment_date")
    return [a == b, dates_similar(a, b), a.left(4) == b.left(4)]


def _registrations(look: Look) -> Sequence[ir.BooleanValue]:
    a, b = look("registration_number")
    return [a == b, a.levenshtein(b) <= 1]


_OF_ORGANIZATIONS: Sequence[Comparison] = (
    Comparison(
        "organization_name",
        ("organization_name",),
        (
            *("same", "former_name", "same_brand_and_industry", "within", "same_characters"),
            *("sounds_or_looks_alike", "similar", "same_brand", "other"),
        ),
        _organization_names,
        sames=2,
    ),
    Comparison(
        "organization_code",
        ("organization_code",),
        ("same", "one_digit", "other"),
        lambda look: [
            look("organization_code")[0] == look("organization_code")[1],
            look("organization_code")[0].levenshtein(look("organization_code")[1]) <= 1,
        ],
    ),
    Comparison(
        "registration_number", ("registration_number",), ("same", "one_digit", "other"),
        _registrations,
    ),
    Comparison(
        "legal_representative_name", ("legal_representative_name",),
        ("same", "lost_characters", "one_character", "other"), _persons_in_charge,
    ),
    Comparison(
        "legal_representative_citizen_id", ("legal_representative_citizen_id",), ("same", "other"),
        _equal("legal_representative_citizen_id"),
    ),
    Comparison(
        "establishment_date", ("establishment_date",), ("same", "similar", "same_year", "other"),
        _founding_dates,
    ),
    Comparison(
        "registered_address", ("registered_address",),
        ("same", "same_numbers", "same_house", "same_street", "other"),
        _addresses("registered_address"),
    ),
    Comparison(
        "phone", ("phone",), ("same", "within", "one_digit", "other"), _phones("phone")
    ),
    Comparison(
        "region_code", ("region_code",), ("same", "same_prefecture", "other"),
        _regions("region_code"),
    ),
)  # fmt: skip

# All that are offered; a library declares by name those that it takes (``identity.scores``).
COMPARISONS: Mapping[str, Comparison] = {
    each.name: each for each in (*_OF_PERSONS, *_OF_ORGANIZATIONS)
}


def comparisons_of(library: Library) -> Sequence[Comparison]:
    """The comparisons that the library declares, in its order; empty if it is not scored."""
    return [COMPARISONS[name] for name in library.identity.scores.comparisons]
