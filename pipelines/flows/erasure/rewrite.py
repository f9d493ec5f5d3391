"""Write tables of the lake without some of their rows, and note where a replay begins after it."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack

import ibis
import ibis.expr.types as ir

from pipelines.contracts.source import Source
from pipelines.flows.shared.identity_ledger import RECORD_ORDER
from pipelines.flows.shared.ownership import working_on
from pipelines.flows.shared.run_inputs import inputs_of_run, latest_run
from pipelines.flows.shared.session import Session
from pipelines.flows.source.own_rows import LINE_ORDER
from pipelines.libraries import Library

Keep = Callable[[ir.Table], ir.Table]
LAYERS = ("raw", "staged", "quarantine")


def hold(session: Session, held: ExitStack, subjects: Iterable[Source | Library]) -> None:
    """Let nobody else work on these until the stack is closed; always in the same order."""
    for subject in sorted(subjects, key=lambda each: each.name):
        held.enter_context(working_on(session, subject))


def rewrite_batches(
    session: Session, table: str, keep: Keep, batches: Sequence[str] | None = None
) -> Mapping[str, int]:
    """Write each batch with what ``keep`` leaves of it; batch to rows that are gone."""
    gone: dict[str, int] = {}
    for batch in session.lake.batches(table):
        if batches is not None and batch not in batches:
            continue
        rows = session.lake.read(session.con, table, batch)
        kept = keep(rows)
        fewer = _count(session, rows) - _count(session, kept)
        if fewer:
            gone[batch] = fewer
            order = [name for name in (*LINE_ORDER, *RECORD_ORDER) if name in rows.columns]
            session.lake.write(
                session.con,
                kept,
                table,
                batch=batch,
                order_by=order,
                properties=session.lake.properties(table, batch),
            )
    return gone


def rewrite_whole(
    session: Session, table: str, keep: Keep, order: Sequence[str], **properties: str
) -> int:
    """As ``rewrite_batches``, of a table that is written as a whole; rows that are gone."""
    if not session.lake.has(table):
        return 0
    rows = session.lake.read(session.con, table)
    kept = keep(rows)
    fewer = _count(session, rows) - _count(session, kept)
    if fewer:
        session.lake.write(
            session.con,
            kept,
            table,
            batch=None,
            order_by=order,
            properties={**session.lake.properties(table, None), **properties},
            owner=session.lake.owner(table),
        )
    return fewer


def without_rows(rows: ir.Table) -> Keep:
    """Leaves what is not among ``_batch, _file, _line`` of ``rows``."""
    place = ("_batch", *LINE_ORDER)
    return lambda table: table.anti_join(rows.select(*place), place)


def latest_inputs(session: Session, library: Library) -> Mapping[str, Sequence[str]]:
    """What the last run of a library read: source to batches. Ask before anything is rewritten."""
    if not session.lake.has(f"identity.{library.entity}_input"):
        return {}
    inputs = inputs_of_run(session, library, latest_run(session, library))
    return {str(row["source"]): list(row["batches"]) for row in inputs}


def point_inputs(
    session: Session, library: Library, read: Mapping[str, Sequence[str]], changed: set[str]
) -> None:
    """Let the last run have read the same batches of the tables as they are now.

    The snapshots that it read are about to be forgotten.
    """
    table = f"identity.{library.entity}_input"
    if not read or not changed & read.keys():
        return
    run = latest_run(session, library)
    rows = session.con.to_pyarrow(session.lake.read(session.con, table, run)).to_pylist()
    for row in rows:
        if row["source"] in changed:
            staged = f"staged.{row['source']}"
            others = {*session.lake.batches(staged)} - {*read[row["source"]]}
            row |= {
                "snapshot_id": session.lake.snapshot_id(staged),
                "stopped": json.dumps(sorted(others)),
            }
    schema = session.lake.read(session.con, table, run).schema()
    columns = {name: [row[name] for row in rows] for name in schema}
    written = ibis.memtable(columns, schema=schema)
    session.lake.write(session.con, written, table, batch=run, order_by=("source",))


def _count(session: Session, rows: ir.Table) -> int:
    return int(session.con.execute(rows.count()))
