"""What a run of a library reads: the snapshots that ``resolve`` noted, and no later ones."""

from collections.abc import Mapping

import ibis.expr.types as ir

from pipelines.errors import TableMissing
from pipelines.flows.workplace import Workplace
from pipelines.libraries import Library
from pipelines.registry import load_sources
from pipelines.resolve.records import current_records, library_records


def latest_run(place: Workplace, library: Library) -> str:
    """The run that the identity ledger is of.

    Raises:
        TableMissing: the library has never been resolved.
    """
    table = f"identity.{library.entity}_event"
    # not the ledger's own property: a run that changes nothing in it writes nothing to it
    run = place.lake.last_batch(table)
    if run is None:
        raise TableMissing(table, None, f"Run `baselib run {library.name}` first.")
    return run


def current_of_run(place: Workplace, library: Library, run: str) -> Mapping[str, ir.Table]:
    """Per source, what it says today according to the snapshots that the run reads."""
    noted = place.lake.read(place.con, f"identity.{library.entity}_input", run)
    inputs = place.con.to_pyarrow(noted).to_pylist()
    sources = load_sources(place.settings)
    return {
        row["source"]: current_records(
            place.lake.read(place.con, f"staged.{row['source']}", snapshot_id=row["snapshot_id"]),
            sources[row["source"]].delivery,
        )
        for row in inputs
    }


def records_of_run(place: Workplace, library: Library, run: str) -> ir.Table:
    """``library_records`` of what the run reads."""
    return library_records(current_of_run(place, library, run), library)
