"""The identity ledger in the lake: what a run reads, what it found before, what it leaves.

``identity.<entity>_input`` notes which snapshot of each staged table a run reads, which batches in
it a critical expectation had stopped, and which batches are equal to them; everything else of a run
is a function of those, of the decisions, the declaration and the ledger before.
"""

import json

import ibis
import ibis.expr.types as ir

from pipelines.contracts import load_sources
from pipelines.errors import TableMissing
from pipelines.flows.shared.session import Session
from pipelines.identity.ids.events import EVENT_SCHEMA
from pipelines.identity.resolve import Resolved
from pipelines.libraries import Library
from pipelines.warehouse import read_stopped_batches
from pipelines.warehouse.quality.equal_batches import read_equal_batches

RECORD_ORDER = ("source", "source_key")
# ``stopped``: batches, as JSON; ``equal``: of further batches, to which each is equal, as JSON.
_INPUT_SCHEMA = {"source": "string", "snapshot_id": "int64", "stopped": "string", "equal": "string"}
QUESTION_ORDER = ("left_source", "left_key", "right_source", "right_key", "kind")


def note_inputs(session: Session, library: Library, run: str) -> None:
    """Keep which snapshot of which staged table this run reads, less what a gate has stopped.

    Raises:
        TableMissing: no source of the library has a batch that may be read.
        ContractsRefused: the contract of a source that the last run read is faulty by now; without
            it the library would lose the records of that source.
    """
    sources = load_sources(session.settings)
    sources.refuse_faulty(_sources_read_before(session, library))
    input_rows = [_input_of(session, s.name) for s in sources.values() if s.library == library.name]
    inputs = [each for each in input_rows if each is not None]
    if not inputs:
        remedy = "Ingest its sources first, or repair what stopped their batches."
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


def _input_of(session: Session, source: str) -> tuple[str, int, str, str] | None:
    """``_INPUT_SCHEMA``; None where no batch may be read."""
    snapshot = session.lake.snapshot_id(f"staged.{source}")
    if snapshot is None:
        return None
    batches = session.lake.batches(f"staged.{source}", snapshot_id=snapshot)
    stopped = sorted(read_stopped_batches(session.warehouse, source).intersection(batches))
    if len(stopped) == len(batches):
        return None
    equal = read_equal_batches(session.warehouse, source)
    read = {batch: root for batch, root in equal.items() if root in batches and root not in stopped}
    return source, snapshot, json.dumps(stopped), json.dumps(read, sort_keys=True)


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
