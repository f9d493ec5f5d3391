"""Build one library from its staged sources: resolve, merge, check, publish.

``resolve`` notes which snapshot of each staged table it read, and ``merge`` reads exactly those, so
that a source which is ingested in between cannot come half into a run. What ``merge`` makes are
candidates; only ``publish`` makes them ``core`` and ``base``.
"""

import os
from collections import Counter
from datetime import date
from pathlib import Path
from uuid import uuid4

import ibis
import ibis.expr.types as ir

from pipelines.batch import batch_date
from pipelines.errors import QualityGateFailed, TableMissing
from pipelines.flows.accuracy import check_accuracy
from pipelines.flows.decisions import note_decisions
from pipelines.flows.ingest import EXPECTATIONS
from pipelines.flows.inputs import records_of_run
from pipelines.flows.relink import (
    ENTITY_ORDER,
    look_up_links,
    published_tables,
    relink_others,
)
from pipelines.flows.results import (
    CheckResult,
    MergeResult,
    PublishResult,
    ResolveResult,
    count_failures,
)
from pipelines.flows.workplace import Workplace, identity_key, open_workplace
from pipelines.lake import Commit
from pipelines.lake.lock import table_lock
from pipelines.lake.types import storable
from pipelines.libraries import Library, libraries_linking_to, load_libraries, load_library
from pipelines.merge.golden import merge as merge_records
from pipelines.quality.outcome import gate
from pipelines.quality.suites import empty_core, library_parameters, suites_for_library
from pipelines.registry import load_sources
from pipelines.resolve.redirects import current_ids
from pipelines.resolve.resolve import Resolved
from pipelines.resolve.resolve import resolve as resolve_records
from pipelines.settings import Settings
from pipelines.warehouse import read_publications, record_expectations
from pipelines.warehouse.publish import publish as publish_tables

RECORD_ORDER = ("source", "source_key")
QUESTION_ORDER = ("left_source", "left_key", "right_source", "right_key", "kind")


def resolve(settings: Settings, library_name: str, run: str) -> ResolveResult:
    """Decide which staged records are the same entity, and keep the ledger.

    Raises:
        TableMissing: no source of the library has been staged.
        EntityIdCollision, EntityTooLarge: see ``pipelines.errors``.
    """
    library = load_library(library_name)
    with open_workplace(settings) as place, place.timed(library.name, run, "resolve"):
        _note_inputs(place, library, run)
        previous, events = _ledger_before(place, library, run)
        with place.materialised(records_of_run(place, library, run)) as records:
            resolved = resolve_records(
                place.con,
                records,
                library,
                key=identity_key(settings),
                run=run,
                previous=previous,
                events=events,
                decisions=note_decisions(place, library, run),
            )
            _keep_ledger(place, library, run, resolved)
        return _resolve_result(place, library, run)


def merge(settings: Settings, library_name: str, run: str) -> MergeResult:
    """Make one golden record of each entity, as candidates for publication.

    Raises:
        TableMissing: ``resolve`` has not run for this run.
    """
    library = load_library(library_name)
    with open_workplace(settings) as place, place.timed(library.name, run, "merge"):
        identity = place.lake.read(place.con, f"identity.{library.entity}_record")
        with place.materialised(records_of_run(place, library, run)) as records:
            merged = merge_records(records, identity, library)
            core = _write_core(place, merged.core, library)
            crosswalk = place.lake.write(
                place.con,
                merged.crosswalk,
                f"candidate.{library.entity}_source",
                batch=None,
                order_by=("entity_id", "record_no"),
            )
            if libraries_linking_to(library.name):
                place.lake.write(
                    place.con,
                    merged.further_identifier,
                    f"candidate.{library.entity}_identifier",
                    batch=None,
                    order_by=(*ENTITY_ORDER, library.identity.strong),
                )
        return MergeResult(library.name, run, core.rows, crosswalk.rows)


def check_library(settings: Settings, library_name: str, run: str) -> CheckResult:
    """Run the suites of the candidates; results are kept in ``quality.expectation_result``.

    Raises:
        QualityGateFailed: a critical expectation failed; nothing of this run may be published.
    """
    from pipelines.engines.gx.run import run_suites  # Great Expectations takes seconds to import

    library = load_library(library_name)
    with (
        open_workplace(settings) as place,
        place.timed(library.name, run, "check"),
        place.scratch_file(records_of_run(place, library, run).select(*RECORD_ORDER)) as keys,
    ):
        published = read_publications(place.warehouse, library.name)
        rows = published[-1].row_counts[library.entity] if published else 0
        parameters = library_parameters(library, _date_of_inputs(place, library, run), rows)
        outcomes = run_suites(
            settings,
            {**_checked_tables(place, library), "staged_key": [keys]},
            suites_for_library(library, EXPECTATIONS, parameters),
        )
        record_expectations(
            place.warehouse, subject=library.name, run=run, layer="library", outcomes=outcomes
        )
        check_accuracy(place, library, run)
    if failed := gate(outcomes):
        raise QualityGateFailed(f"{library.title} ({library.name}), run {run}", failed)
    return CheckResult(library.name, run, len(outcomes), **count_failures(outcomes))


def publish(settings: Settings, library_name: str, run: str) -> PublishResult:
    """Make the candidates ``core.*`` in the lake and ``base.*`` in PostgreSQL.

    Links of other libraries to these entities follow before it ends.

    Raises:
        TableMissing: ``merge`` has not run.
        PublicationFailed: PostgreSQL refused the rows; what was published before stays.
    """
    library = load_library(library_name)
    with open_workplace(settings) as place, place.timed(library.name, run, "publish"):
        redirects = _redirects(place, library)
        place.lake.write(
            place.con,
            redirects,
            f"candidate.{library.entity}_redirect",
            batch=None,
            order_by=ENTITY_ORDER,
        )
        names = published_tables(library)
        with table_lock(place.lake.catalog.engine, f"publish {library.name}"):
            snapshots = {name: _adopt(place, name, run) for name in names}
            if libraries_linking_to(library.name):
                _adopt(place, f"{library.entity}_identifier", run)
            publication = publish_tables(
                settings,
                library,
                run,
                {name: place.lake.files(f"core.{name}") for name in names},
                {f"core.{name}": snapshot for name, snapshot in snapshots.items()},
            )
        relink_others(place, library, run)
        return PublishResult(
            library.name,
            run,
            publication.rows[library.entity],
            snapshots[library.entity],
            publication.changed,
        )


def _write_core(place: Workplace, core: ir.Table, library: Library) -> Commit:
    """The golden records with their links, as candidates."""
    table = f"candidate.{library.entity}"
    if not library.links:
        return place.lake.write(place.con, core, table, batch=None, order_by=ENTITY_ORDER)
    with place.materialised(storable(core)) as unlinked:
        linked = look_up_links(place, unlinked, library)
        return place.lake.write(place.con, linked, table, batch=None, order_by=ENTITY_ORDER)


def _note_inputs(place: Workplace, library: Library, run: str) -> None:
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


def _ledger_before(
    place: Workplace, library: Library, run: str
) -> tuple[ir.Table | None, ir.Table | None]:
    """The ledger as it was before this run began, also when this run is repeated."""
    table = f"identity.{library.entity}_record"
    if not place.lake.has(table):
        return None, None
    written = place.lake.properties(table, None)
    before = place.lake.snapshot_id(table)
    if written["run"] == run:
        before = int(written["previous"]) if written["previous"] else None
    events = place.lake.read(place.con, f"identity.{library.entity}_event")
    earlier = events.filter(events.run != run)
    if before is None:
        return None, None
    return place.lake.read(place.con, table, snapshot_id=before), earlier


def _keep_ledger(place: Workplace, library: Library, run: str, resolved: Resolved) -> None:
    """Events first: should the process die in between, a repeat finds the ledger untouched."""
    table = f"identity.{library.entity}_record"
    previous = str(place.lake.snapshot_id(table) or "")
    if place.lake.has(table) and place.lake.properties(table, None)["run"] == run:
        previous = place.lake.properties(table, None)["previous"]
    place.lake.write(
        place.con,
        resolved.event,
        f"identity.{library.entity}_event",
        batch=run,
        order_by=("kind", "entity_id", "other_entity_id"),
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
        resolved.record,
        table,
        batch=None,
        order_by=RECORD_ORDER,
        properties={"run": run, "previous": previous},
    )


def _resolve_result(place: Workplace, library: Library, run: str) -> ResolveResult:
    record = place.lake.read(place.con, f"identity.{library.entity}_record")
    event = place.lake.read(place.con, f"identity.{library.entity}_event", run)
    counted = place.con.to_pyarrow(event.group_by("kind").agg(ids=event.count())).to_pylist()
    kinds = Counter({row["kind"]: row["ids"] for row in counted})
    return ResolveResult(
        library.name,
        run,
        records=int(place.con.execute(record.count())),
        entities=int(place.con.execute(record.entity_id.nunique())),
        created=kinds["created"] + kinds["restored"],
        merged=kinds["merged"],
        split=kinds["split"],
        retired=kinds["retired"],
    )


def _checked_tables(place: Workplace, library: Library) -> dict[str, list[Path] | str]:
    """What the suites look at: candidates, ledger, and the other libraries' core."""
    tables: dict[str, list[Path] | str] = {}
    for other in load_libraries().values():
        name = f"core.{other.entity}"
        known = place.lake.has(name)
        tables[f"core_{other.entity}"] = place.lake.files(name) if known else empty_core(other)
    candidate = place.lake.files(f"candidate.{library.entity}")
    tables[f"core_{library.entity}"] = tables["core_entity"] = candidate
    tables["identity_record"] = place.lake.files(f"identity.{library.entity}_record")
    return tables


def _date_of_inputs(place: Workplace, library: Library, run: str) -> date:
    """The date of the newest data: nothing may have happened after it."""
    batches = (
        batch
        for source in place.con.to_pyarrow(
            place.lake.read(place.con, f"identity.{library.entity}_input", run)
        ).to_pylist()
        for batch in place.lake.batches(f"staged.{source['source']}")
    )
    return max(batch_date(batch) for batch in batches)


def _redirects(place: Workplace, library: Library) -> ir.Table:
    events = place.lake.read(place.con, f"identity.{library.entity}_event")
    alive = place.lake.read(place.con, f"candidate.{library.entity}").select("entity_id")
    return current_ids(place.con, events, alive)


def _adopt(place: Workplace, name: str, run: str) -> int:
    """Make the files of a candidate table those of the core table; nothing is computed again."""
    place.settings.scratch_dir.mkdir(parents=True, exist_ok=True)
    linked = []
    for file in place.lake.files(f"candidate.{name}"):
        target = place.settings.scratch_dir / f"{uuid4().hex}.parquet"
        os.link(file, target)
        linked.append(target)
    commit = place.lake.write_files(linked, f"core.{name}", batch=None, properties={"run": run})
    if commit.snapshot_id is None:
        raise TableMissing(f"core.{name}", None)
    return commit.snapshot_id
