"""Variant notations and misspellings of one text: one text in, one text out."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta

from pipelines.demo.world.names import RARE
from pipelines.demo.world.places import COUNTIES
from pipelines.demo.world.words import word_list

_DATE = re.compile(r"(\d{4})\D?(\d{2})\D?(\d{2})")
_AMOUNT = re.compile(r"\d+(?:\.\d+)?")
DATE_FORMS = (
    "{y:04}-{m:02}-{d:02}",
    "{y}/{m}/{d}",
    "{y}.{m:02}.{d:02}",
    "{y}年{m}月{d}日",
    "{y:04}{m:02}{d:02}",
    "{y:04}-{m:02}-{d:02} 00:00:00",
    "{y}-{m}-{d}",
)
# {ten} is the amount in 万元
MONEY_FORMS = (
    "{ten}万元",
    "{ten}万人民币",
    "人民币{ten}万元",
    "{ten}万元人民币",
    "{ten}(万元)",
    "{ten}（万人民币元）",
    "{ten:.6f}万人民币",
    "￥{yuan}",
    "{yuan}元",
    "{yuan:,}元",
    "{ten:,}万元",
    "人民币{yuan}.00元",
)
_HOMOPHONES = str.maketrans(
    {pair[here]: pair[1 - here] for pair in word_list("homophones") for here in (0, 1)}
)
_TRADITIONAL = str.maketrans({pair[0]: pair[1] for pair in word_list("traditional")})
_BRACKETS = str.maketrans("（）", "()")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_SYNONYMS: Mapping[str, str] = {
    "存续": "在营（开业）企业",
    "存续（在营、开业、在册）": "开业",
    "正常": "存续",
    "开业": "在业",
    "1": "正常",
    "参保": "存续",
    "注销": "已注销",
    "吊销": "吊销,未注销",
}
_SEXES = {
    "1": "2",
    "2": "1",
    "男": "女",
    "女": "男",
    "男性": "女性",
    "女性": "男性",
    "M": "F",
    "F": "M",
}
_FORMER = {str(county.code): str(county.former_code) for county in COUNTIES}


def full_width(text: str) -> str:
    """ASCII as full-width signs."""
    return text.translate(_WIDE)


def half_width_brackets(text: str) -> str:
    """Full-width brackets as ASCII ones."""
    return text.translate(_BRACKETS)


def scientific(text: str) -> str:
    """A long number as a spreadsheet shows it, 1.30602E+17; others stay."""
    digits = text.replace("X", "0")
    if not digits.isdigit() or len(digits) < 12:
        return text
    return f"{digits[0]}.{digits[1:6]}E+{len(digits) - 1}"


def lose_rare(text: str, sign: str) -> str:
    """Rare characters replaced by a sign."""
    return "".join(sign if character in RARE else character for character in text)


def homophone(text: str) -> str:
    """The last character that has a homophone in the table, replaced by it."""
    for place in range(len(text) - 1, -1, -1):
        other = text[place].translate(_HOMOPHONES)
        if other != text[place]:
            return text[:place] + other + text[place + 1 :]
    return text


def traditional(text: str) -> str:
    """Traditional characters for simplified ones."""
    return text.translate(_TRADITIONAL)


def other_sex(text: str) -> str:
    """The other sex in the same notation."""
    return _SEXES.get(text, text)


def short_ethnicity(text: str) -> str:
    """1 for 01, 汉 for 汉族."""
    return text.lstrip("0") if text.isdigit() else text.removesuffix("族")


def former_region(text: str) -> str:
    """The code that the county had before."""
    return _FORMER.get(text, text)


def status_synonym(text: str) -> str:
    """Another word for the same state."""
    return _SYNONYMS.get(text, text)


def read_date(text: str) -> date | None:
    """The date in a text with year, month and day in full, else None."""
    found = _DATE.match(unicodedata.normalize("NFKC", text))
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None


def rewrite_date(text: str, form: str) -> str:
    """The date in another form; a text without a date stays."""
    day = read_date(text)
    return form.format(y=day.year, m=day.month, d=day.day) if day else text


def excel_serial(text: str) -> str:
    """The date as a spreadsheet's serial number (1900 system)."""
    day = read_date(text)
    return str((day - date(1899, 12, 30)).days) if day else text


def shift_date(text: str, days: int) -> str:
    """The date some days later, in compact or dashed form as it was."""
    day = read_date(text)
    if not day:
        return text
    return (day + timedelta(days=days)).strftime("%Y-%m-%d" if "-" in text else "%Y%m%d")


def with_day(text: str, month_and_day: str) -> str:
    """The date with another month and day, possible or not."""
    found = _DATE.match(text)
    if not found:
        return text
    sign = "-" if "-" in text else ""
    return sign.join([found[1], month_and_day[:2], month_and_day[2:]])


def with_year(text: str, year: int) -> str:
    """The date in another year."""
    return str(year) + text[4:] if read_date(text) else text


def rewrite_money(text: str, form: str) -> str:
    """An amount that is written in 万元, in another form."""
    found = _AMOUNT.search(text)
    if not found:
        return text
    ten = float(found[0])
    plain = int(ten) if ten.is_integer() else ten
    return form.format(ten=plain, yuan=round(ten * 10_000))


def nonconforming_identifier(text: str) -> str:
    """A licence identifier with the check sign of the published wrong variant."""
    head, _, _ = text.rpartition(".")
    return f"{head}.{_variant_check(''.join(head.split('.')[5:]))}"


def _variant_check(joined: str) -> str:
    """A = 11 … Z = 36, and sums are reduced modulo 37 after a letter (domain.md 5.2, trap 4)."""
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    product = 36
    for sign in joined:
        modulus = 37 if sign.isalpha() else 36
        total = product + signs.index(sign) + (1 if sign.isalpha() else 0)
        reduced = total % modulus if total > modulus else total
        product = (reduced % 36 or 36) * 2 % 37
    return signs[(36 - product) % 36]


def read_plain_date(text: str) -> date | None:
    """The date of a text that is nothing but YYYY-MM-DD and possible, else None."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
