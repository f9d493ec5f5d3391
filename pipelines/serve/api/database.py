"""The service's database: one transaction per request reads as the grant, and notes it.

A request becomes the role of its grant, asks, becomes ``serve_login`` again and notes what it
asked; only when that is committed is it answered. A process killed before has answered nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from psycopg import Connection, Cursor, IsolationLevel, sql
from psycopg.errors import (
    DataError,
    InsufficientPrivilege,
    InvalidParameterValue,
    ProgramLimitExceeded,
    UndefinedFunction,
    UniqueViolation,
)
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from pipelines.serve.api.problems import Problem

Answer = TypeVar("Answer")
_CANARIES_KNOWN = 30.0  # seconds
_NOTE = """
SELECT audit.note(operation, grant_name, actor, case_no, request, library, subjects, columns, rows,
    outcome)
FROM jsonb_to_recordset(%s) AS noted (operation text, grant_name text, actor text, case_no text,
    request text, library text, subjects text[], columns text[], rows bigint, outcome text)"""


@dataclass
class Note:
    """What the log keeps of a request; the endpoint fills in what it found."""

    operation: str
    grant: str
    library: str
    actor: str
    case_no: str
    request: str = field(default_factory=lambda: uuid4().hex)
    ids: Sequence[str] = ()  # of entities, as the consumer calls them
    values: Sequence[str] = ()  # that were looked up: somebody may ask who looked for him
    columns: Sequence[str] = ()
    rows: int = 0
    outcome: str = "ok"


class ServiceDatabase:
    """The pool of connections as ``serve_login``."""

    def __init__(
        self, url: str, digests: Callable[[str], list[str]], connections: int = 16
    ) -> None:
        self.digests = digests  # of a subject, by each key of the site, the newest first
        self._known_canaries: set[str] = set()
        self._canaries_until = 0.0
        self.pool = ConnectionPool(
            url,
            min_size=2,
            max_size=connections,
            open=False,
            timeout=10,
            kwargs={"autocommit": True, "application_name": "baselib serve"},
            configure=_configure,
        )

    @contextmanager
    def service(self) -> Iterator[Connection[Any]]:
        """A connection for what the service itself may do; each statement is a transaction."""
        with self.pool.connection() as connection:
            yield connection

    def ask(self, note: Note, question: Callable[[Cursor[Any]], Answer]) -> Answer:
        """Answer of ``question``, asked as the grant, when it is noted.

        Raises:
            Problem: the grant does not allow it, or it is not in force; that is noted, too.
        """
        try:
            return self.ask_all([note], question)
        except Problem as problem:
            self.refuse(note, problem)
            raise

    def ask_all(self, notes: Sequence[Note], question: Callable[[Cursor[Any]], Answer]) -> Answer:
        """Answer of a question that several requests of one grant share, when all are noted.

        Raises:
            Problem: the grant does not allow it, or it is not in force; nothing is noted yet.
        """
        try:
            return self._ask(notes, question)
        except (InsufficientPrivilege, UndefinedFunction):
            problem = Problem(403, "not-granted", "The grant does not allow this operation.")
        except ProgramLimitExceeded:
            detail = "More rows than the grant allows in one answer. Ask for less."
            problem = Problem(422, "too-many-rows", detail)
        except UniqueViolation:
            problem = Problem(409, "in-progress", "The same request is being answered just now.")
        except InvalidParameterValue as wrong:
            detail = (wrong.diag.message_primary or "").capitalize() + "."
            problem = Problem(422, "look-up-not-granted", detail)
        except DataError:
            problem = Problem(422, "request-invalid", "A value is not of its column's type.")
        raise problem

    def refuse(self, note: Note, problem: Problem) -> None:
        """Note that a request is refused, in a transaction of its own."""
        note.outcome, note.rows = f"refused: {problem.name}", 0
        with self.pool.connection() as connection, connection.transaction():
            self._note(connection.cursor(), [note])

    def _ask(self, notes: Sequence[Note], question: Callable[[Cursor[Any]], Answer]) -> Answer:
        role = sql.Identifier(f"g_{notes[0].grant}")
        # What needs no answer is sent with what comes after it: two round trips for a request.
        with (
            self.pool.connection() as connection,
            connection.pipeline(),
            connection.transaction(),
        ):
            cursor = connection.cursor()
            cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(role))
            answer = question(cursor)
            cursor.execute("SET LOCAL ROLE NONE")
            self._note(cursor, notes)
        return answer

    def _note(self, cursor: Cursor[Any], notes: Sequence[Note]) -> None:
        """Note requests, all by one statement."""
        cursor.execute(_NOTE, (Jsonb([self._row(cursor, note) for note in notes]),))

    def _row(self, cursor: Cursor[Any], note: Note) -> dict[str, object]:
        looked_up = [self.digests(one) for one in note.values]
        if note.outcome in ("ok", "none") and not self._canaries(cursor).isdisjoint(
            digest for digests in looked_up for digest in digests
        ):
            note.outcome = "canary"
        return {
            "operation": note.operation,
            "grant_name": note.grant,
            "actor": note.actor,
            "case_no": note.case_no,
            "request": note.request,
            "library": note.library,
            "subjects": [*(self.digests(one)[0] for one in note.ids), *(d[0] for d in looked_up)],
            "columns": list(note.columns),
            "rows": note.rows,
            "outcome": note.outcome,
        }

    def _canaries(self, cursor: Cursor[Any]) -> set[str]:
        """Digests of what nobody should know; read again every half minute."""
        now = time.monotonic()
        if now > self._canaries_until:
            rows = cursor.execute("SELECT digest FROM audit.canary").fetchall()
            self._known_canaries = {row[0] for row in rows}
            self._canaries_until = now + _CANARIES_KNOWN
        return self._known_canaries


def _configure(connection: Connection[Any]) -> None:
    connection.isolation_level = IsolationLevel.REPEATABLE_READ  # one state for all of an answer
    connection.prepare_threshold = 3
