"""Rows of a batch: its own, or those of the batch that it is equal to, under its own name.

A delivery that says what the last one said is recorded and has no rows of its own in the lake (ADR
13). Whoever reads rows of a batch, or all batches of a source, reads them here and sees no
difference.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.batch import batch_key
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import Session
from pipelines.warehouse import record_batch
from pipelines.warehouse.quality.equal_batches import read_equal_batches


def note_check(session: Session, source: Source, batch: str, *, awaited: bool) -> None:
    """Note that rows of a batch wait for their check, and no library reads them; or no longer.

    ``awaited``: they wait.
    """
    record_batch(
        session.warehouse,
        source=source.name,
        batch=batch,
        library=source.library,
        awaits_check=awaited,
    )


def has_rows(session: Session, source: str, batch: str) -> bool:
    """Whether a batch was staged, or is equal to one that was."""
    return session.lake.has(f"quarantine.{source}", _root(session, source, batch))


def staged_batch(session: Session, source: str, batch: str) -> tuple[ir.Table, ir.Table]:
    """A batch of ``staged.<source>`` and the same of ``quarantine.<source>``.

    Raises:
        TableMissing: the batch was not staged.
    """
    root = _root(session, source, batch)
    staged, quarantined = (
        _named(session.lake.read(session.con, f"{layer}.{source}", root), root, batch)
        for layer in ("staged", "quarantine")
    )
    return staged, quarantined


def raw_batch(session: Session, source: str, batch: str) -> ir.Table:
    """A batch of ``raw.<source>``.

    Raises:
        TableMissing: the batch was not landed.
    """
    root = _root(session, source, batch)
    return _named(session.lake.read(session.con, f"raw.{source}", root), root, batch)


def staged_batches(session: Session, source: str) -> list[str]:
    """Every batch that was staged or is equal to one that was, in order of delivery."""
    own = session.lake.batches(f"staged.{source}")
    equal = read_equal_batches(session.warehouse, source)
    return sorted({*own, *(batch for batch, root in equal.items() if root in own)}, key=batch_key)


def all_rows(session: Session, layer: str, source: str) -> ir.Table:
    """All batches of ``staged.<source>`` or ``quarantine.<source>``, equal ones included."""
    rows = session.lake.read(session.con, f"{layer}.{source}")
    return with_equal_batches(rows, read_equal_batches(session.warehouse, source))


def with_equal_batches(rows: ir.Table, equal: Mapping[str, str]) -> ir.Table:
    """Rows of several batches, and once more those of each that a later batch is equal to.

    Of several that are equal to the same batch only the latest is added: what those between say is
    said before and after them.

    Args:
        rows: Of any layer, with ``_batch``.
        equal: Batch to the batch that it is equal to.
    """
    latest: dict[str, str] = {}
    for batch in sorted(equal, key=batch_key):
        latest[equal[batch]] = batch
    again = [
        rows.filter(rows["_batch"] == root).mutate(_batch=ibis.literal(batch))
        for root, batch in sorted(latest.items())
    ]
    return ibis.union(rows, *again, distinct=False) if again else rows


def _root(session: Session, source: str, batch: str) -> str:
    """The batch whose rows stand for this one: itself, if it has rows of its own."""
    return read_equal_batches(session.warehouse, source).get(batch, batch)


def _named(rows: ir.Table, root: str, batch: str) -> ir.Table:
    return rows if root == batch else rows.mutate(_batch=ibis.literal(batch))
