"""Periods of digests: which one has just ended, by the calendar."""

from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.contracts.source import Period


@dataclass(frozen=True)
class Span:
    """The days of a period, first and last included."""

    first: date
    last: date


def ended_before(period: Period, today: date) -> Span:
    """The last whole day, week (Monday to Sunday) or month before ``today``."""
    if period == "monthly":
        last = today.replace(day=1) - timedelta(days=1)
        return Span(last.replace(day=1), last)
    if period == "weekly":
        last = today - timedelta(days=today.isoweekday())
        return Span(last - timedelta(days=6), last)
    if period == "daily":
        yesterday = today - timedelta(days=1)
        return Span(yesterday, yesterday)
    raise ValueError(f"{period} has no digest")
