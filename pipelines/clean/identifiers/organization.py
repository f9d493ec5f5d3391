"""Unified social credit code (统一社会信用代码, GB 32100) and organisation code (GB 11714).

Both checks of a USCC must hold: MOD 31 over the whole, MOD 11 over the organisation code in it.
The two count letters differently (P is 23 in one and 25 in the other).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import check_digits, written_form
from pipelines.clean.parsing.parser import Derive, Lookup, Parsed, Parser, PlainForm, Scratch, Step
from pipelines.clean.parsing.plain import one_of
from pipelines.standards.code_tables import (
    REGION_SCHEMA,
    load_code_table,
    load_regions,
    provinces,
)

_NONE = ibis.null("string")
_SIGN = "[0-9A-HJ-NPQRTUWXY]"  # GB 32100 has no I, O, S, V, Z
_USCC = rf"^{_SIGN}{{2}}[0-9]{{6}}{_SIGN}{{10}}\z"
_ORGANIZATION = r"^[0-9A-Z]{8}[0-9X]\z"
_DAMAGED = r"^[0-9A-Z]{17,19}\z"
_TAXPAYER = r"^[0-9]{6}[0-9A-Z]{8}[0-9X]\z"
# Registration numbers of foreign-invested firms before 2007: 企独沪总字第012345号.
_IN_WORDS = rf"^{written_form.HAN}{{2,10}}字第?[0-9]+号?\z"
_CITIZEN = r"^[0-9]{17}[0-9X]\z"
# The national registration authority; every other unknown region may be a development zone's own.
_NATIONAL = "100000"


@cache
def uscc() -> Parser:
    """Parser of ``uscc``; companions ``organization_code``, ``registration_number``, ``damaged``.

    A registration number, organisation code or old taxpayer number in this column is no USCC, but
    it identifies the organisation all the same: the companions hold it. ``damaged`` is what is left
    of a USCC that fails its rules, for matching to compare with.
    """
    return Parser(
        steps=(
            *written_form.STEPS,
            Derive(as_written),
            *organization_steps(),
            *written_form.judge(_uscc_rules),
        ),
        finish=_finish_uscc,
        companions={
            "organization_code": "string",
            "registration_number": "string",
            "damaged": "string",
        },
        plain=PlainForm(
            _is_plain, companions=lambda text: {"organization_code": text.substr(8, 9)}
        ),
    )


def _is_plain(text: ir.StringValue, _as_of: date) -> ir.BooleanValue:
    """A prefix and a region that are known, and both signs right."""
    prefix = one_of(load_code_table("uscc_prefix")["prefix"])
    region = one_of({*map(str, load_regions()["code"]), _NATIONAL})
    form = text.re_search(rf"^{prefix}{region}{_SIGN}{{10}}\z")
    form &= ~text.contains("XXXXX")  # which is a mask
    return (
        form
        & check_digits.is_right_mod_31(text)
        & check_digits.is_right_organization(text, start=8)
    )


@cache
def organization_code() -> Parser:
    """Parser of ``organization_code``: nine characters, written with or without the hyphen."""
    return Parser(
        steps=(
            *written_form.STEPS,
            Derive(as_written),
            *organization_steps(),
            *written_form.judge(_organization_rules),
        ),
        finish=_finish_organization,
    )


def as_written(s: Scratch) -> Mapping[str, ir.Value]:
    """A step that makes ``s.number``: the text if it is a number at all."""
    return {"number": ibis.ifelse(s.readable, s.text, _NONE)}


def organization_steps() -> Sequence[Step]:
    """Steps that recognise every kind of organisation number in ``s.number`` and check it."""
    return (
        Derive(_shape),
        Derive(_parts),
        Derive(_totals),
        Derive(_checks),
        Derive(_kinds),
        Lookup(
            on="uscc_region",
            key="code",
            fields={"uscc_region_level": "level"},
            rows=load_regions,
            schema=REGION_SCHEMA,
        ),
    )


def _shape(s: Scratch) -> Mapping[str, ir.Value]:
    length = s.number.length()

    def matches(signs: int, pattern: str) -> ir.BooleanValue:
        return ibis.ifelse(length == signs, s.number.re_search(pattern), False).fill_null(False)

    return {
        "uscc_form": matches(18, _USCC),
        "citizen_form": matches(18, _CITIZEN),
        "code_9": matches(9, _ORGANIZATION),
        "code_15": matches(15, _TAXPAYER),
        "digits_15": matches(15, r"^[0-9]{15}\z"),
        "digits_13": matches(13, r"^[0-9]{13}\z"),
        "in_words": (~s.plain & s.number.re_search(_IN_WORDS)).fill_null(False),
    }


def _parts(s: Scratch) -> Mapping[str, ir.Value]:
    n = s.number
    return {
        "uscc_region": ibis.ifelse(s.uscc_form, n.substr(2, 6), _NONE),
        "organization": ibis.cases(
            (s.uscc_form, n.substr(8, 9)),
            (s.code_9, n),
            (s.code_15, n.substr(6, 9)),
            else_=_NONE,
        ),
        "citizen_digits": ibis.ifelse(s.citizen_form, n.substr(0, 17), _NONE).try_cast("int64"),
    }


def _totals(s: Scratch) -> Mapping[str, ir.Value]:
    return {
        "uscc_total": check_digits.mod_31_total(s.number),
        "organization_total": check_digits.organization_total(s.organization),
        "citizen_total": check_digits.mod_11_2_total(s.citizen_digits),
    }


def _checks(s: Scratch) -> Mapping[str, ir.Value]:
    last = s.number.right(1)
    organization_sign = check_digits.organization_sign(s.organization_total)
    birth = s.number.substr(6, 4) + "-" + s.number.substr(10, 2) + "-" + s.number.substr(12, 2)
    is_citizen = (last == check_digits.mod_11_2_sign(s.citizen_total)) & birth.try_cast(
        "date"
    ).notnull()
    return {
        "uscc_right": s.uscc_form & (last == check_digits.mod_31_sign(s.uscc_total)),
        "organization_right": (s.organization.right(1) == organization_sign).fill_null(False),
        "registration_right": ibis.ifelse(
            s.digits_15, last == check_digits.mod_11_10(s.number.left(14)), False
        ).fill_null(False),
        "citizen_right": ibis.ifelse(s.citizen_form, is_citizen, False).fill_null(False),
    }


def _kinds(s: Scratch) -> Mapping[str, ir.Value]:
    known_province = s.number.substr(0, 2).isin([*provinces(), _NATIONAL[:2]])
    is_uscc = s.uscc_right & s.organization_right
    rounded = s.uscc_form & ~is_uscc & (s.decimal | s.number.re_search(r"^[0-9]{15}000\z"))
    citizen = s.citizen_right & ~is_uscc
    taxpayer = s.code_15 & s.organization_right & ~s.registration_right & known_province
    return {
        "is_uscc": is_uscc,
        "is_rounded": rounded,
        "is_citizen": citizen,
        "is_organization_code": s.code_9 & s.organization_right,
        "is_taxpayer_number": taxpayer,
        "is_registration_number": s.registration_right
        | s.in_words
        | (s.digits_13 & known_province),
        "checked": s.uscc_form & ~rounded & ~citizen,
    }


def uscc_findings(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    """What is wrong with a number of 18 characters as a USCC."""
    nonsense = ~s.uscc_form & ~s.is_citizen
    known_prefix = s.number.substr(0, 2).isin(load_code_table("uscc_prefix")["prefix"])
    unknown_region = s.uscc_region_level.isnull() & (s.uscc_region != _NATIONAL)
    return {
        "CHARSET": (s.number.length() == 18) & nonsense & ~s.in_words,
        "PRECISION_LOSS": s.is_rounded,
        "USCC_CHECK": s.checked & ~s.uscc_right,
        "ORG_CHECK": s.checked & ~s.organization_right,
        "USCC_PREFIX_UNKNOWN": s.uscc_right & ~known_prefix,
        "REGION_UNKNOWN": s.uscc_right & unknown_region,
    }


def _uscc_rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    other = s.is_registration_number | s.is_taxpayer_number | s.is_organization_code
    wrong_length = s.number.notnull() & (s.number.length() != 18) & ~other
    findings = uscc_findings(s)
    return {
        **written_form.unreadable(s),
        "CITIZEN_ID_IN_USCC": s.is_citizen,
        "REGISTRATION_NUMBER_IN_USCC": s.is_registration_number,
        "TAXPAYER_NUMBER_IN_USCC": s.is_taxpayer_number,
        "ORGANIZATION_CODE_IN_USCC": s.is_organization_code,
        "LENGTH": wrong_length,
        **findings,
        "CHARSET": findings["CHARSET"]
        | (wrong_length & s.number.re_search("[^0-9A-HJ-NPQRTUWXY]")),
    }


def _finish_uscc(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _uscc_rules)
    findings["NORMALISED"] = s.usable & s.respelled
    has_code = s.usable | s.is_organization_code | s.is_taxpayer_number
    return Parsed(
        ibis.ifelse(s.usable, s.number, _NONE),
        findings,
        {
            "organization_code": ibis.ifelse(has_code, s.organization, _NONE),
            "registration_number": ibis.ifelse(s.is_registration_number, s.number, _NONE),
            "damaged": ibis.ifelse(
                ~s.usable & ~s.is_citizen & s.number.re_search(_DAMAGED), s.number, _NONE
            ),
        },
    )


def _organization_rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    length = s.number.length()
    return {
        **written_form.unreadable(s),
        "USCC_IN_ORGANIZATION_CODE": s.is_uscc,
        "LENGTH": s.number.notnull() & (length != 9) & ~s.is_uscc,
        "CHARSET": s.number.notnull()
        & (((length == 9) & ~s.code_9) | s.number.re_search("[^0-9A-Z]")),
        "ORG_CHECK": s.code_9 & ~s.organization_right,
    }


def _finish_organization(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _organization_rules)
    printed = s.number.substr(0, 8) + "-" + s.number.substr(8)  # as on the old certificates
    findings["NORMALISED"] = s.usable & s.respelled & (s.raw.strip() != printed)
    return Parsed(ibis.ifelse(s.usable, s.organization, _NONE), findings)
