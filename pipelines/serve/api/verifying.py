"""Verifications that come in at once share a transaction: group commit, per grant.

What is asked while others of the same grant are being answered waits for them, and then goes
together: one statement asks all, one notes all, one commit is waited for. Nobody waits who is
alone, and nobody is answered before what he asked is committed to the log.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.concurrency import run_in_threadpool
from psycopg import Cursor

from pipelines.serve.api.database import Note, ServiceDatabase
from pipelines.serve.api.problems import Problem

_MOST = 64  # verifications of a transaction: a few milliseconds of looking up
_VERIFY = """
SELECT found.answer, found.subject, (SELECT serve.last_publication())
FROM unnest(%s::jsonb[]) WITH ORDINALITY AS asked (given, place)
LEFT JOIN LATERAL serve."{}__verify"(asked.given) AS found ON true ORDER BY asked.place"""


@dataclass(frozen=True)
class Verified:
    """Whether somebody has all values, who it is as the consumer calls him, of which state."""

    answer: str
    subject: str | None
    publication: int


@dataclass
class _Waiting:
    """One verification, and who waits for it."""

    note: Note
    given: str
    answered: asyncio.Future[Verified] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Verifier:
    """Verifications of all grants; used by the service's event loop alone."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database
        self._waiting: dict[str, list[_Waiting]] = {}
        self._working: dict[str, asyncio.Task[None]] = {}

    async def verify(self, note: Note, given: Mapping[str, str]) -> Verified:
        """Answer when it is noted.

        Raises:
            Problem: the grant does not allow it; that is noted, too.
        """
        mine = _Waiting(note, json.dumps(given))
        self._waiting.setdefault(note.grant, []).append(mine)
        if note.grant not in self._working:
            self._working[note.grant] = asyncio.create_task(self._work_off(note.grant))
        return await mine.answered

    async def _work_off(self, grant: str) -> None:
        """Answer what waits, and what comes in meanwhile."""
        try:
            while waiting := self._waiting.pop(grant, []):
                group, later = waiting[:_MOST], waiting[_MOST:]
                if later:
                    self._waiting[grant] = later
                await self._answer(group)
        finally:
            del self._working[grant]

    async def _answer(self, group: Sequence[_Waiting]) -> None:
        asked = run_in_threadpool(self._ask, group)
        (answers,) = await asyncio.gather(asked, return_exceptions=True)
        if isinstance(answers, BaseException):
            answers = [answers] * len(group)
        for one, answer in zip(group, answers, strict=True):
            if one.answered.done():  # whoever asked has gone
                continue
            if isinstance(answer, BaseException):
                one.answered.set_exception(answer)
            else:
                one.answered.set_result(answer)

    def _ask(self, group: Sequence[_Waiting]) -> Sequence[Verified | BaseException]:
        """The answers in one transaction; where one is refused, each in its own."""
        notes = [one.note for one in group]
        try:
            return self._database.ask_all(notes, lambda cursor: _verify(cursor, group))
        except Problem as problem:
            if len(group) > 1:
                return [answer for one in group for answer in self._ask([one])]
            self._database.refuse(notes[0], problem)
            return [problem]


def _verify(cursor: Cursor[Any], group: Sequence[_Waiting]) -> list[Verified]:
    statement = _VERIFY.format(group[0].note.grant)
    cursor.execute(statement, ([one.given for one in group],))
    answers = [Verified(*row) for row in cursor.fetchall()]
    for one, found in zip(group, answers, strict=True):
        if found.answer is None:
            raise Problem(403, "grant-not-in-force", "The grant has ended or was revoked.")
        one.note.ids = [found.subject] if found.subject else []
        one.note.rows, one.note.outcome = (1, "ok") if found.subject else (0, "none")
    return answers
