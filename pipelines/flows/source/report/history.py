"""What a batch is compared with in its report: the batches before it, and what was told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.batch import batch_key
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import Session
from pipelines.warehouse import (
    BatchRecord,
    Told,
    read_batches,
    read_passed_over_batches,
    read_told,
)

HISTORY = 12  # batches on a chart


@dataclass(frozen=True)
class History:
    """A batch, those before it that count, and what reports said of these; all oldest first."""

    record: BatchRecord
    before: Sequence[BatchRecord]
    told: Sequence[Told]
    last_event: int | None  # of the last report, be it of a batch that was stopped

    @property
    def against_told(self) -> bool:
        """Whether the batch is compared with one that its owner was told of."""
        return bool(self.told)

    @property
    def against(self) -> str:
        """The batch to compare with: the last one that was told of; "" where there is none."""
        return (self.told or self.before)[-1].batch if self.told or self.before else ""


def read_history(session: Session, source: Source, batch: str) -> History:
    """A batch that a gate stopped is compared with those before it, and nothing with it."""
    every = read_batches(session.warehouse, source.name)
    (record,) = (each for each in every if each.batch == batch)
    this, passed_over = batch_key(batch), read_passed_over_batches(session.warehouse, source.name)
    before = [
        each
        for each in every
        if batch_key(each.batch) < this
        and each.staged is not None
        and each.batch not in passed_over
    ][-HISTORY + 1 :]
    said = [e for e in read_told(session.warehouse, source.name) if batch_key(e.batch) < this]
    counted = {each.batch for each in before}
    told = [each for each in said if each.batch in counted]
    return History(record, before, told, said[-1].last_event if said else None)
