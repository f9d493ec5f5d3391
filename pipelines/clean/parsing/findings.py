"""Findings as arrays: the rules that a value breaks, made only for rows that break one."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

FINDING_TYPE = "struct<column: string, rule: string, severity: string, value: string>"
_BROKEN_TYPE = "struct<rule: string, severity: string>"


def finding_array(
    column: str,
    value: ir.StringValue,
    conditions: Mapping[str, ir.BooleanValue],
    severity_of: Mapping[str, str],
) -> ir.ArrayValue:
    """The findings of one column as an array; empty, and nearly free, for a row without any."""
    broken = broken_rules(conditions, severity_of)
    return ibis.ifelse(broken.notnull(), name_findings(column, value, broken), no_findings())


def broken_rules(
    conditions: Mapping[str, ir.BooleanValue], severity_of: Mapping[str, str]
) -> ir.ArrayValue:
    """Rule and severity of every condition that holds; NULL, and nearly free, if none does."""
    if not conditions:
        return ibis.null(f"array<{_BROKEN_TYPE}>")
    holds = {rule: condition.fill_null(False) for rule, condition in conditions.items()}
    codes = ibis.array(
        [ibis.ifelse(condition, rule, ibis.null("string")) for rule, condition in holds.items()]
    ).filter(lambda code: code.notnull())
    # Structs are made of the rules that are broken only: three times as fast as one for each rule.
    severities = {code: severity_of[code] for code in conditions}
    broken = codes.map(
        lambda rule: ibis.struct({"rule": rule, "severity": _severity(rule, severities)}).cast(
            _BROKEN_TYPE
        )
    )
    return ibis.ifelse(ibis.or_(*holds.values()), broken, ibis.null(broken.type()))


def name_findings(column: str, value: ir.StringValue, broken: ir.ArrayValue) -> ir.ArrayValue:
    """Broken rules as findings about a value of a column."""
    return broken.map(
        lambda rule: ibis.struct(
            {"column": column, "rule": rule["rule"], "severity": rule["severity"], "value": value}
        ).cast(FINDING_TYPE)
    )


def _severity(rule: ir.StringValue, severity_of: Mapping[str, str]) -> ir.StringValue:
    """The severity of a rule; an expression as long as there are severities, not rules."""
    codes: dict[str, list[str]] = {}
    for code, severity in severity_of.items():
        codes.setdefault(severity, []).append(code)
    branches = ((rule.isin(members), severity) for severity, members in codes.items())
    return ibis.cases(*branches, else_=ibis.null("string"))


def no_findings() -> ir.ArrayValue:
    """An empty array of findings.

    An empty array alone has no type in SQL: where no column of a source has a rule, nothing else
    would say what it is an array of.
    """
    kind = f"array<{FINDING_TYPE}>"
    return ibis.coalesce(ibis.null(kind), ibis.literal([], type=kind))


def concat_findings(arrays: Sequence[ir.ArrayValue]) -> ir.ArrayValue:
    """One array out of many; the order of the arguments is kept."""
    if not arrays:
        return no_findings()
    first, *rest = arrays
    return first.concat(*rest) if rest else first
