"""How two values that stand behind masks differ: 年同、月日不同；末两位颠倒；差一位；街道不同.

Said by the values themselves and shown without them. What is said must not give away more of a
value than its mask: which kind of difference it is, and of dates which part, never what stands
there. Expressions of the engine, for the values leave it masked only; and short ones, for a part
that is used twice stands in the statement twice.
"""

from collections.abc import Mapping
from typing import Final

import ibis
import ibis.expr.types as ir

from pipelines.standards.code_tables import load_ancestors
from pipelines.standards.rules import Language

WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "swapped": {"zh": "月日颠倒", "en": "day and month are exchanged"},
    "same_month": {"zh": "年月同、日不同", "en": "same year and month, other day"},
    "same_year_day": {"zh": "年日同、月不同", "en": "same year and day, other month"},
    "same_year": {"zh": "年同、月日不同", "en": "same year, other month and day"},
    "same_day": {"zh": "月日同、年不同", "en": "same month and day, other year"},
    "other_date": {"zh": "年、月日均不同", "en": "another year, month or day"},
    "last_two_swapped": {"zh": "末两位颠倒", "en": "the last two characters are exchanged"},
    "two_swapped": {"zh": "相邻两位颠倒", "en": "two neighbouring characters are exchanged"},
    "one_place": {"zh": "差一位", "en": "one character differs"},
    "two_places": {"zh": "差两位", "en": "two characters differ"},
    "one_missing": {"zh": "少一位", "en": "one character is missing"},
    "other_length": {"zh": "位数不同", "en": "another number of characters"},
    "other_number": {"zh": "多位不同", "en": "many characters differ"},
    "other_township": {"zh": "街道（乡镇）不同", "en": "another township"},
    "same_township": {"zh": "街道（乡镇）同、门牌等不同", "en": "same township, other house"},
    "other_address": {"zh": "地址不同", "en": "another address"},
    "same_characters": {"zh": "用字相同、次序不同", "en": "same characters in another order"},
    "one_letter": {"zh": "差一个字", "en": "one character differs"},
    "same_surname": {"zh": "首字同、其余不同", "en": "same first character, others differ"},
    "other_text": {"zh": "文字不同", "en": "another text"},
    "other_class": {"zh": "大类不同", "en": "another main class"},
    "same_class": {"zh": "大类相同、细类不同", "en": "same main class, another class in it"},
    "other_code": {"zh": "代码不同", "en": "another code"},
    "only_here": {"zh": "只有本部门有值", "en": "only here is a value"},
    "only_there": {"zh": "只有对方有值", "en": "only there is a value"},
}
Words = Mapping[str, str]
_DATE = r"^[0-9]{4}(?:-[0-9]{2}-[0-9]{2}|[0-9]{4})$"
_NUMBER = r"^[0-9A-Za-z\-]{6,}$"
_ADDRESS = r"^.{6,}(?:路|街|巷|道|村|号|镇|乡|区|楼|室)"
_WORD = r"^[^\x00-\x7F]"  # 1月 and 1990-03-07 have nothing in common
_NAME = 6  # characters among which one that differs is looked for
_TOWNSHIP = r"[^省市区县0-9]{1,12}?(?:街道|镇|乡|苏木)"


def how_they_differ(
    mine: ir.StringValue, theirs: ir.StringValue, language: Language = "zh"
) -> ir.StringValue:
    """In words; NULL where both are the same, or nothing."""
    w = {key: each[language] for key, each in WORDS.items()}
    a, b = mine, theirs
    nothing_here, nothing_there = ((each.strip() == "").fill_null(True) for each in (a, b))
    return ibis.cases(
        (nothing_here & nothing_there, ibis.null("string")),
        (nothing_there, w["only_here"]),
        (nothing_here, w["only_there"]),
        (a == b, ibis.null("string")),
        (a.re_search(_DATE) & b.re_search(_DATE), _of_dates(a, b, w)),
        (a.re_search(_NUMBER) & b.re_search(_NUMBER), _of_numbers(a, b, w)),
        (a.re_search(_ADDRESS) & b.re_search(_ADDRESS), _of_addresses(a, b, w)),
        else_=_of_texts(a, b, w),
    )


def how_codes_differ(
    mine: ir.StringValue, theirs: ir.StringValue, table: str, language: Language = "zh"
) -> ir.StringValue:
    """The same of two codes of a table, which are equal or not: 10 and 20 are no slip of a digit.

    Of a table whose codes have parents, whether both belong to one main class.
    """
    w = {key: each[language] for key, each in WORDS.items()}
    roots = {code: chain[-1] for code, chain in load_ancestors(table).items()}
    other: ir.StringValue = ibis.literal(w["other_code"])
    if roots:
        a, b = (each.substitute(roots) for each in (mine, theirs))
        other = ibis.ifelse(a == b, w["same_class"], w["other_class"])
    nothing_here, nothing_there = ((v.strip() == "").fill_null(True) for v in (mine, theirs))
    return ibis.cases(
        (nothing_here & nothing_there, ibis.null("string")),
        (nothing_there, w["only_here"]),
        (nothing_here, w["only_there"]),
        (mine == theirs, ibis.null("string")),
        else_=other,
    )


@ibis.udf.scalar.builtin(name="hamming")  # type: ignore[untyped-decorator]
def _places_that_differ(a: str, b: str) -> int:  # type: ignore[empty-body]
    """How many characters differ of two ASCII texts of one length."""


@ibis.udf.scalar.builtin(name="damerau_levenshtein")  # type: ignore[untyped-decorator]
def _slips(a: str, b: str) -> int:  # type: ignore[empty-body]
    """How many characters were lost, added or exchanged, or neighbours swapped, in ASCII texts."""


def _of_dates(a: ir.StringValue, b: ir.StringValue, w: Words) -> ir.StringValue:
    a, b = a.replace("-", ""), b.replace("-", "")
    year, month, day = (a.substr(*part) == b.substr(*part) for part in ((0, 4), (4, 2), (6, 2)))
    swapped = (a.substr(4, 2) == b.substr(6, 2)) & (a.substr(6, 2) == b.substr(4, 2))
    return ibis.cases(
        (a == b, ibis.null("string")),
        (year & swapped, w["swapped"]),
        (year & month, w["same_month"]),
        (year & day, w["same_year_day"]),
        (year, w["same_year"]),
        (month & day, w["same_day"]),
        else_=w["other_date"],
    )


def _of_numbers(a: ir.StringValue, b: ir.StringValue, w: Words) -> ir.StringValue:
    count, slips = _places_that_differ(a, b), _slips(a, b)
    but_two = a.length() - 2
    return ibis.cases(
        ((a.length() != b.length()) & (slips == 1), w["one_missing"]),
        (a.length() != b.length(), w["other_length"]),
        (count == 1, w["one_place"]),
        ((slips == 1) & (a.left(but_two) == b.left(but_two)), w["last_two_swapped"]),
        (slips == 1, w["two_swapped"]),
        (count == 2, w["two_places"]),
        else_=w["other_number"],
    )


def _of_addresses(a: ir.StringValue, b: ir.StringValue, w: Words) -> ir.StringValue:
    here, there = a.re_extract(_TOWNSHIP, 0), b.re_extract(_TOWNSHIP, 0)
    return ibis.cases(
        ((here == "") | (there == ""), w["other_address"]),
        (here == there, w["same_township"]),
        else_=w["other_township"],
    )


def _of_texts(a: ir.StringValue, b: ir.StringValue, w: Words) -> ir.StringValue:
    same_length = (a.length() == b.length()) & (a.length() > 1)
    one = [(a.left(n) == b.left(n)) & (a.substr(n + 1) == b.substr(n + 1)) for n in range(_NAME)]
    return ibis.cases(
        (same_length & (a.split("").sort() == b.split("").sort()), w["same_characters"]),
        (same_length & ibis.or_(*one), w["one_letter"]),
        (a.re_search(_WORD) & (a.length() > 1) & (a.left(1) == b.left(1)), w["same_surname"]),
        else_=w["other_text"],
    )
