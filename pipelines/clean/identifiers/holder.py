"""Code of a licence's holder (持证主体代码, GB/T 36903): a citizen id or a USCC, or another number.

A number that looks like a citizen id or a USCC and fails is an error: a licence hangs on it.
Anything else (passports, military cards) is kept as it is; it links to no other library.
"""

from collections.abc import Mapping
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import written_form
from pipelines.clean.identifiers.citizen import (
    citizen_due,
    citizen_findings,
    citizen_steps,
    citizen_value,
)
from pipelines.clean.identifiers.organization import organization_steps, uscc_findings
from pipelines.clean.parsing.parser import Derive, Parsed, Parser, Scratch
from pipelines.standards.code_tables import provinces

_NONE = ibis.null("string")


@cache
def holder_code() -> Parser:
    """Parser of ``holder_code``; companion ``kind``: citizen_id, uscc or other."""
    return Parser(
        steps=(
            *written_form.STEPS,
            *citizen_steps(),
            *organization_steps(),
            Derive(_kind),
            *written_form.judge(_rules),
        ),
        finish=_finish,
        companions={"kind": "string"},
        due=citizen_due,
    )


def _kind(s: Scratch) -> Mapping[str, ir.Value]:
    has_birth = s.birth.notnull() & s.province.isin(provinces())
    citizen = ibis.cases(
        (s.is_uscc, False),
        (s.is_18, has_birth | s.citizen_right),
        # A registration number has a date there once in 27 times; by chance a citizen id of 15
        # digits passes the registration number's check once in 10.
        (s.is_15, has_birth),
        (s.is_foreign_15, s.number.right(1) == s.check),
        else_=False,
    ).fill_null(False)
    is_18_signs = s.number.re_search(r"^[0-9A-Z]{18}\z").fill_null(False)
    return {"as_citizen": citizen, "as_uscc": ~citizen & is_18_signs}


def _rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    findings = dict(written_form.unreadable(s))
    for applies, found in ((s.as_citizen, citizen_findings(s)), (s.as_uscc, uscc_findings(s))):
        for code, condition in found.items():
            here = applies & condition.fill_null(False)
            findings[code] = findings[code] | here if code in findings else here
    findings["HOLDER_CODE_OTHER"] = s.readable & ~s.as_citizen & ~s.as_uscc
    return findings


def _finish(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _rules)
    findings["UPGRADED_FROM_15"] = s.usable & s.as_citizen & s.is_15
    findings["NORMALISED"] = s.usable & s.respelled & ~s.lookalike
    value = ibis.ifelse(s.as_citizen, citizen_value(s), s.number)
    kind = ibis.cases((s.as_citizen, "citizen_id"), (s.as_uscc, "uscc"), else_="other")
    return Parsed(
        ibis.ifelse(s.usable, value, _NONE),
        findings,
        {"kind": ibis.ifelse(s.usable, kind, _NONE)},
    )
