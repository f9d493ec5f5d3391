"""Identifier of an electronic licence (电子证照标识, GB/T 36904-2018).

``1.2.156.3005.2 . type code . issuer code . serial number . version . check``, where the check is
ISO 7064 MOD 37,36 over the four parts before it, without the dots. A published implementation
counts letters one too high; its identifiers are in circulation and are recognised.
"""

from collections.abc import Mapping
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.identifiers import check_digits, written_form
from pipelines.clean.parsing.parser import Derive, Parsed, Parser, Scratch

_NONE = ibis.null("string")
_ROOT = r"1\.2\.156\.3005\.2"
_FORM = rf"^{_ROOT}\.[0-9A-Z]+\.[0-9A-Z]+\.[^.,]+\.[0-9A-Z]+\.[0-9A-Z]\z"
_USCC = r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}\z"
_USCC_AND_3_DIGITS = r"^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}[0-9]{3}\z"
_SERIAL = r"^[0-9A-Z]{1,64}\z"
PARTS = ("type_code", "issuer_code", "serial", "version")


@cache
def license_identifier() -> Parser:
    """Parser of ``license_identifier``; companions ``type_code``, ``issuer_code``, ``serial``,
    ``version``: its parts.
    """
    return Parser(
        steps=(
            *written_form.STEPS,
            Derive(_form),
            Derive(_parts),
            Derive(_totals),
            Derive(_checks),
            Derive(_variant),
            *written_form.judge(_rules),
        ),
        finish=_finish,
        companions=dict.fromkeys(PARTS, "string"),
    )


def _form(s: Scratch) -> Mapping[str, ir.Value]:
    well_formed = (s.readable & s.unspaced.re_search(_FORM)).fill_null(False)
    # Spark splits at a regular expression, to which a comma is nothing special.
    segments = s.unspaced.replace(".", ",").split(",")
    return {"well_formed": well_formed, "segments": segments}


def _parts(s: Scratch) -> Mapping[str, ir.Value]:
    parts = {
        name: ibis.ifelse(s.well_formed, s.segments[place], _NONE)
        for place, name in enumerate((*PARTS, "last"), start=5)
    }
    body = parts["type_code"] + parts["issuer_code"] + parts["serial"] + parts["version"]
    return {**parts, "body": body}


def _totals(s: Scratch) -> Mapping[str, ir.Value]:
    defining = s.type_code.substr(0, 18)
    return {
        "total": check_digits.mod_37_36_total(s.body),
        "type_total": check_digits.mod_31_total(defining),
        "type_organization": check_digits.organization_total(defining, start=8),
        "issuer_total": check_digits.mod_31_total(s.issuer_code),
        "issuer_organization": check_digits.organization_total(s.issuer_code, start=8),
    }


def _checks(s: Scratch) -> Mapping[str, ir.Value]:
    def is_uscc(
        text: ir.StringValue, pattern: str, total: ir.IntegerValue, organization: ir.IntegerValue
    ) -> ir.BooleanValue:
        return (
            text.re_search(pattern)
            & (text.substr(17, 1) == check_digits.mod_31_sign(total))
            & (text.substr(16, 1) == check_digits.organization_sign(organization))
        ).fill_null(False)

    return {
        "type_right": is_uscc(s.type_code, _USCC_AND_3_DIGITS, s.type_total, s.type_organization),
        "issuer_right": is_uscc(s.issuer_code, _USCC, s.issuer_total, s.issuer_organization),
        "check_right": (s.last == check_digits.mod_37_36_sign(s.total)).fill_null(True),
    }


def _variant(s: Scratch) -> Mapping[str, ir.Value]:
    """The wrong algorithm, asked only where the right check fails."""
    sign = check_digits.letters_plus_one_sign(check_digits.letters_plus_one_total(s.body))
    return {"check_variant": ibis.ifelse(s.check_right, False, s.last == sign)}


def _rules(s: Scratch) -> Mapping[str, ir.BooleanValue]:
    good_serial = s.serial.re_search(_SERIAL)
    checkable = s.well_formed & good_serial
    good_version = s.version.re_search(r"^[0-9]{3}\z") & (s.version != "000")
    return {
        **written_form.unreadable(s),
        "LICENSE_FORM": s.readable & ~s.well_formed,
        "LICENSE_TYPE_CODE": s.well_formed & ~s.type_right,
        "LICENSE_ISSUER_CODE": s.well_formed & ~s.issuer_right,
        "LICENSE_SERIAL": s.well_formed & ~good_serial,
        "LICENSE_VERSION": s.well_formed & ~good_version,
        "LICENSE_CHECK": checkable & ~s.check_right & ~s.check_variant,
        "NONCONFORMING_VARIANT": checkable & ~s.check_right & s.check_variant,
    }


def _finish(s: Scratch) -> Parsed:
    findings = written_form.broken(s, _rules)
    findings["NORMALISED"] = s.usable & (s.raw.strip() != s.unspaced)
    return Parsed(
        ibis.ifelse(s.usable, s.unspaced, _NONE),
        findings,
        {name: ibis.ifelse(s.usable, getattr(s, name), _NONE) for name in PARTS},
    )
