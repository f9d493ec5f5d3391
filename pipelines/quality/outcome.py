"""Results of expectations, and the gate that they decide.

An outcome is kept for years and mailed around, so it never holds a value out of a department's
data: counts, shares and ages only.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Severity = Literal["critical", "warning", "info"]

# What an engine quotes in a message may be a value of the data: 'text' and runs of digits.
_QUOTED = re.compile(r"'[^']*'")
_DIGITS = re.compile(r"\d{5,}")
_MOSTLY = re.compile(r"≥ ([\d.]+)%$")
_MESSAGE_LENGTH = 300  # of an engine's message the beginning says what is wrong


@dataclass(frozen=True)
class ExpectationOutcome:
    """One expectation, judged. ``name`` is its claim, unique in its suite."""

    suite: str
    name: str
    expectation: str  # GX type, e.g. expect_column_values_to_be_unique
    column: str | None
    severity: Severity  # as declared; critical if it could not be evaluated
    success: bool
    observed: str
    expected: str
    note_zh: str  # what it claims and why this number, to a data owner
    exception: str | None = None  # why it could not be evaluated; such an outcome has failed
    indicator: str = ""  # of GB/T 36344 that it counts for; "" where the findings count already
    bad: int | None = None  # rows that fail it, of
    judged: int | None = None  # rows; None where a table was judged as a whole


def gate(
    outcomes: Sequence[ExpectationOutcome],
    wrong: Callable[[ExpectationOutcome], str] | None = None,
    title: Callable[[str], str] | None = None,
) -> list[str]:
    """The critical expectations that failed, with what is wrong; empty: may be published.

    Args:
        outcomes: Of one batch or run.
        wrong: What is wrong, in words; without it, in figures.
        title: What readers call a column.
    """
    return [
        f"{outcome.suite}/{outcome.name}{_reason(outcome, wrong, title)}"
        for outcome in outcomes
        if outcome.severity == "critical" and not outcome.success
    ]


def _reason(
    outcome: ExpectationOutcome,
    wrong: Callable[[ExpectationOutcome], str] | None,
    title: Callable[[str], str] | None,
) -> str:
    if outcome.exception is not None:
        return " (could not be judged)"
    reason = wrong(outcome) if wrong else ""
    if not reason and (reason := _figures(outcome)) and title and outcome.column:
        reason = f"column {title(outcome.column)}: {reason}"
    return f" ({reason})" if reason else ""


def _figures(outcome: ExpectationOutcome) -> str:
    """Actual and limit in one unit and direction: a share of rows that fail, at most another."""
    if outcome.bad is not None and outcome.judged:
        mostly = _MOSTLY.search(outcome.expected)
        tolerated = 100 - float(mostly[1]) if mostly else 0
        share = f"{rounded_share(outcome.bad / outcome.judged)} of {outcome.judged:,} row(s) fail"
        return f"{share}, at most {round(tolerated, 4):g} %"
    return f"{outcome.observed}; expected {outcome.expected}" if outcome.observed else ""


def describe_observed(result: Mapping[str, object], column: str | None) -> str:
    """What was seen, from the ``result`` of a GX validation result; "" if GX reports nothing.

    A maximum or minimum may be somebody's birth date. Dates are therefore shown of baselib's own
    columns only (their names begin with ``_``), and text never.
    """
    if "unexpected_count" in result:
        return _share(result)
    value = result.get("observed_value")
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, str | date) and (column or "").startswith("_"):
        return str(value)
    return ""


def count_judged(
    result: Mapping[str, object], kwargs: Mapping[str, object]
) -> tuple[int | None, int | None]:
    """Rows that failed and rows that were judged, of a GX result; None where it does not say.

    A query for unexpected rows says how many it found, but not out of how many.
    """
    if "unexpected_rows_query" in kwargs:
        found = result.get("observed_value")
        return (found if isinstance(found, int) else None), None
    numbers = (result.get("unexpected_count"), result.get("element_count"))
    bad, rows = (value if isinstance(value, int) else None for value in numbers)
    if bad is None or rows is None:
        return None, None
    missing = result.get("missing_count")
    return bad, rows - (missing if isinstance(missing, int) else 0)


def describe_expected(kwargs: Mapping[str, object]) -> str:
    """What was asked for, from the keyword arguments of a GX expectation, parameters filled in."""
    parts = [
        f"{sign} {_number(bound)}"
        for sign, bound in (("≥", kwargs.get("min_value")), ("≤", kwargs.get("max_value")))
        if bound is not None
    ]
    if "unexpected_rows_query" in kwargs:
        parts.append("0")
    mostly = kwargs.get("mostly")
    if isinstance(mostly, int | float) and mostly != 1:
        parts.append(f"≥ {_percent(mostly)}")
    return " ".join(parts) or "100%"


def redact(message: str) -> str:
    """An engine's message without anything that could be a value of the data."""
    hidden = _DIGITS.sub("…", _QUOTED.sub("'…'", message))
    return hidden if len(hidden) <= _MESSAGE_LENGTH else hidden[:_MESSAGE_LENGTH] + "…"


def _share(result: Mapping[str, object]) -> str:
    bad, judged, missing = (
        value if isinstance(value := result.get(key), int) else 0
        for key in ("unexpected_count", "element_count", "missing_count")
    )
    of = judged - missing
    return f"{bad} / {of} ({rounded_share(bad / of)})" if of else f"{bad} / 0"


def rounded_share(share: float) -> str:
    """A share that was measured, as per cent: some is never none, and not all is never all."""
    if 0 < share < 0.0005:
        return "<0.1 %"
    return ">99.9 %" if 0.9995 <= share < 1 else f"{round(100 * share, 1):g} %"


def _percent(share: float) -> str:
    return f"{round(100 * share, 4):g}%"


def _number(value: object) -> str:
    return f"{round(float(value), 6):.15g}" if isinstance(value, float) else str(value)
