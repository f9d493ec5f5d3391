"""The identity ledger in the lake: what a run reads, what it found before, what it leaves.

``identity.<entity>_input`` notes which snapshot of each staged table a run reads, which batches in
it are passed over (a critical expectation had stopped them, or their check had not ended), and
which batches are equal to the others; everything else of a run is a function of those, of the
decisions, the declaration and the ledger before.
"""

import json
from collections.abc import Collection, Mapping

import ibis
import ibis.expr.types as ir

from pipelines.contracts import load_sources
from pipelines.errors import TableMissing
from pipelines.flows.shared.session import Session
from pipelines.identity.ids.events import EVENT_SCHEMA
from pipelines.identity.resolve import Resolved
from pipelines.libraries import Library
from pipelines.warehouse import read_passed_over_batches
from pipelines.warehouse.quality.equal_batches import read_equal_batches

RECORD_ORDER = ("source", "source_key")
# ``stopped``: batches that are passed over; ``equal``: of further batches, to which each is equal.
# Both as JSON.
_INPUT_SCHEMA = {"source": "string", "snapshot_id": "int64", "stopped": "string", "equal": "string"}
QUESTION_ORDER = ("left_source", "left_key", "right_source", "right_key", "kind")


def note_inputs(
    session: Session,
    library: Library,
    run: str,
    read: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Keep which snapshot of which staged table this run reads, less what is passed over.

    Args:
        session: Lake and warehouse.
        library: Whose sources are read.
        run: The run that begins.
        read: In a replay, the batches of each source that the run read then: these and no others.

    Raises:
        TableMissing: no source of the library has a batch that may be read.
        ContractsRefused: the contract of a source that the last run read is faulty by now; without
            it the library would lose the records of that source.
    """
    sources = load_sources(session.settings)
    sources.refuse_faulty(_sources_read_before(session, library))
    ours = [source.name for source in sources.values() if source.library == library.name]
    input_rows = [_input_of(session, name, read) for name in ours]
    inputs = [each for each in input_rows if each is not None]
    if not inputs:
        remedy = "Ingest and check its sources first, or repair what stopped their batches."
        raise TableMissing(f"staged tables of {library.name}", None, remedy)
    names = ("source", "snapshot_id", "stopped", "equal")
    rows = ibis.memtable(
        {name: [each[column] for each in inputs] for column, name in enumerate(names)},
        schema=ibis.schema(_INPUT_SCHEMA),
    )
    table = f"identity.{library.entity}_input"
    session.lake.write(session.con, rows, table, batch=run, order_by=("source",))


def _sources_read_before(session: Session, library: Library) -> list[str]:
    """The sources that the last run of a library read."""
    table = f"identity.{library.entity}_input"
    run = session.lake.last_batch(table)
    if run is None:
        return []
    rows = session.lake.read(session.con, table, run)
    return sorted(session.con.to_pyarrow(rows.select("source")).column("source").to_pylist())


def _input_of(
    session: Session, source: str, read: Mapping[str, Collection[str]] | None
) -> tuple[str, int, str, str] | None:
    """``_INPUT_SCHEMA``; None where no batch may be read."""
    snapshot = session.lake.snapshot_id(f"staged.{source}")
    if snapshot is None:
        return None
    batches = session.lake.batches(f"staged.{source}", snapshot_id=snapshot)
    if read is None:
        passed_over = read_passed_over_batches(session.warehouse, source).intersection(batches)
    else:
        passed_over = {*batches}.difference(read.get(source, ()))
    ours = {*batches} - passed_over
    if not ours:
        return None
    # What has got rows of its own is read as itself, though it be noted as equal a moment longer.
    equal = {
        batch: root
        for batch, root in read_equal_batches(session.warehouse, source).items()
        if root in ours and batch not in batches
    }
    return source, snapshot, json.dumps(sorted(passed_over)), json.dumps(equal, sort_keys=True)


def ledger_before(
    session: Session, library: Library, run: str
) -> tuple[ir.Table | None, ir.Table | None]:
    """The ledger and its events as they were before this run began, also when it is repeated.

    Events of a run that died before its ledger was written have a later ``sequence`` than the
    ledger and are left out; those of an earlier run of the same name stay.
    """
    table = f"identity.{library.entity}_record"
    if not session.lake.has(table):
        return None, None
    written = session.lake.properties(table, None)
    before, latest = session.lake.snapshot_id(table), int(written.get("sequence", 0))
    if written["run"] == run:
        before = int(written["previous"]) if written["previous"] else None
        latest -= 1
    if before is None:
        return None, None
    events = _with_all_columns(session.lake.read(session.con, f"identity.{library.entity}_event"))
    earlier = events.filter(events.sequence <= latest)
    return session.lake.read(session.con, table, snapshot_id=before), earlier


def _with_all_columns(events: ir.Table) -> ir.Table:
    """With the columns that events have today; those of an earlier version come before all."""
    lacking = {n: ibis.null(kind) for n, kind in EVENT_SCHEMA.items() if n not in events.columns}
    whole = events.mutate(**lacking)
    return whole.mutate(sequence=whole.sequence.fill_null(0))


def keep_ledger(
    session: Session, library: Library, run: str, resolved: Resolved, events: ir.Table | None
) -> None:
    """Events first: should the process die in between, a repeat finds the ledger untouched."""
    table = f"identity.{library.entity}_record"
    previous = str(session.lake.snapshot_id(table) or "")
    if session.lake.has(table) and session.lake.properties(table, None)["run"] == run:
        previous = session.lake.properties(table, None)["previous"]
    event = resolved.event
    if events is not None:  # an older run of this name has its own events, which are kept
        event = events.filter(events.run == run).select(*event.columns).union(event, distinct=False)
    session.lake.write(
        session.con,
        event,
        f"identity.{library.entity}_event",
        batch=run,
        order_by=("sequence", "kind", "entity_id", "other_entity_id"),
    )
    further_tables = {
        "dispute": (resolved.conflicting, RECORD_ORDER),
        "question": (resolved.question, QUESTION_ORDER),
    }
    for name, (rows, order) in further_tables.items():
        name_in_lake = f"identity.{library.entity}_{name}"
        session.lake.write(session.con, rows, name_in_lake, batch=None, order_by=order)
    session.lake.write(
        session.con,
        resolved.record,
        table,
        batch=None,
        order_by=RECORD_ORDER,
        properties={"run": run, "previous": previous, "sequence": str(resolved.sequence)},
        owner=run,
    )
