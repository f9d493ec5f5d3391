"""Give a batch rows of its own that was equal to another, before either is staged again."""

from pipelines.batch import batch_key
from pipelines.contracts.source import Source
from pipelines.flows.shared.batches import raw_batch, staged_batch
from pipelines.flows.shared.session import Session
from pipelines.warehouse.quality.equal_batches import move_equal_batches, read_equal_batches

LINE_ORDER = ("_file", "_line")


def take_own_raw(session: Session, source: Source, batch: str) -> None:
    """Let a batch that is equal to another be staged by itself: with its own corrections, say."""
    root = read_equal_batches(session.warehouse, source.name).get(batch)
    if root is not None and not session.lake.has(f"raw.{source.name}", batch):
        _copy_raw(session, source, batch, root)


def hand_over_rows(session: Session, source: Source, root: str) -> None:
    """Keep what batches equal to ``root`` were judged to be, before it is judged by other rules.

    The latest of them gets its rows, and the others are equal to that one. A batch is judged by new
    rules when it is run again, and not when an older one is.
    """
    equal = read_equal_batches(session.warehouse, source.name)
    heirs = sorted((batch for batch, its in equal.items() if its == root), key=batch_key)
    if not heirs:
        return
    latest = heirs[-1]
    _copy_raw(session, source, latest, root)
    rows = zip(("staged", "quarantine"), staged_batch(session, source.name, latest), strict=True)
    for layer, table in rows:
        name = f"{layer}.{source.name}"
        session.lake.write(session.con, table, name, batch=latest, order_by=LINE_ORDER)
    move_equal_batches(session.warehouse, source.name, root, latest)


def _copy_raw(session: Session, source: Source, batch: str, root: str) -> None:
    name = f"raw.{source.name}"
    session.lake.write(
        session.con,
        raw_batch(session, source.name, batch),
        name,
        batch=batch,
        order_by=LINE_ORDER,
        properties=session.lake.properties(name, root),
    )
