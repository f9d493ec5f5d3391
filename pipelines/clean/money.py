"""Amounts of money as registers write them: 1,000(万元人民币), 人民币500万元整, US$ 20万, 30.

The value is in units of its currency (元, not 万元) and is not converted: a rate would be an
invention. The currency travels beside it, as GB/T 12406 (ISO 4217) letters.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import TEXT_STEPS, is_placeholder, upper
from pipelines.clean.codes import spellings
from pipelines.clean.parsing.parser import Derive, Lookup, Parsed, Parser, Scratch

TYPE = "decimal(20, 2)"
# Digits before the point; TYPE has room for one more, which rounding up may need.
_WHOLE_DIGITS = 17
_UNITS = {"万亿": 12, "亿": 8, "千万": 7, "百万": 6, "十万": 5, "万": 4, "千": 3, "百": 2}
_UNIT = "(?:万亿|亿|千万|百万|十万|万|千|百)"
_AMOUNT = r"[0-9]+(?:\.[0-9]*)?"
_FILLING = "注册资本|注册资金|认缴|实缴|出资额?|开办资金|共计|合计|总额|[约整正:=]"


@cache
def money() -> Parser:
    """The parser of ``money``: exact, rounded half up to cents. Companion: ``currency_code``."""
    find = Lookup(
        on="currency",
        key="spelling",
        fields={"code": "code"},
        rows=_currencies,
        schema={"spelling": "string", "code": "string"},
    )
    steps = (
        *TEXT_STEPS,
        Derive(lambda s: {"plain": _plain(s.text)}),
        Derive(_split_amount),
        Derive(_split_unit),
        find,
        Derive(_judge),
    )
    return Parser(steps, _finish, TYPE, {"currency_code": "string"})


@cache
def _currencies() -> Mapping[str, Sequence[str]]:
    """The spellings of the currency table, each also with 元 behind it (人民币元, USD元)."""
    table = spellings("currency")
    code_of = dict(zip(table["spelling"], table["code"], strict=True))
    code_of |= {f"{word}元": code for word, code in code_of.items() if f"{word}元" not in code_of}
    return {"spelling": [*code_of], "code": [*code_of.values()]}


def _plain(s: ir.StringValue) -> ir.StringValue:
    """Upper case without brackets, blanks, thousands separators and filling words."""
    bare = s.re_replace("[(){}<> 【】〔〕,，_]|\\[|\\]", "")
    simple = bare.translate("萬億圓圆仟佰拾", "万亿元元千百十")
    return upper(simple.re_replace(_FILLING, ""))


def _split_amount(s: Scratch) -> Mapping[str, ir.Value]:
    amount = s.plain.re_extract(_AMOUNT, 0)
    return {"amount": amount, "words": s.plain.replace(amount, "")}


def _split_unit(s: Scratch) -> Mapping[str, ir.Value]:
    """``currency`` is what is left without the unit, less a leading 元: 人民币 of 万元人民币."""
    unit = s.words.re_extract(_UNIT, 0)
    power = ibis.cases(*((unit == word, power) for word, power in _UNITS.items()), else_=0)
    left = s.words.re_replace(_UNIT, "")
    currency = ibis.ifelse(left.re_search("^元."), left.substr(1), left)
    fraction = s.amount.re_extract(r"\.([0-9]*)", 1) + "0" * 12
    whole = s.amount.re_extract("^[0-9]*", 0) + fraction.left(power)
    # A third digit behind the point decides about rounding half up; more cannot change it.
    return {
        "unit": unit,
        "currency": currency,
        "whole": whole.re_replace("^0+", ""),
        "fraction": fraction.substr(power, 3),
    }


def _judge(s: Scratch) -> Mapping[str, ir.Value]:
    given = s.text != ""
    zero = s.plain.re_search(r"^0+(?:\.0*)?$")
    placeholder = is_placeholder(s.text) | zero
    number = given & ~placeholder & (s.amount != "")
    # A second number, a sign or an exponent is left among the words.
    odd = s.words.re_search("[0-9.+-]")
    bare = (s.unit == "") & (s.currency == "")
    return {
        "placeholder": given & placeholder,
        "form": given & ~placeholder & ((s.amount == "") | odd),
        "unit_missing": number & ~odd & bare,
        "unknown_currency": number & ~odd & (s.currency != "") & s.code.isnull(),
        "too_large": number & ~odd & (s.whole.length() > _WHOLE_DIGITS),
        "assumed": number & (s.unit != "") & (s.currency == ""),
    }


def _finish(s: Scratch) -> Parsed:
    errors = {
        "PLACEHOLDER": s.placeholder,
        "MONEY_FORM": s.form,
        "UNIT_MISSING": s.unit_missing,
        "UNKNOWN_CURRENCY": s.unknown_currency,
        "MONEY_TOO_LARGE": s.too_large,
    }
    usable = (s.text != "") & ~ibis.or_(*errors.values())
    amount = ibis.literal("0") + s.whole + "." + s.fraction
    currency = ibis.ifelse(s.currency == "", "CNY", s.code)
    return Parsed(
        ibis.ifelse(usable, amount, None).cast(TYPE),
        errors | {"ASSUMED_CNY": usable & s.assumed},
        {"currency_code": ibis.ifelse(usable, currency, None)},
    )
