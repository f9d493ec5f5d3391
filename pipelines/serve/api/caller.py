"""Who asks: access token, grant, limits, actor and case, checked before any endpoint runs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Request
from fastapi.concurrency import run_in_threadpool

from pipelines.batch import CHINA
from pipelines.serve.api.database import Note, ServiceDatabase
from pipelines.serve.api.meter import Meter
from pipelines.serve.api.problems import Problem
from pipelines.serve.api.tokens import read_token
from pipelines.serve.api.verifying import Verifier

_REMEMBERED = 5.0  # seconds that a grant's declaration is; its role and term are judged each time
_SEALED_WITHIN = 4 * 3600  # seconds: a log that is not sealed any more is no log (as X-Road has it)
_LONGEST = 200  # characters of an actor or a case
_CHECK_SEALS = 60.0
_SOON = 0.05  # seconds within which what is remembered is used


@dataclass(frozen=True)
class Caller:
    """A consumer's request: its grant as declared, and who asks in which case."""

    database: ServiceDatabase
    verifier: Verifier
    meter: Meter
    grant: Mapping[str, Any]
    actor: str
    case_no: str

    @property
    def name(self) -> str:
        """The grant's name."""
        return str(self.grant["name"])

    def note(self, operation: str, **found: Any) -> Note:
        """What the log shall keep of this request."""
        return Note(
            operation,
            self.name,
            str(self.grant["library"]),
            self.actor,
            self.case_no,
            **found,
        )

    def may(self, operation: str, library: str | None = None) -> bool:
        """Whether the grant allows an operation at all, of its library."""
        return library in (None, self.grant["library"]) and operation in self.grant["operations"]

    def admit(self, operation: str, library: str | None = None) -> None:
        """Refuse what the grant does not allow at all; the database refuses the rest.

        Raises:
            Problem: another library, or an operation that is not granted.
        """
        if not self.may(operation, library):
            detail = (
                f"The grant is for {self.grant['library']}: {', '.join(self.grant['operations'])}."
            )
            problem = Problem(403, "not-granted", detail)
            self.database.refuse(self.note(operation), problem)
            raise problem

    def spend(self, rows: int) -> None:
        """Count rows that were answered against the day's limit."""
        if rows:
            self.meter.add_rows(self.name, rows)


class Grants:
    """Declarations of the grants, read again after a few seconds."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database, self._lock = database, Lock()
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._sealed_until = 0.0

    def find(self, name: str) -> Mapping[str, Any] | None:
        """The declaration of a grant in force, or None."""
        now = time.monotonic()
        kept = self._known.get(name)
        if kept is None or kept[0] < now:
            row = self._read(name)
            if row is None:
                self._known.pop(name, None)
                return None
            kept = self._known[name] = now + _REMEMBERED, row
        return kept[1]

    def remembers(self, name: str) -> bool:
        """Whether the grant and the last seal need not be read now."""
        now, kept = time.monotonic(), self._known.get(name)
        return kept is not None and now < kept[0] - _SOON and now < self._sealed_until - _SOON

    def _read(self, name: str) -> Mapping[str, Any] | None:
        today = datetime.now(CHINA).date()
        with self._database.service() as connection:
            row = connection.execute(
                "SELECT declared FROM serve.grant WHERE name = %s AND is_active"
                " AND %s BETWEEN valid_from AND valid_to",
                (name, today),
            ).fetchone()
        return row[0] if row else None

    def refuse_unsealed(self) -> None:
        """Answer nothing while the log is not being sealed.

        Raises:
            Problem: the last seal is older than four hours.
        """
        now = time.monotonic()
        if now < self._sealed_until:
            return
        with self._database.service() as connection:
            row = connection.execute(
                "SELECT extract(epoch FROM now() - max(sealed_at)) FROM audit.seal"
            ).fetchone()
        if row is None or row[0] is None or row[0] > _SEALED_WITHIN:
            detail = "The audit log has not been sealed for four hours. Run `baselib audit seal`."
            raise Problem(503, "log-not-sealed", detail, {"Retry-After": "60"})
        self._sealed_until = now + _CHECK_SEALS


async def caller(
    request: Request,
    authorization: Annotated[str, Header(description="Bearer ACCESS_TOKEN")] = "",
    baselib_actor: Annotated[str, Header(description="Who asks; percent-encoded UTF-8.")] = "",
    baselib_case: Annotated[str, Header(description="In which case; percent-encoded.")] = "",
) -> Caller:
    """The caller of a request.

    Raises:
        Problem: no valid token, grant not in force, no actor or case, or a limit is used up.
    """
    state = request.app.state
    name = read_token(state.token_key, state.audience, authorization.removeprefix("Bearer "))
    actor, case_no = _told(baselib_actor), _told(baselib_case)
    known = state.grants.remembers(name) and state.meter.has_room(name)
    if known and actor and case_no:  # nothing to ask the database, so no thread is needed
        return _admitted(state, name, actor, case_no)
    return await run_in_threadpool(_admitted, state, name, actor, case_no)


def _admitted(state: Any, name: str, actor: str, case_no: str) -> Caller:
    state.grants.refuse_unsealed()
    grant = state.grants.find(name)
    if grant is None:
        note = Note("access", name, "", "", "")
        problem = Problem(403, "grant-not-in-force", "The grant has ended or was revoked.")
        state.database.refuse(note, problem)
        raise problem
    who = Caller(state.database, state.verifier, state.meter, grant, actor, case_no)
    try:
        if not (who.actor and who.case_no):
            raise Problem(400, "actor-missing", "Send Baselib-Actor and Baselib-Case.")
        state.meter.count(name, grant["limits"])
    except Problem as problem:
        state.database.refuse(who.note("access"), problem)
        raise
    return who


def _told(header: str) -> str:
    text = unquote(header, errors="replace").strip()
    return "" if len(text) > _LONGEST or not text.isprintable() else text


Asking = Annotated[Caller, Depends(caller)]
