"""Registration number of a market entity (工商注册号, GS 15-2006): 15 digits with MOD 11,10.

Numbers from before 2007 are recognised and kept: 13 digits, or words (企独沪总字第012345号).
"""

from collections.abc import Mapping
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import written_form
from pipelines.clean.identifiers.organization import organization_steps
from pipelines.clean.parsing.parser import Derive, Lookup, Parsed, Parser, Scratch
from pipelines.standards.code_tables import REGION_SCHEMA, load_regions

_NONE = ibis.null("string")
# The copy of a licence: (1-1), (2-1); it is no part of the number.
_COPY = r"\([0-9]+-[0-9]+\)\z"


@cache
def registration_number() -> Parser:
    """Parser of ``registration_number``; companions ``type`` and ``uscc``.

    ``type`` is 15_digits, 13_digits or in_words. ``uscc`` holds a USCC that stands in this column.
    """
    return Parser(
        steps=(
            *written_form.STEPS,
            Derive(_without_copy),
            *organization_steps(),
            Derive(_region),
            Lookup(
                on="authority",
                key="code",
                fields={"authority_level": "level"},
                rows=load_regions,
                schema=REGION_SCHEMA,
            ),
            *written_form.judge(_rules),
        ),
        finish=_finish,
        companions={"type": "string", "uscc": "string"},
    )


def _without_copy(s: Scratch) -> Mapping[str, ir.Value]:
    number = ibis.ifelse(s.plain, s.text, s.unspaced.re_replace(_COPY, "").replace("-", ""))
    return {"number": ibis.ifelse(s.readable, number, _NONE)}


def _region(s: Scratch) -> Mapping[str, ir.Value]:
    usable = s.registration_right | s.digits_13
    return {"authority": ibis.ifelse(usable, s.number.substr(0, 6), _NONE)}


def _rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    recognised = s.digits_15 | s.digits_13 | s.in_words | s.is_uscc
    other = s.number.notnull() & ~recognised
    return {
        **written_form.unreadable(s),
        "USCC_IN_REGISTRATION_NUMBER": s.is_uscc,
        "LENGTH": other & ~s.number.length().isin([13, 15]),
        "CHARSET": other & s.number.re_search("[^0-9]"),
        "REGISTRATION_CHECK": s.digits_15 & ~s.registration_right,
        "LEGACY_13_DIGITS": s.digits_13,
        "LEGACY_TEXT_NUMBER": s.in_words,
        "REGION_UNKNOWN": s.authority.notnull()
        & s.authority_level.isnull()
        & (s.authority != "100000"),
    }


def _finish(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _rules)
    findings["NORMALISED"] = s.usable & ~s.plain & (s.raw.strip() != s.number)
    kind = ibis.cases((s.in_words, "in_words"), (s.digits_13, "13_digits"), else_="15_digits")
    return Parsed(
        ibis.ifelse(s.usable, s.number, _NONE),
        findings,
        {
            "type": ibis.ifelse(s.usable, kind, _NONE),
            "uscc": ibis.ifelse(s.is_uscc, s.number, _NONE),
        },
    )
