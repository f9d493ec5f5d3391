"""The append-only ledger of stewards' decisions, ``identity.decision``.

Reads and writes run as database role ``steward``, which may insert and read decisions and nothing
else, whoever is logged in.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, column, insert, select, table, text
from sqlalchemy.exc import DBAPIError

from pipelines.errors import DatabaseUnavailable
from pipelines.identity.review.decisions import Decision, Judgement, Pair, Record, Revocation
from pipelines.warehouse.server.locks import take_lock

_PAIR = ("left_source", "left_key", "right_source", "right_key")
_JUDGEMENT = (
    *("act", "question", "opinion", "verdict", "reason", "cause"),
    *("basis", "probability", "stratum", "model"),
)
_REVOKED = ("act", "reason", "revoked_by", "revoked_at")
_DECISION = table(
    "decision",
    *(column(name) for name in ("id", "library", *_PAIR, *_JUDGEMENT, "decided_by", "decided_at")),
    schema="identity",
)
_REVOCATION = table(
    "revocation",
    *(column(name) for name in ("decision", *_REVOKED)),
    schema="identity",
)


@dataclass(frozen=True)
class Ledger:
    """The decisions about one library, while nobody else can add any."""

    connection: Connection
    library: str
    decisions: list[Decision] = field(default_factory=list)

    def add(self, judgements: Sequence[Judgement]) -> list[Decision]:
        """Write decisions; they are in force once the block around the ledger has ended."""
        if judgements:
            self.connection.execute(insert(_DECISION), [self._row(each) for each in judgements])
        read_before = {decision.id for decision in self.decisions}
        added = [
            each for each in _read(self.connection, self.library) if each.id not in read_before
        ]
        self.decisions.extend(added)
        return added

    def revoke(self, decisions: Sequence[Decision], *, act: str, reason: str, by: str) -> None:
        """Revoke decisions; the rows themselves stay in the ledger unchanged."""
        rows = [
            {"decision": each.id, "act": act, "reason": reason, "revoked_by": by}
            for each in decisions
        ]
        if rows:
            self.connection.execute(insert(_REVOCATION), rows)
        self.decisions[:] = _read(self.connection, self.library)

    def _row(self, judged: Judgement) -> dict[str, Any]:
        left, right = judged.pair
        pair = dict(zip(_PAIR, (*left, *right), strict=True))
        fields = {name: getattr(judged, name) for name in _JUDGEMENT}
        return {"library": self.library, "decided_by": judged.by, **pair, **fields}


@contextmanager
def open_ledger(engine: Engine, library: str) -> Iterator[Ledger]:
    """The ledger of one library, to add to: one writer at a time, all or nothing.

    Raises:
        DatabaseUnavailable: the login may not act as ``steward``.
    """
    with _as_steward(engine, f"decide {library}") as connection:
        yield Ledger(connection, library, _read(connection, library))


def read_decisions(engine: Engine, library: str) -> list[Decision]:
    """All decisions ever made about a library, revoked ones too, oldest first.

    Raises:
        DatabaseUnavailable: the login may not act as ``steward``.
    """
    with _as_steward(engine) as connection:
        return _read(connection, library)


@contextmanager
def _as_steward(engine: Engine, lock: str | None = None) -> Iterator[Connection]:
    """A transaction as role ``steward``; the lock is taken before, the role may not."""
    with engine.begin() as connection:
        try:
            if lock:
                take_lock(connection, lock)
            connection.execute(text("SET LOCAL ROLE steward"))
        except DBAPIError as refused:
            problem = str(refused.orig).strip()
            remedy = "run `baselib db upgrade`, or have the site GRANT steward TO this login"
            raise DatabaseUnavailable("the decision ledger", f"{problem}; {remedy}") from None
        yield connection


def _read(connection: Connection, library: str) -> list[Decision]:
    revocation = [_REVOCATION.c[name].label(f"revocation_{name}") for name in _REVOKED]
    joined = _DECISION.outerjoin(_REVOCATION, _REVOCATION.c.decision == _DECISION.c.id)
    query = select(_DECISION, *revocation).select_from(joined)
    wanted = query.where(_DECISION.c.library == library).order_by(_DECISION.c.id)
    return [_decision(dict(row)) for row in connection.execute(wanted).mappings()]


def _decision(row: dict[str, Any]) -> Decision:
    revoked = None
    if row["revocation_act"] is not None:
        revoked = Revocation(*(row[f"revocation_{name}"] for name in _REVOKED))
    return Decision(
        id=row["id"],
        at=row["decided_at"],
        by=row["decided_by"],
        pair=Pair(
            Record(row["left_source"], row["left_key"]),
            Record(row["right_source"], row["right_key"]),
        ),
        revoked=revoked,
        **{name: row[name] for name in _JUDGEMENT},
    )
