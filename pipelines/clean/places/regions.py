"""Region code (行政区划代码, GB/T 2260), judged against a timeline, not against today's list.

A code is kept as it was true at the time of the data; the companion ``current`` says which code is
in force for the same place today.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import written_form
from pipelines.clean.parsing.parser import Derive, Lookup, Parsed, Parser, PlainForm, Scratch
from pipelines.clean.parsing.plain import abolished_on, regions_hold_until, regions_in_force
from pipelines.standards.code_tables import REGION_SCHEMA, load_regions, provinces

_NONE = ibis.null("string")
_COUNTRY = "100000"  # the whole of China
# Province; city; county; township or street; village: the longer ones are the statistical codes.
_CODE = r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})\z"


@cache
def region_code() -> Parser:
    """Parser of ``region_code``: six digits; companion ``current``.

    Codes of 2, 4, 9 and 12 digits are brought to six. A name is taken for its code if it names one
    region in force only, with or without the regions above it (湖北省武汉市江岸区, 江岸区).
    """
    return Parser(
        steps=(
            *written_form.STEPS,
            Derive(_form),
            Lookup(
                on="name",
                key="name",
                fields={"code_of_name": "code"},
                rows=load_region_names,
                schema={"name": "string", "code": "string"},
            ),
            Derive(_code),
            Lookup(
                on="code",
                key="code",
                fields={"level": "level", "last_year": "last_year", "in_force": "current"},
                rows=load_regions,
                schema=REGION_SCHEMA,
            ),
            *written_form.judge(_rules),
        ),
        finish=_finish,
        companions={"current": "string"},
        plain=PlainForm(
            _is_plain, companions=lambda text: {"current": text}, until=regions_hold_until
        ),
        due=lambda s: abolished_on(s.last_year, s.as_of_date),
    )


def _is_plain(text: ir.StringValue, as_of: date) -> ir.BooleanValue:
    """Six digits that are in force."""
    return text.re_search(rf"^{regions_in_force(as_of.year)}\z")


def _form(s: Scratch) -> Mapping[str, ir.Value]:
    digits = (s.readable & s.text.re_search(_CODE)).fill_null(False)
    named = (s.readable & ~digits & s.text.re_search(written_form.HAN)).fill_null(False)
    return {"digits": digits, "named": named, "name": ibis.ifelse(named, s.text, _NONE)}


def _code(s: Scratch) -> Mapping[str, ir.Value]:
    code = ibis.ifelse(s.digits, s.text.left(6).rpad(6, "0"), s.code_of_name)
    return {"code": code}


def _rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    known_province = s.code.left(2).isin(provinces()) | (s.code == _COUNTRY)
    return {
        **written_form.unreadable(s),
        "REGION_FORM": s.readable & ~s.digits & ~s.named,
        "REGION_NAME_AMBIGUOUS": s.named & s.code.isnull(),
        "REGION_NAME_READ": s.named & s.code.notnull(),
        "REGION_SHORTENED": s.digits & (s.text.length() != 6),
        "REGION_PROVINCE": s.digits & ~known_province,
        "REGION_UNKNOWN": known_province & s.level.isnull() & (s.code != _COUNTRY),
        "REGION_ABOLISHED": s.last_year <= s.as_of_date.year,
    }


def _finish(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _rules)
    findings["NORMALISED"] = s.usable & s.digits & s.respelled
    current = ibis.ifelse(s.code == _COUNTRY, s.code, s.in_force)
    return Parsed(
        ibis.ifelse(s.usable, s.code, _NONE),
        findings,
        {"current": ibis.ifelse(s.usable, current, _NONE)},
    )


@cache
def load_region_names() -> Mapping[str, Sequence[object]]:
    """Names that mean exactly one region in force: columns ``name`` and ``code``."""
    pairs = [(name, code) for code, names in _spellings() for name in names]
    meanings = Counter(name for name, _ in pairs)
    single = [(name, code) for name, code in pairs if meanings[name] == 1]
    return {"name": [name for name, _ in single], "code": [code for _, code in single]}


def _spellings() -> Iterator[tuple[str, set[str]]]:
    """Each code in force, and its name with the names above it: all, the nearest, none."""
    table = load_regions()
    columns = zip(table["code"], table["name"], table["last_year"], table["level"], strict=True)
    names = {
        str(code): str(name)
        for code, name, last_year, level in columns
        if last_year == 9999 and level != "group"
    }
    for code, name in names.items():
        province = "" if code.endswith("0000") else names.get(code[:2] + "0000", "")
        city = "" if code.endswith("00") else names.get(code[:4] + "00", "")
        yield code, {name, city + name, province + name, province + city + name}
