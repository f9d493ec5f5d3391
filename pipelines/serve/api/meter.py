"""Limits of a grant: requests a minute and a day, rows a day, over all processes of the service.

Counted here and written to the database twice a second: a row that every request of a grant had to
lock would make them wait for one another. So several processes together may exceed a limit by what
they answer in half a second.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from pipelines.serve.api.database import ServiceDatabase
from pipelines.serve.api.problems import Problem

_KNOWN = 0.5  # seconds
_SOON = 0.05  # seconds before that in which it is not relied on
_SECONDS = {"minute": 60, "day": 86_400}
_CHINA = 8 * 3600  # a day of the limits is one in China
_ADD = """
INSERT INTO serve.usage (grant_name, period, begun, calls, rows)
VALUES (%(grant)s, 'minute', to_timestamp(%(minute)s), %(calls)s, %(rows)s),
    (%(grant)s, 'day', to_timestamp(%(day)s), %(calls)s, %(rows)s)
ON CONFLICT (grant_name, period, begun) DO UPDATE
    SET calls = serve.usage.calls + excluded.calls, rows = serve.usage.rows + excluded.rows
RETURNING period, calls, rows"""


@dataclass
class _Used:
    """What a grant has used: known to the database, and answered here since."""

    begun: Mapping[str, int]
    known_at: float
    calls: dict[str, int] = field(default_factory=lambda: {"minute": 0, "day": 0})
    rows: int = 0
    new_calls: int = 0
    new_rows: int = 0
    room: int = 0  # calls that are far from any limit


class Meter:
    """Counts for all grants."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database, self._lock = database, Lock()
        self._used: dict[str, _Used] = {}

    def count(self, grant: str, limits: Mapping[str, Any]) -> None:
        """Count one request.

        Raises:
            Problem: a limit is used up; it says when to ask again.
        """
        with self._lock:
            used = self._up_to_date(grant)
            used.new_calls += 1
            left = min(limits[period] - known for period, known in used.calls.items())
            used.room = left - 1 if used.rows + used.new_rows < limits["rows_day"] else 0
            calls = {period: known + used.new_calls for period, known in used.calls.items()}
            rows = used.rows + used.new_rows
        for period, count in calls.items():
            if count > limits[period] or (period == "day" and rows >= limits["rows_day"]):
                wait = used.begun[period] + _SECONDS[period] - int(time.time())
                detail = f"The grant's limit of this {period} is used up."
                raise Problem(429, "limit-reached", detail, {"Retry-After": str(max(1, wait))})

    def has_room(self, grant: str) -> bool:
        """Whether a request can be counted now without the database, far from any limit."""
        used = self._used.get(grant)
        return (
            used is not None
            and not self._lock.locked()
            and time.monotonic() - used.known_at < _KNOWN - _SOON
            and used.begun == _periods(int(time.time()))
            and used.room > used.new_calls
        )

    def add_rows(self, grant: str, rows: int) -> None:
        """Count rows that were answered."""
        with self._lock:
            self._up_to_date(grant).new_rows += rows

    def _up_to_date(self, grant: str) -> _Used:
        used, now = self._used.get(grant), time.monotonic()
        begun = _periods(int(time.time()))
        if used and used.begun == begun and now - used.known_at < _KNOWN:
            return used
        add = {"calls": used.new_calls if used else 0, "rows": used.new_rows if used else 0}
        # What was answered before a period began belongs to the one before.
        if used and used.begun != begun:
            self._write(grant, used.begun, add)
            add = {"calls": 0, "rows": 0}
        fresh = _Used(begun, now)
        for period, calls, rows in self._write(grant, begun, add):
            fresh.calls[period] = calls
            fresh.rows = rows if period == "day" else fresh.rows
        self._used[grant] = fresh
        return fresh

    def _write(self, grant: str, begun: Mapping[str, int], add: Mapping[str, int]) -> Any:
        with self._database.service() as connection:
            return connection.execute(_ADD, {"grant": grant, **begun, **add}).fetchall()


def _periods(now: int) -> dict[str, int]:
    return {"minute": now - now % 60, "day": (now + _CHINA) // 86_400 * 86_400 - _CHINA}
