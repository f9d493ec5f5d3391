"""What a run of a library reads: the snapshots that ``resolve`` noted, and no later ones."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import ibis.expr.types as ir

from pipelines.contracts import load_sources
from pipelines.errors import TableMissing
from pipelines.flows.shared.batches import with_equal_batches
from pipelines.flows.shared.session import Session
from pipelines.libraries import Library
from pipelines.records import current_records, library_records
from pipelines.warehouse import read_publications


def latest_run(session: Session, library: Library) -> str:
    """The run that the identity ledger is of.

    Raises:
        TableMissing: the library has never been resolved.
    """
    table = f"identity.{library.entity}_event"
    # not the ledger's own property: a run that changes nothing in it writes nothing to it
    run = session.lake.last_batch(table)
    if run is None:
        raise TableMissing(table, None, f"Run `baselib run {library.name}` first.")
    return run


def inputs_of_run(session: Session, library: Library, run: str) -> Sequence[Mapping[str, Any]]:
    """What the run reads: ``source``, ``snapshot_id``, and ``batches`` of it that were not stopped.

    ``equal`` are further batches, each with the one of those that it is equal to. A run of an
    earlier version, which noted no stopped batches, read all of them.
    """
    noted: list[dict[str, Any]] = session.con.to_pyarrow(
        session.lake.read(session.con, f"identity.{library.entity}_input", run)
    ).to_pylist()
    for row in noted:
        stopped = set(json.loads(row.get("stopped") or "[]"))
        all_ = session.lake.batches(f"staged.{row['source']}", snapshot_id=row["snapshot_id"])
        row["batches"] = [batch for batch in all_ if batch not in stopped]
        row["equal"] = json.loads(row.get("equal") or "{}")
    return noted


def current_of_run(session: Session, library: Library, run: str) -> Mapping[str, ir.Table]:
    """Per source, what it says today according to the snapshots that the run reads."""
    sources = load_sources(session.settings)
    current = {}
    for row in inputs_of_run(session, library, run):
        name = row["source"]
        staged = session.lake.read(session.con, f"staged.{name}", snapshot_id=row["snapshot_id"])
        read = with_equal_batches(
            staged.filter(staged["_batch"].isin(row["batches"])), row["equal"]
        )
        current[name] = current_records(read, sources[name].delivery)
    return current


def records_of_run(session: Session, library: Library, run: str) -> ir.Table:
    """``library_records`` of what the run reads."""
    return library_records(current_of_run(session, library, run), library)


def published_crosswalk(session: Session, library: Library) -> ir.Table | None:
    """``entity_id, source, source_key, rule`` of every record, as it was published last."""
    publications = read_publications(session.warehouse, library.name)
    table = f"core.{library.entity}_source"
    if not publications:
        return None
    snapshot = publications[-1].snapshot_ids[table]
    rows = session.lake.read(session.con, table, snapshot_id=snapshot)
    return rows.select("entity_id", "source", "source_key", "rule")
