"""Answers to work orders that came through the service, ``serve.work_order_answer``."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text


@dataclass(frozen=True)
class OrderAnswer:
    """One answer that waits to be taken; ``order_id`` is issue-… or dispute-…"""

    id: int
    order_id: str
    how: str
    note: str
    answered_by: str
    at: datetime

    @property
    def dispute(self) -> int | None:
        """The number of the dispute, if it is about one."""
        kind, _, name = self.order_id.partition("-")
        return int(name) if kind == "dispute" else None

    @property
    def fingerprint(self) -> str:
        """The issue's name, if it is about one."""
        return self.order_id.removeprefix("issue-")


def waiting_answers(engine: Engine) -> list[OrderAnswer]:
    """Answers that were not taken yet, oldest first."""
    with engine.connect() as connection:
        return [OrderAnswer(*row) for row in connection.execute(_WAITING)]


def answer_issue(engine: Engine, answer: OrderAnswer) -> bool:
    """Note that an issue was answered; answers whether it was still open."""
    about = {
        "fingerprint": answer.fingerprint,
        "at": answer.at,
        "who": answer.answered_by,
        "note": f"{answer.how}: {answer.note}",
    }
    with engine.begin() as connection:
        return connection.execute(_ANSWER, about).scalar() is not None


def mark_taken(engine: Engine, number: int, outcome: str) -> None:
    """Note what became of an answer."""
    with engine.begin() as connection:
        connection.execute(_TAKEN, {"id": number, "outcome": outcome})


_WAITING = text("""
SELECT id, order_id, how, note, answered_by, at FROM serve.work_order_answer
WHERE taken_at IS NULL ORDER BY id""")
_ANSWER = text("""
WITH before AS (
    SELECT fingerprint, state, last_batch FROM quality.issue
    WHERE fingerprint = :fingerprint AND closed_at IS NULL FOR UPDATE
), answered AS (
    UPDATE quality.issue AS issue SET state = 'answered', answered_at = :at
    FROM before WHERE issue.fingerprint = before.fingerprint
)
INSERT INTO quality.issue_event (fingerprint, kind, from_state, to_state, batch, at, who, note)
SELECT fingerprint, 'answered', state, 'answered', last_batch, :at, :who, :note FROM before
RETURNING id""")
_TAKEN = text("""
UPDATE serve.work_order_answer SET taken_at = now(), outcome = :outcome WHERE id = :id""")
