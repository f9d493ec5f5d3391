"""The mail outbox, ``quality.mail``: queued once, claimed by one sender, never sent twice.

A message passes to the mail server with the last line of its content. Just before, the attempt is
marked as handed over, in a transaction of its own; the server's answer ends it. An attempt that was
handed over and never ended belongs to a process that died (or lost its database) in between: that
message may have arrived, so nobody sends it again by himself.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from pipelines.batch import batch_key
from pipelines.warehouse.quality.tables import (
    Int4,
    delivered_order,
    quality_table,
    record_columns,
)

# Periods of messages that are no reports: of a delivery that was not taken, by cause; or not come;
# of a repair sheet that came back, by its content.
FAILED, REMINDER, RECEIPT = "failed", "reminder", "receipt"
DUTY = "duty"  # of late duties: its source is a department, its batch the Monday of the week
STATES = ("pending", "sent", "failed", "doubtful", "closed")
UNDELIVERED = ("failed", "doubtful")  # a person has to look
ANSWER_LENGTH = 500  # of a server's answer, characters kept


@dataclass(frozen=True)
class NewMail:
    """One part of one message to one recipient; ``path`` is its ``.eml`` file in the outbox."""

    period: str  # "batch", or that of a digest
    source: str  # "*" for a digest
    batch: str  # of a digest, the last day of its period
    recipient: str
    part: Int4
    parts: Int4
    message_id: str
    subject: str
    path: str


@dataclass(frozen=True)
class QueuedMail(NewMail):
    """A message in the outbox, and how often it was tried."""

    id: int
    state: str
    attempts: Int4
    last_error: str | None
    created_at: datetime


@dataclass(frozen=True)
class Told:
    """What a report said of a batch; None where it said nothing, or is older than this record."""

    source: str
    batch: str
    score: float | None = None
    dimensions: Mapping[str, float] | None = None  # by number, as in ``quality.score``
    last_event: int | None = None  # of the source's issues: what happened until then was told


MAIL = quality_table(
    "mail",
    QueuedMail,
    message_id=str | None,  # null: written before there were such ids
    next_attempt_at=datetime,
    sent_at=datetime | None,
)
MAIL_ABOUT = quality_table("mail_about", Told, mail_id=int)
MAIL_ATTEMPT = quality_table(
    "mail_attempt",
    id=int,
    mail_id=int,
    started_at=datetime,
    handed_over_at=datetime | None,
    ended_at=datetime | None,
    outcome=str | None,
    answer=str | None,
)


@dataclass(frozen=True)
class ClaimedMail:
    """A message locked for this sender until the block ends."""

    mail: QueuedMail
    about: Mapping[str, Sequence[str]]  # source to batches that the message reports
    interrupted: bool  # an earlier attempt may have delivered it
    engine: Engine
    connection: Connection

    def attempt(self) -> "Attempt":
        """Record that sending begins, in a transaction of its own: it survives this process."""
        with self.engine.begin() as own:
            new = insert(MAIL_ATTEMPT).values(mail_id=self.mail.id).returning(MAIL_ATTEMPT.c.id)
            return Attempt(self, int(own.execute(new).scalar_one()))

    def refuse(self, problem: str) -> None:
        """Mark as failed without an attempt: the contract does not name the recipient."""
        self._set_state("failed", problem)

    def doubt(self, problem: str) -> None:
        """Mark as doubtful: whether it arrived is not known."""
        self._set_state("doubtful", problem)

    def _set_state(self, state: str, problem: str | None, **values: object) -> None:
        mine = update(MAIL).where(MAIL.c.id == self.mail.id)
        error = None if problem is None else problem[:ANSWER_LENGTH]
        self.connection.execute(mine.values(state=state, last_error=error, **values))


@dataclass(frozen=True)
class Attempt:
    """One try to send a claimed message."""

    claimed: ClaimedMail
    id: int

    def hand_over(self) -> None:
        """Record that the server may have the message from here on; survives this process."""
        with self.claimed.engine.begin() as own:
            mine = update(MAIL_ATTEMPT).where(MAIL_ATTEMPT.c.id == self.id)
            own.execute(mine.values(handed_over_at=func.clock_timestamp()))

    def sent(self) -> None:
        """The server took it."""
        self._end("sent", None)
        self._set_state("sent", None, sent_at=func.now())

    def failed(self, problem: str, retry_after: timedelta | None) -> None:
        """The server did not take it; ``retry_after=None``: nor ever will."""
        if retry_after is None:
            self._end("refused", problem)
            self._set_state("failed", problem)
        else:
            self._end("deferred", problem)
            self._set_state("pending", problem, next_attempt_at=func.now() + retry_after)

    def doubted(self, problem: str) -> None:
        """It was handed over, and no answer came."""
        self._end("doubtful", problem)
        self._set_state("doubtful", problem)

    def _end(self, outcome: str, problem: str | None) -> None:
        mine = update(MAIL_ATTEMPT).where(MAIL_ATTEMPT.c.id == self.id)
        answer = None if problem is None else problem[:ANSWER_LENGTH]
        ended = {"outcome": outcome, "answer": answer, "ended_at": func.clock_timestamp()}
        self.claimed.connection.execute(mine.values(**ended))

    def _set_state(self, state: str, problem: str | None, **values: object) -> None:
        self.claimed._set_state(state, problem, attempts=MAIL.c.attempts + 1, **values)


def queue_mail(
    engine: Engine,
    parts: Sequence[NewMail],
    about: Sequence[Told],
    when: datetime | None = None,
) -> bool:
    """Put all parts of a message to one recipient into the outbox, or none of them.

    Args:
        engine: The warehouse.
        parts: Of the same message.
        about: Every batch that the message reports, and what it says of it.
        when: When it was written, if not now.

    Returns:
        False if the recipient has a message of that period, source and batch already.
    """
    with engine.begin() as connection:
        new = upsert(MAIL).on_conflict_do_nothing().returning(MAIL.c.id)
        written = {} if when is None else {"created_at": when}
        rows = [{**vars(part), **written} for part in parts]
        ids = [connection.execute(new.values(row)).scalar_one_or_none() for row in rows]
        if None in ids:
            connection.rollback()
            return False
        told = {(each.source, each.batch): vars(each) for each in about}
        subjects = [{"mail_id": i, **each} for i in ids for each in told.values()]
        if subjects:
            connection.execute(insert(MAIL_ABOUT), subjects)
        return True


def has_mail(engine: Engine, *, period: str, source: str, batch: str, recipient: str) -> bool:
    """Whether that recipient has a message of that period, source and batch."""
    given = {"period": period, "source": source, "batch": batch, "recipient": recipient}
    query = select(MAIL.c.id).where(*(MAIL.c[name] == value for name, value in given.items()))
    with engine.connect() as connection:
        return connection.execute(query.limit(1)).first() is not None


def has_failure_notice(engine: Engine, source: str, since: str) -> bool:
    """Whether the owner was told that a delivery of a batch later than ``since`` was not taken."""
    later = delivered_order(MAIL.c.batch) > batch_key(since)
    query = select(MAIL.c.id).where(
        MAIL.c.source == source, MAIL.c.period.startswith(f"{FAILED} "), later
    )
    with engine.connect() as connection:
        return connection.execute(query.limit(1)).first() is not None


def reported_batches(engine: Engine, recipient: str) -> set[tuple[str, str]]:
    """Every ``(source, batch)`` that a message to the recipient reports, sent or not."""
    joined = MAIL_ABOUT.join(MAIL, MAIL.c.id == MAIL_ABOUT.c.mail_id)
    query = select(MAIL_ABOUT.c.source, MAIL_ABOUT.c.batch).select_from(joined)
    with engine.connect() as connection:
        rows = connection.execute(query.where(MAIL.c.recipient == recipient))
        return {(source, batch) for source, batch in rows}


def read_told(engine: Engine, source: str) -> list[Told]:
    """What owners were told of a source's batches, by batch; of several mails the latest counts.

    One that was refused for good, or was given up, told nobody anything.
    """
    joined = MAIL_ABOUT.join(MAIL, MAIL.c.id == MAIL_ABOUT.c.mail_id)
    query = select(*record_columns(MAIL_ABOUT, Told)).select_from(joined)
    theirs = query.where(MAIL_ABOUT.c.source == source, MAIL.c.state.not_in(("failed", "closed")))
    with engine.connect() as connection:
        rows = connection.execute(theirs.order_by(delivered_order(MAIL_ABOUT.c.batch), MAIL.c.id))
        return list({row.batch: Told(**row._mapping) for row in rows}.values())


@contextmanager
def claim_mail(engine: Engine) -> Iterator[ClaimedMail | None]:
    """The message that has been due longest, or ``None``; other senders skip it meanwhile.

    If the block raises, or the process dies, the message is due again.
    """
    due = select(*record_columns(MAIL, QueuedMail)).where(
        MAIL.c.state == "pending", MAIL.c.next_attempt_at <= func.now()
    )
    first = due.order_by(MAIL.c.next_attempt_at, MAIL.c.id).limit(1)
    with engine.begin() as connection:
        # FOR NO KEY UPDATE: an attempt that refers to the row is written by another connection
        row = connection.execute(first.with_for_update(skip_locked=True, key_share=True)).first()
        yield _claimed(engine, connection, QueuedMail(**row._mapping)) if row else None


def _claimed(engine: Engine, connection: Connection, mail: QueuedMail) -> ClaimedMail:
    subjects = select(MAIL_ABOUT.c.source, MAIL_ABOUT.c.batch).where(
        MAIL_ABOUT.c.mail_id == mail.id
    )
    about: dict[str, list[str]] = {}
    for source, batch in connection.execute(
        subjects.order_by(MAIL_ABOUT.c.source, delivered_order(MAIL_ABOUT.c.batch))
    ):
        about.setdefault(source, []).append(batch)
    a = MAIL_ATTEMPT.c
    unfinished = select(a.id).where(
        a.mail_id == mail.id, a.handed_over_at.is_not(None), a.ended_at.is_(None)
    )
    interrupted = connection.execute(unfinished.limit(1)).first() is not None
    return ClaimedMail(mail, about, interrupted, engine, connection)


def read_mail(engine: Engine, states: Sequence[str] = STATES) -> list[QueuedMail]:
    """The messages of the outbox in these states, oldest first."""
    columns = record_columns(MAIL, QueuedMail)
    query = select(*columns).where(MAIL.c.state.in_(states)).order_by(MAIL.c.id)
    with engine.connect() as connection:
        return [QueuedMail(**row) for row in connection.execute(query).mappings()]


def settle_mail(engine: Engine, identifiers: Sequence[int], state: str) -> int:
    """Set undelivered messages to ``pending`` (send again) or ``closed``, as a person decided.

    Returns:
        How many of them were undelivered, and are as he decided now.
    """
    with engine.begin() as connection:
        these = MAIL.c.id.in_(identifiers), MAIL.c.state.in_(UNDELIVERED)
        locked = select(MAIL.c.id).where(*these).with_for_update(key_share=True)
        ids = list(connection.execute(locked).scalars())
        fresh = {"attempts": 0, "next_attempt_at": func.now()} if state == "pending" else {}
        connection.execute(update(MAIL).where(MAIL.c.id.in_(ids)).values(state=state, **fresh))
        # the person has looked: what was cut short no longer keeps the message from being sent
        unfinished = update(MAIL_ATTEMPT).where(
            MAIL_ATTEMPT.c.mail_id.in_(ids), MAIL_ATTEMPT.c.ended_at.is_(None)
        )
        connection.execute(unfinished.values(ended_at=func.clock_timestamp(), outcome="doubtful"))
        return len(ids)


def count_mail(engine: Engine) -> dict[str, int]:
    """How many messages are in each of ``STATES``."""
    query = select(MAIL.c.state, func.count()).group_by(MAIL.c.state)
    with engine.connect() as connection:
        counted = {str(state): int(count) for state, count in connection.execute(query)}
    return {state: counted.get(state, 0) for state in STATES}
