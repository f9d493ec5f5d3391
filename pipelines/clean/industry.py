"""Industry code (国民经济行业分类, GB/T 4754-2017): section letter and two to four digits.

Checked down to the division (two digits): a list of groups and classes that may be passed on was
not found. Letters of the editions of 2002 and 2011 are recognised: sections F to I and N to T have
moved since.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import written_form
from pipelines.clean.parsing.parser import Derive, Lookup, Parsed, Parser, PlainForm, Scratch
from pipelines.clean.parsing.plain import one_of
from pipelines.standards.code_tables import load_code_table

_NONE = ibis.null("string")


@cache
def industry_code() -> Parser:
    """Parser of ``industry_code``: section letter and digits, as given; companion ``section``.

    A missing letter is added from the division. ``1300`` is taken for division 13.
    """
    return Parser(
        steps=(
            *written_form.STEPS,
            Derive(_split),
            Derive(_parts),
            Lookup(
                on="division",
                key="division",
                fields={
                    "section_2017": "section",
                    "section_2011": "section_2011",
                    "section_2002": "section_2002",
                },
                rows=_divisions,
                schema=dict.fromkeys(
                    ("division", "section", "section_2011", "section_2002"), "string"
                ),
            ),
            *written_form.judge(_rules),
        ),
        finish=_finish,
        companions={"section": "string"},
        plain=PlainForm(_is_plain, companions=lambda text: {"section": text.left(1)}),
    )


def _is_plain(text: ir.StringValue, _as_of: date) -> ir.BooleanValue:
    """Section letter, division of it, and no zeros that fill up."""
    table = _divisions()
    pairs = zip(table["section"], table["division"], strict=True)
    # A division that no edition has stands in the table without a section: the parser tells of it.
    divisions = one_of(f"{section}{division}" for section, division in pairs if section)
    return text.re_search(rf"^{divisions}(?:[1-9]|0[1-9]|[1-9][0-9])?\z")


@cache
def _divisions() -> Mapping[str, Sequence[object]]:
    table = load_code_table("industry_division")
    columns = ("division", "section", "section_2011", "section_2002")
    return {column: table[column] for column in columns}


def _split(s: Scratch) -> Mapping[str, ir.Value]:
    code = s.text.re_extract(r"^[A-Z]?\.?[0-9.]*", 0).replace(".", "")
    rest = s.text.re_replace(r"^[A-Z]?\.?[0-9.]*", "")
    named = (rest == "") | rest.re_search(f"^{written_form.HAN}")
    good = s.readable & named & code.re_search(r"^([A-T]|[A-T]?[0-9]{2,4})\z")
    return {"code": ibis.ifelse(good.fill_null(False), code, _NONE)}


def _parts(s: Scratch) -> Mapping[str, ir.Value]:
    digits = s.code.re_replace("^[A-T]", "")
    padded = digits.re_search(r"^[0-9]{2}0{1,2}\z")
    return {
        "letter": s.code.re_extract("^[A-T]?", 0).nullif(""),
        "digits": ibis.ifelse(padded, digits.left(2), digits),
        "division": digits.left(2).nullif(""),
    }


def _rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    given = s.letter.notnull() & s.division.notnull()
    new = s.letter == s.section_2017.fill_null("")
    old = (s.letter == s.section_2011.fill_null("")) | (s.letter == s.section_2002.fill_null(""))
    never = s.section_2017.fill_null("") == ""
    return {
        **written_form.unreadable(s),
        "INDUSTRY_FORM": s.readable & s.code.isnull(),
        "INDUSTRY_UNKNOWN": s.division.notnull() & never & ~(given & old),
        "INDUSTRY_SECTION_MISMATCH": given & ~new & ~old & ~never,
        "INDUSTRY_OLD_EDITION": given & ~new & old,
        "INDUSTRY_SECTION_ADDED": s.letter.isnull() & s.division.notnull() & ~never,
    }


def _finish(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _rules)
    section = ibis.coalesce(s.letter, s.section_2017)
    findings["NORMALISED"] = s.usable & (s.raw.strip() != ibis.coalesce(s.letter, "") + s.digits)
    return Parsed(
        ibis.ifelse(s.usable, section + s.digits, _NONE),
        findings,
        {"section": ibis.ifelse(s.usable, section, _NONE)},
    )
