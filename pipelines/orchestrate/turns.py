"""Whose turn it is: batches of one source are taken in order, one at a time, whoever starts them.

Airflow bounds how many runs of a DAG are active, by back-fill and for all others together; it has
no order between them. So a task asks before it works: a run goes on unless another is in the middle
of its batch, or has an earlier batch and is about to begin.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.batch import batch_key

_ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
_NOT_BEGUN = {None, "none", "scheduled", "queued", "up_for_reschedule"}
_PAUSE = timedelta(seconds=15)  # between two looks; each costs the start of a process
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class BatchRun:
    """A run of one source's DAG, as far as it has come."""

    run_id: str
    batch: str
    due: datetime
    active: bool  # the scheduler may start tasks of it
    begun: bool  # its first task has worked, or works

    @property
    def order(self) -> tuple[str, datetime, str]:
        """By batch; the same batch again in the order in which it was asked for."""
        return batch_key(self.batch), self.due, self.run_id


def has_begun(first_task: str | None) -> bool:
    """Whether a run whose first task is in this state has touched its batch."""
    return first_task not in _NOT_BEGUN


def has_ended(last_tasks: Iterable[str | None]) -> bool:
    """Whether nothing of a run can happen any more, by the states of the tasks that end it."""
    return all(state in _ENDED for state in last_tasks)


def runs_ahead(mine: BatchRun, others: Iterable[BatchRun]) -> Sequence[BatchRun]:
    """The runs that mine has to wait for, the next one first."""
    ahead = [
        other
        for other in others
        if other.active and other.run_id != mine.run_id and _goes_first(other, mine)
    ]
    return sorted(ahead, key=lambda run: (not run.begun, run.order))


def pause_behind(ahead: Sequence[BatchRun]) -> timedelta:
    """How long to wait before the next look: the longer, the more runs go first."""
    return min(_PAUSE * len(ahead), _LONGEST_PAUSE)


def _goes_first(other: BatchRun, mine: BatchRun) -> bool:
    return other.begun if other.begun != mine.begun else other.order < mine.order
