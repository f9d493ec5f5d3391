"""The identity ledger in the lake: what a run reads, what it found before, what it leaves.

``identity.<entity>_input`` notes which snapshot of each staged table a run reads; everything else
of a run is a function of those, of the decisions, the declaration and the ledger before.
"""

import ibis
import ibis.expr.types as ir

from pipelines.errors import TableMissing
from pipelines.flows.workplace import Workplace
from pipelines.libraries import Library
from pipelines.registry import load_sources
from pipelines.resolve.events import EVENT_SCHEMA
from pipelines.resolve.resolve import Resolved

RECORD_ORDER = ("source", "source_key")
QUESTION_ORDER = ("left_source", "left_key", "right_source", "right_key", "kind")


def note_inputs(place: Workplace, library: Library, run: str) -> None:
    """Keep which snapshot of which staged table this run reads."""
    sources = [s for s in load_sources(place.settings).values() if s.library == library.name]
    read = {s.name: place.lake.snapshot_id(f"staged.{s.name}") for s in sources}
    inputs = {name: snapshot for name, snapshot in read.items() if snapshot is not None}
    if not inputs:
        raise TableMissing(f"staged tables of {library.name}", None, "Ingest its sources first.")
    rows = ibis.memtable(
        {"source": list(inputs), "snapshot_id": list(inputs.values())},
        schema=ibis.schema({"source": "string", "snapshot_id": "int64"}),
    )
    table = f"identity.{library.entity}_input"
    place.lake.write(place.con, rows, table, batch=run, order_by=("source",))


def ledger_before(
    place: Workplace, library: Library, run: str
) -> tuple[ir.Table | None, ir.Table | None]:
    """The ledger and its events as they were before this run began, also when it is repeated.

    Events of a run that died before its ledger was written have a later ``sequence`` than the
    ledger and are left out; those of an earlier run of the same name stay.
    """
    table = f"identity.{library.entity}_record"
    if not place.lake.has(table):
        return None, None
    written = place.lake.properties(table, None)
    before, latest = place.lake.snapshot_id(table), int(written.get("sequence", 0))
    if written["run"] == run:
        before = int(written["previous"]) if written["previous"] else None
        latest -= 1
    if before is None:
        return None, None
    events = _complete(place.lake.read(place.con, f"identity.{library.entity}_event"))
    earlier = events.filter(events.sequence <= latest)
    return place.lake.read(place.con, table, snapshot_id=before), earlier


def _complete(events: ir.Table) -> ir.Table:
    """With the columns that events have today; those of an earlier version come before all."""
    lacking = {n: ibis.null(kind) for n, kind in EVENT_SCHEMA.items() if n not in events.columns}
    whole = events.mutate(**lacking)
    return whole.mutate(sequence=whole.sequence.fill_null(0))


def keep_ledger(
    place: Workplace, library: Library, run: str, resolved: Resolved, events: ir.Table | None
) -> None:
    """Events first: should the process die in between, a repeat finds the ledger untouched."""
    table = f"identity.{library.entity}_record"
    previous = str(place.lake.snapshot_id(table) or "")
    if place.lake.has(table) and place.lake.properties(table, None)["run"] == run:
        previous = place.lake.properties(table, None)["previous"]
    told = resolved.event
    if events is not None:  # an older run of this name has its own events, which are kept
        told = events.filter(events.run == run).select(*told.columns).union(told, distinct=False)
    place.lake.write(
        place.con,
        told,
        f"identity.{library.entity}_event",
        batch=run,
        order_by=("sequence", "kind", "entity_id", "other_entity_id"),
    )
    place.lake.write(
        place.con,
        resolved.disputed,
        f"identity.{library.entity}_dispute",
        batch=None,
        order_by=RECORD_ORDER,
    )
    place.lake.write(
        place.con,
        resolved.question,
        f"identity.{library.entity}_question",
        batch=None,
        order_by=QUESTION_ORDER,
    )
    place.lake.write(
        place.con,
        resolved.index,
        f"identity.{library.entity}_index",
        batch=None,
        order_by=RECORD_ORDER,
    )
    place.lake.write(
        place.con,
        resolved.record,
        table,
        batch=None,
        order_by=RECORD_ORDER,
        properties={"run": run, "previous": previous, "sequence": str(resolved.sequence)},
    )
