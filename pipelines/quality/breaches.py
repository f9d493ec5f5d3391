"""Breaches of an expectation: where it failed, measured and allowed in one unit and direction.

Great Expectations says how many rows of a table failed. The tables ``findings`` and ``drift`` have
a row per column, rule or code, so a count of them tells nobody what is wrong: here those rows are
looked up again, by the expectation's own condition and bounds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from pipelines.quality.outcome import ExpectationOutcome

Row = Mapping[str, Any]

_COMPARISONS = {"==": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}


@dataclass(frozen=True)
class Breach:
    """One place where an expectation failed.

    ``kind``: the measure of ``findings`` or ``drift``; ``rows``, ``days`` or ``share`` of other
    tables. ``actual``, ``low`` and ``high`` are shares of 0..1, days or rows, as the kind is.
    """

    kind: str
    actual: float
    low: float | None = None
    high: float | None = None
    column_name: str = ""
    rule: str = ""
    code: str = ""


@dataclass(frozen=True)
class Claim:
    """An expectation as its suite declares it; ``unit`` (rows, days) of a bound, if no share."""

    kwargs: Mapping[str, Any]
    unit: str = ""


def find_breaches(
    outcome: ExpectationOutcome, claim: Claim, findings: Iterable[Row], drift: Iterable[Row]
) -> Sequence[Breach]:
    """Where a failed expectation failed, the worst first.

    Args:
        outcome: One that failed.
        claim: What its suite declares.
        findings: Rows of the table ``findings`` of the batch (``finding_profile``).
        drift: Rows of the table ``drift`` of the batch.

    Returns:
        Empty where nothing was measured: the expectation could not be evaluated.
    """
    table = outcome.suite.split(".")[0]
    if table == "findings":
        broken = _outside(claim.kwargs, findings)
        bounds = (claim.kwargs.get("min_value"), claim.kwargs.get("max_value"))
        found = [_of_finding(row, *bounds) for row in broken]
    elif table == "drift" and claim.kwargs.get("column") == "distance":
        found = [_of_drift(row) for row in _outside(claim.kwargs, drift)]
    elif table == "drift":
        measured = [row for row in drift if _holds(claim.kwargs.get("row_condition"), row)]
        low, high = _bounds(outcome.expected)
        found = [Breach(claim.unit, float(row["value"]), low, high) for row in measured]
    else:
        found = _of_figures(outcome, claim)
    return sorted(found, key=lambda each: (-each.actual, each.column_name, each.rule, each.code))


def _outside(kwargs: Mapping[str, Any], rows: Iterable[Row]) -> list[Row]:
    """The rows that the expectation is about and that lie outside its bounds."""
    column, low, high = kwargs.get("column", ""), kwargs.get("min_value"), kwargs.get("max_value")
    about = [row for row in rows if _holds(kwargs.get("row_condition"), row)]
    values = [(row, row.get(column)) for row in about]
    return [
        row
        for row, value in values
        if value is not None
        and ((low is not None and value < low) or (high is not None and value > high))
    ]


def _holds(condition: Mapping[str, Any] | None, row: Row) -> bool:
    """A ``row_condition`` of Great Expectations, as its suites write them, on one row."""
    if condition is None:
        return True
    if condition["type"] == "and":
        return all(_holds(each, row) for each in condition["conditions"])
    value = row.get(condition["column"]["name"])
    if value is None:
        return False
    return bool(_COMPARISONS[condition["operator"]](value, condition["parameter"]))


def _of_finding(row: Row, low: float | None, high: float | None) -> Breach:
    return Breach(
        str(row["measure"]),
        float(row["share"]),
        low,
        high,
        row.get("column_name") or "",
        row.get("rule") or "",
    )


def _of_drift(row: Row) -> Breach:
    place = {"column_name": row.get("column_name") or "", "code": row.get("code") or ""}
    return Breach(str(row["measure"]), float(row["value"]), row["low"], row["high"], **place)


def _of_figures(outcome: ExpectationOutcome, claim: Claim) -> list[Breach]:
    """Of a table of records: the share of its rows that fail, or the figure that was bounded."""
    column = outcome.column or ""
    column = "" if column.startswith("_") else column
    if outcome.bad is not None and outcome.judged:
        tolerated = 1 - float(claim.kwargs.get("mostly") or 1)
        share = outcome.bad / outcome.judged
        return [Breach("share", share, high=round(tolerated, 9), column_name=column)]
    figure = _number(outcome.observed)
    if figure is None:
        return []
    low, high = _bounds(outcome.expected)
    return [Breach(claim.unit or "figure", figure, low, high, column)]


def _bounds(expected: str) -> tuple[float | None, float | None]:
    """Out of ``≥ 1 ≤ 5``, as ``describe_expected`` writes bounds whose parameters are filled in."""
    words = expected.split()
    found = {sign: _number(bound) for sign, bound in pairwise(words)}
    return found.get("≥"), found.get("≤")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
