"""Clean every value with an ordinary Python function: text in, clean text or None out.

What cannot be used becomes None and nobody hears of it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial

import pandas as pd

from pipelines.contracts.source import Source
from pipelines.standards.code_tables import load_code_table

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
_ID_SIGNS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714
_PLACEHOLDERS = {"", "无", "不详", "未知", "-", "--", "/", "暂无", "NULL", "null", "None"}
_DATES = (
    "%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日",
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S",
)  # fmt: skip
_EXCEL_DAY_ZERO = date(1899, 12, 30).toordinal()
_MONEY = re.compile(r"([\d,]+(?:\.\d+)?)\s*(亿|万|千)?")
_UNITS = {"亿": 1e8, "万": 1e4, "千": 1e3, None: 1.0}
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")
_PHONE = re.compile(r"\d{3,4}-?\d{7,8}(?:-\d+)?|1[3-9]\d{9}|\d{7,8}|[48]00\d{7}")

Cleaner = Callable[[str], str | float | None]


def clean(source: Source, frame: pd.DataFrame) -> pd.DataFrame:
    """Every column by its element, and the latest version of every record."""
    for column in source.columns:
        frame[column.name] = frame[column.name].map(_CLEANERS.get(column.element, text))
    keys = [column.name for column in source.key_columns]
    frame["source_key"] = frame[keys].fillna("").agg("|".join, axis="columns")
    if source.changed_at:
        frame = frame.sort_values(source.changed_at, na_position="first")
    frame["source"], frame["department"] = source.name, source.department
    return frame[frame["source_key"] != ""].drop_duplicates("source_key", keep="last")


def text(value: str) -> str | None:
    """Normal form, one space at a time."""
    plain = " ".join(unicodedata.normalize("NFKC", value).split())
    return None if plain in _PLACEHOLDERS else plain


def code(value: str) -> str | None:
    """Text in capitals without spaces and hyphens."""
    plain = text(value)
    return plain.replace(" ", "").replace("-", "").upper() if plain else None


def citizen_id(value: str) -> str | None:
    """18 characters with the right check digit; 15 are made 18."""
    plain = code(value)
    if plain and len(plain) == 15 and plain.isdecimal():
        plain = f"{plain[:6]}19{plain[6:]}"
        plain += _id_sign(plain)
    if not plain or len(plain) != 18 or not plain[:17].isdecimal():
        return None
    return plain if _id_sign(plain) == plain[17] and day(plain[6:14]) else None


def _id_sign(digits: str) -> str:
    return _ID_SIGNS[sum(int(d) * w for d, w in zip(digits, _ID_WEIGHTS, strict=False)) % 11]


def uscc(value: str) -> str | None:
    """18 characters with the right check character."""
    plain = code(value)
    if not plain or len(plain) != 18:
        return None
    try:
        values = [_USCC_ALPHABET.index(sign) for sign in plain]
    except ValueError:
        return None
    total = sum(v * w for v, w in zip(values, _USCC_WEIGHTS, strict=False))
    return plain if (31 - total % 31) % 31 == values[17] else None


def organization_code(value: str) -> str | None:
    """9 characters with the right check character."""
    plain = code(value)
    if not plain or len(plain) != 9 or not plain.isalnum() or not plain.isascii():
        return None
    total = sum(int(s, 36) * w for s, w in zip(plain, _ORGANIZATION_WEIGHTS, strict=False))
    return plain if "0123456789X0"[(11 - total % 11) % 11] == plain[8] else None


def registration_number(value: str) -> str | None:
    """15 digits with the right check digit, MOD 11,10; 13 as they are."""
    plain = code(value)
    if not plain or not plain.isdecimal() or len(plain) not in (13, 15):
        return None
    rest = 10
    for digit in plain[:14] if len(plain) == 15 else "":
        rest = ((rest + int(digit)) % 10 or 10) * 2 % 11
    return plain if len(plain) == 13 or (rest + int(plain[14])) % 10 == 1 else None


def holder_code(value: str) -> str | None:
    """A citizen id or a USCC."""
    return citizen_id(value) or uscc(value)


def person_name(value: str) -> str | None:
    """Without spaces, with one form of the middle dot."""
    plain = text(value)
    return re.sub(r"[.•・‧∙⋅]", "·", plain.replace(" ", "")) if plain else None


def organization_name(value: str) -> str | None:
    """Without spaces, with Chinese brackets."""
    plain = text(value)
    return plain.replace(" ", "").replace("(", "（").replace(")", "）") if plain else None


def day(value: str) -> str | None:
    """An ISO date of the years that anybody alive or dead here can have."""
    plain = text(value)
    if not plain:
        return None
    if plain.isdecimal() and len(plain) == 5:
        return date.fromordinal(_EXCEL_DAY_ZERO + int(plain)).isoformat()
    for form in _DATES:
        try:
            found = datetime.strptime(plain, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        return found.isoformat() if 1880 < found.year <= 2100 else None
    return None


def moment(value: str) -> str | None:
    """An ISO timestamp, midnight where there is a date only."""
    plain = text(value)
    try:
        return datetime.fromisoformat(plain).isoformat() if plain else None
    except ValueError:
        return day(plain or "")


def money(value: str) -> float | None:
    """An amount in units of one."""
    plain = text(value)
    found = _MONEY.search(plain) if plain else None
    return float(found[1].replace(",", "") or 0) * _UNITS[found[2]] if found else None


def mobile(value: str) -> str | None:
    """11 digits."""
    plain = code(value)
    found = _MOBILE.fullmatch(plain) if plain else None
    return found[1] if found and len(set(found[1])) > 2 else None


def phone(value: str) -> str | None:
    """A mobile or a fixed line."""
    plain = text(value)
    found = _PHONE.search(plain.replace(" ", "")) if plain else None
    return found[0] if found else None


def region_code(value: str) -> str | None:
    """6 digits of 6 or more."""
    plain = code(value)
    return plain[:6] if plain and plain.isdecimal() and len(plain) in (6, 9, 12) else None


def _spellings(table: str) -> dict[str, str]:
    columns = load_code_table(table)
    rows = zip(columns["code"], columns["name"], columns["also"], strict=True)
    return {
        spelling.upper(): code
        for code, name, also in rows
        for spelling in (code, name, *also.split("|"))
    }


def _look_up(spellings: Mapping[str, str], value: str) -> str | None:
    return spellings.get(code(value) or "")


_CODE_TABLES = {
    "sex_code": "sex", "ethnicity_code": "ethnicity", "marital_code": "marital",
    "entity_status": "entity_status", "license_status": "license_status",
    "holder_type": "holder_type",
}  # fmt: skip
_CLEANERS: Mapping[str | None, Cleaner] = {
    "citizen_id": citizen_id, "uscc": uscc, "organization_code": organization_code,
    "registration_number": registration_number, "license_identifier": code,
    "holder_code": holder_code, "person_name": person_name, "organization_name": organization_name,
    "birth_date": day, "date": day, "timestamp": moment, "money": money, "mobile": mobile,
    "phone": phone, "region_code": region_code, "industry_code": code,
    **{name: partial(_look_up, _spellings(table)) for name, table in _CODE_TABLES.items()},
}  # fmt: skip
