"""The mail outbox, ``quality.mail``: queued once, claimed by one sender at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from pipelines.warehouse.quality_tables import MAIL


@dataclass(frozen=True)
class QueuedMail:
    """One message; ``path`` is its ``.eml`` file in the outbox folder."""

    id: int
    source: str
    batch: str
    recipient: str
    subject: str
    path: str
    attempts: int


@dataclass(frozen=True)
class ClaimedMail:
    """A message that nobody else can claim until the block ends; say what became of it."""

    mail: QueuedMail
    connection: Connection

    def sent(self) -> None:
        """The server took it."""
        self._note(state="sent", sent_at=func.now(), last_error=None)

    def failed(self, problem: str, retry_after: timedelta | None) -> None:
        """The server did not take it; ``retry_after=None``: nor ever will."""
        if retry_after is None:
            self._note(state="failed", last_error=problem)
        else:
            self._note(last_error=problem, next_attempt_at=func.now() + retry_after)

    def _note(self, **values: object) -> None:
        mine = update(MAIL).where(MAIL.c.id == self.mail.id)
        self.connection.execute(mine.values(attempts=MAIL.c.attempts + 1, **values))


def queue_mail(
    engine: Engine, *, source: str, batch: str, recipient: str, subject: str, path: str
) -> bool:
    """Put a message into the outbox; ``False`` if that recipient has one about this batch."""
    new = upsert(MAIL).values(
        source=source, batch=batch, recipient=recipient, subject=subject, path=path
    )
    with engine.begin() as connection:
        added = new.on_conflict_do_nothing().returning(MAIL.c.id)
        return connection.execute(added).first() is not None


@contextmanager
def claim_mail(engine: Engine) -> Iterator[ClaimedMail | None]:
    """The message that has been due longest, or ``None``; other senders skip it meanwhile.

    If the block raises, or the process dies, the message is due again.
    """
    columns = [MAIL.c[name] for name in QueuedMail.__dataclass_fields__]
    due = select(*columns).where(MAIL.c.state == "pending", MAIL.c.next_attempt_at <= func.now())
    first = due.order_by(MAIL.c.next_attempt_at, MAIL.c.id).limit(1)
    with engine.begin() as connection:
        row = connection.execute(first.with_for_update(skip_locked=True)).mappings().first()
        yield ClaimedMail(QueuedMail(**row), connection) if row else None


def count_mail(engine: Engine) -> dict[str, int]:
    """How many messages are ``pending``, ``sent`` and ``failed``."""
    query = select(MAIL.c.state, func.count()).group_by(MAIL.c.state)
    with engine.connect() as connection:
        counted = {str(state): int(count) for state, count in connection.execute(query)}
    return {state: counted.get(state, 0) for state in ("pending", "sent", "failed")}
