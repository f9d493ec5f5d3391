"""Addresses and telephone numbers.

A number's clean form is 13800138000 for a mobile, 0571-87654321-8001 (area, number, extension) for
a landline and 400-123-4567 for a service number: 电信网编号计划 (2017). An address is not rewritten
beyond its characters; where it begins with regions, they are also given apart.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.characters import TEXT_STEPS, is_placeholder, upper
from pipelines.clean.names.persons import HAN, LOST
from pipelines.clean.parsing.parser import Derive, Parsed, Parser, PlainForm, Scratch
from pipelines.clean.places import region_names

# ---- address ----

_SHORTEST_ADDRESS = 5
_ELSEWHERE = (
    "^(?:同上|同左|同前|同户籍地?(?:址|地址)?|同现住址|同住址|同注册地址|本[市县区镇乡村地]|外[地省市县]|[省市]内|详见.*|见.*簿"
    "|户口本地址|家庭住址|地址|住址|住所|国内|中国)$"
)
_HALF, _FULL = "(),;:!", "（），；：！"
_DASHES = "‐‑‒–—―─━−－"
# Zones are no county, and addresses in them name no county either.
_ZONE = f"[{HAN}]{{0,8}}(?:(?:经济技术|高新技术产业|经济)?开发区|高?新区|工业园区|保税区)"


@cache
def address() -> Parser:
    """The parser of ``address``.

    Companions: ``province``, ``city``, ``county`` where the address begins with them, as written,
    and ``detail``, the rest; all NULL without a usable address.
    """
    steps = (
        *TEXT_STEPS,
        Derive(lambda s: {"address": _write_address(s.text)}),
        Derive(_find_province),
        Derive(_take_province),
        Derive(_find_city),
        Derive(_take_city),
        Derive(_find_county),
        Derive(_take_county),
    )
    companions = dict.fromkeys(("province", "city", "county", "detail"), "string")
    return Parser(steps, _finish_address, "string", companions, words=True)


def _write_address(s: ir.StringValue) -> ir.StringValue:
    """Full-width punctuation, plain hyphens; no blanks except between two Latin words."""
    lost = LOST.replace("_", "")
    # By its characters: their punctuation is full-width now and half-width when seen again.
    chinese = s.re_search(f"[{HAN}]")
    closed = ibis.ifelse(s.re_search("[A-Za-z0-9.] [A-Za-z]"), s, s.replace(" ", ""))
    written = closed.re_replace(lost, "?").translate(_HALF + _DASHES, _FULL + "-" * len(_DASHES))
    return ibis.cases(
        (
            chinese & s.re_search(f"[-(),;:?! {_DASHES}]|{LOST}"),
            written.re_replace("^[-，；：、.]+|[-，；：、.]+$", ""),
        ),
        (s.re_search(lost), s.re_replace(lost, "?")),
        else_=s,
    )


# Every look for a region is a step of its own: its pattern is long and must not be written twice.


def _find_province(s: Scratch) -> Mapping[str, ir.Value]:
    return {"maybe_province": s.address.re_extract(f"^(?:中国)?(?:{region_names.province()})", 0)}


def _take_province(s: Scratch) -> Mapping[str, ir.Value]:
    """Not 吉林 of 吉林市 and not 海南 of 海南县."""
    found = s.maybe_province
    province = ibis.ifelse(_goes_on(found, s.address.substr(found.length(), 1)), "", found)
    return {"province": province, "below": s.address.substr(province.length())}


def _find_city(s: Scratch) -> Mapping[str, ir.Value]:
    return {"maybe_city": s.below.re_extract(f"^(?:{region_names.city()})", 0)}


def _take_city(s: Scratch) -> Mapping[str, ir.Value]:
    """Without 市辖区, which stands between city and district in many systems and names nothing."""
    found = s.maybe_city
    city = ibis.ifelse(_goes_on(found, s.below.substr(found.length(), 1)), "", found)
    return {"city": city, "rest": s.below.substr(city.length()).re_replace("^市辖区", "")}


def _find_county(s: Scratch) -> Mapping[str, ir.Value]:
    return {"known_county": s.rest.re_extract(f"^(?:{region_names.county()})", 0)}


def _take_county(s: Scratch) -> Mapping[str, ir.Value]:
    somewhere = (s.province != "") | (s.city != "")
    zone = ibis.ifelse(somewhere & (s.known_county == ""), s.rest.re_extract(f"^{_ZONE}", 0), "")
    county = ibis.ifelse(s.known_county == "", zone, s.known_county)
    return {"county": county, "detail": s.rest.substr(county.length())}


def _goes_on(found: ir.StringValue, kind: ir.StringValue) -> ir.BooleanValue:
    """A short form with 市, 县 or 区 behind it is the name of another region."""
    return ~found.re_search("[省市县区旗州盟]$") & kind.isin(["市", "县", "区"])


def _finish_address(s: Scratch) -> Parsed:
    placeholder = (s.text != "") & (is_placeholder(s.text) | s.address.re_search(_ELSEWHERE))
    usable = (s.address != "") & ~placeholder
    short = (s.address.length() < _SHORTEST_ADDRESS) | (s.detail == "")
    parts = {name: getattr(s, name) for name in ("province", "city", "county", "detail")}
    return Parsed(
        ibis.ifelse(usable, s.address, None),
        {
            "PLACEHOLDER": placeholder,
            "ADDRESS_INCOMPLETE": usable & short,
            "LOST_CHARACTER": usable & s.address.contains("?"),
        },
        {name: ibis.ifelse(usable, part.nullif(""), None) for name, part in parts.items()},
    )


# ---- telephone ----

_MOBILE = "^1[3-9][0-9]{9}$"
_AREA = "(?:010|02[0-9]|0[3-9][0-9]{2})"
_LANDLINE = f"^{_AREA}-?[2-9][0-9]{{6,7}}(?:-[0-9]{{1,6}})?$"
_LOCAL = "^[2-9][0-9]{6,7}(?:-[0-9]{1,6})?$"
_SERVICE = "^(?:400|800)-?[0-9]{3}-?[0-9]{4}$"
_SHORT_SERVICE = "^(?:1[0-2][0-9]{1,4}|9[56][0-9]{3,6})$"
_SPLIT = "[/、,;|\\\\]|或|和"
# Nobody is given these; forms are.
_INVENTED = (
    "^(?:" + "|".join(f"{digit}{{6,}}" for digit in range(10)) + "|[01])$"
    "|^1[3-9][0-9](?:0{8}|1{8})$|^(?:13800138000|12345678[0-9]{0,4}|1234567)$"
)


@cache
def mobile() -> Parser:
    """The parser of ``mobile``: 11 digits. Companion: ``other``, further numbers of the field."""
    steps, plain = (*TEXT_STEPS, *_NUMBER_STEPS), PlainForm(_is_plain_mobile)
    return Parser(steps, _finish_mobile, "string", {"other": "string"}, plain)


@cache
def phone() -> Parser:
    """The parser of ``phone``, landline or mobile. Companion: ``other``, further numbers."""
    steps, plain = (*TEXT_STEPS, *_NUMBER_STEPS), PlainForm(_is_plain_phone)
    return Parser(steps, _finish_phone, "string", {"other": "string"}, plain)


def _is_plain_mobile(text: ir.StringValue, _as_of: date) -> ir.BooleanValue:
    """13912345678, and none of those that only forms are given."""
    return text.re_search(rf"{_MOBILE[:-1]}\z") & ~text.re_search(_INVENTED)


def _is_plain_phone(text: ir.StringValue, as_of: date) -> ir.BooleanValue:
    """A mobile number, or area and number with a hyphen between them."""
    return _is_plain_mobile(text, as_of) | text.re_search(rf"^{_AREA}-[2-9][0-9]{{6,7}}\z")


def _split_numbers(s: Scratch) -> Mapping[str, ir.Value]:
    """The first number of the field, its parts between hyphens; and what follows."""
    one_way = s.text.re_replace("[－‐‑‒–—―─−()（）.]", "-")
    extension = upper(one_way).re_replace(" *-* *(?:转接?|分机号?|EXT[.:]?|X)[-: ]*", "-")
    # Two numbers with nothing but a blank between them.
    separated = ibis.ifelse(
        extension.re_search("[0-9]{7} +[+01]"), extension.replace(" ", "/"), extension
    )
    number = separated.re_replace(f"(?:{_SPLIT}).*$", "")
    return {
        "first": number.re_replace("[ 　]", "").re_replace("-+", "-").re_replace("^-|-$", ""),
        "other": ibis.ifelse(
            separated.re_search(_SPLIT), separated.substr(number.length() + 1).strip(), ""
        ).nullif(""),
    }


def _strip_prefixes(s: Scratch) -> Mapping[str, ir.Value]:
    """Without +86; a landline gets back the 0 that foreigners leave out."""
    abroad = s.first.re_search("^(?:[+]|00)86")
    national = s.first.re_replace("^(?:[+]|00)86-?", "")
    national = ibis.ifelse(
        national.re_search("^86-?1[3-9][0-9-]{9,}$"), national.re_replace("^86-?", ""), national
    )
    digits = national.replace("-", "")
    mobile = digits.re_search("^0?1[3-9][0-9]{9}$")
    without_zero = (
        abroad & ~digits.startswith("0") & digits.re_search("^[1-9][0-9]{8,10}$") & ~mobile
    )
    return {
        "digits": ibis.ifelse(mobile, digits.right(11), digits),
        "national": ibis.ifelse(without_zero, ibis.literal("0") + national, national),
    }


def _classify_number(s: Scratch) -> Mapping[str, ir.Value]:
    written = ibis.ifelse(
        s.national.re_search(f"{_LANDLINE}|{_LOCAL}|{_SERVICE}"), s.national, s.digits
    )
    given = s.text != ""
    nothing = is_placeholder(s.text) | s.digits.re_search(_INVENTED)
    return {
        "written": written,
        "is_mobile": s.digits.re_search(_MOBILE),
        "is_landline": written.re_search(f"{_LANDLINE}|{_LOCAL}"),
        "is_service": written.re_search(f"{_SERVICE}|{_SHORT_SERVICE}"),
        "placeholder": given & nothing & ~s.text.contains("*"),
        "masked": given & s.text.re_search("[*＊]"),
        "letters": given & s.digits.re_search("[^0-9]"),
    }


_NUMBER_STEPS = (Derive(_split_numbers), Derive(_strip_prefixes), Derive(_classify_number))


def _finish_mobile(s: Scratch) -> Parsed:
    rest = (s.text != "") & ~s.placeholder & ~s.masked
    usable = rest & s.is_mobile
    landline = rest & ~s.is_mobile & s.is_landline & (s.digits.length() >= 7)
    wrong = rest & ~s.is_mobile & ~landline
    length = s.digits.length() != 11
    return Parsed(
        ibis.ifelse(usable, s.digits, None),
        {
            "PLACEHOLDER": s.placeholder,
            "MASKED": s.masked,
            "LANDLINE_IN_MOBILE": landline,
            "CHARSET": wrong & s.letters,
            "LENGTH": wrong & ~s.letters & length,
            "PHONE_FORM": wrong & ~s.letters & ~length,
            "SEVERAL_NUMBERS": usable & s.other.notnull(),
            "NORMALISED": usable & s.other.isnull() & (s.digits != s.raw),
        },
        {"other": ibis.ifelse(usable, s.other, None)},
    )


def _finish_phone(s: Scratch) -> Parsed:
    rest = (s.text != "") & ~s.placeholder & ~s.masked
    usable = rest & (s.is_mobile | s.is_landline | s.is_service)
    value = ibis.ifelse(s.is_mobile, s.digits, _write_landline(s.written))
    local = usable & ~s.is_mobile & s.written.re_search(_LOCAL)
    return Parsed(
        ibis.ifelse(usable, value, None),
        {
            "PLACEHOLDER": s.placeholder,
            "MASKED": s.masked,
            "PHONE_FORM": rest & ~usable,
            "SEVERAL_NUMBERS": usable & s.other.notnull(),
            "NO_AREA_CODE": local,
        },
        {"other": ibis.ifelse(usable, s.other, None)},
    )


def _write_landline(written: ir.StringValue) -> ir.StringValue:
    """Area-number-extension; 400-123-4567."""
    area = written.re_extract(f"^{_AREA}", 0)
    rest = written.substr(area.length()).re_replace("^-", "")
    bare = written.replace("-", "")
    return ibis.cases(
        (written.re_search(_SERVICE), bare.left(3) + "-" + bare.substr(3, 3) + "-" + bare.right(4)),
        ((area != "") & written.re_search(_LANDLINE), area + "-" + rest),
        else_=written,
    )
