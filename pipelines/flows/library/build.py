"""Build one library from its staged sources: resolve, merge, check, publish.

``resolve`` notes which snapshot of each staged table it read, and ``merge`` reads exactly those, so
that a source which is ingested in between cannot come half into a run. What ``merge`` makes are
candidates; only ``publish`` makes them ``core`` and ``base``.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from pathlib import Path

import ibis.expr.types as ir

from pipelines.batch import batch_date
from pipelines.clean.parsing.registry import refuse_unknown_companions
from pipelines.errors import QualityGateFailed, TableMissing
from pipelines.flows.library.accuracy import check_accuracy
from pipelines.flows.library.consequences.id_changes import (
    compare_with_published,
    refuse_over_budget,
    refuse_unapproved,
)
from pipelines.flows.library.lacks import LATE, lacks_of, refuse_without_authority
from pipelines.flows.library.relink import (
    ENTITY_ORDER,
    look_up_links,
    published_tables,
    relink_others,
    snapshots_of,
)
from pipelines.flows.library.resolve import Resolution, resolve_run
from pipelines.flows.library.unchanged import note_run
from pipelines.flows.shared.decisions import note_decisions
from pipelines.flows.shared.identity_ledger import (
    RECORD_ORDER,
    keep_ledger,
    note_inputs,
)
from pipelines.flows.shared.ownership import (
    refuse_candidates_of_another,
    refuse_ledger_of_another,
    working_on,
)
from pipelines.flows.shared.results import (
    CheckResult,
    MergeResult,
    PublishResult,
    ResolveResult,
    count_failures,
)
from pipelines.flows.shared.run_inputs import inputs_of_run, records_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.source.requirements import EXPECTATIONS
from pipelines.identity.ids.events import EVENT_KINDS
from pipelines.identity.ids.redirects import current_ids
from pipelines.lake import Commit
from pipelines.lake.lock import table_lock
from pipelines.lake.types import storable
from pipelines.libraries import Library, libraries_linking_to, load_libraries, load_library
from pipelines.merge.golden import merge as merge_records
from pipelines.quality.contradiction import refuse_unknown_functions
from pipelines.quality.outcome import gate
from pipelines.quality.suites import empty_core, library_parameters, suites_for_library
from pipelines.runtime.files import link_or_copy
from pipelines.runtime.scratch import scratch_path
from pipelines.settings import Settings
from pipelines.warehouse import read_publications, record_expectations
from pipelines.warehouse.base.publish import publish as publish_tables
from pipelines.warehouse.quality.id_changes import record_resolution


def resolve(settings: Settings, library_name: str, run: str) -> ResolveResult:
    """Decide which staged records are the same entity, and keep the ledger.

    Raises:
        TableMissing: no source of the library has been staged.
        EntityIdCollision, EntityTooLarge: see ``pipelines.errors``.
        DeclarationRefused: the library wants what its columns' parsers do not make, or declares a
            consistency rule whose function does not exist.
    """
    library = load_library(library_name)
    refuse_unknown_companions(library)
    refuse_unknown_functions(library)
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, library),
        session.timed(library.name, run, "resolve"),
    ):
        return resolve_with(session, library, run, note_decisions(session, library, run))


def resolve_with(
    session: Session,
    library: Library,
    run: str,
    decisions: ir.Table | None,
    read: Mapping[str, Collection[str]] | None = None,
) -> ResolveResult:
    """As ``resolve``, with these decisions, whatever people decided since.

    ``read``: in a replay, the batches of each source that the run read then.
    """
    note_inputs(session, library, run, read)
    note_run(session, library, run)
    with session.materialised(records_of_run(session, library, run)) as records:
        resolution = resolve_run(session, library, run, records, decisions)
        keep_ledger(session, library, run, resolution.resolved, resolution.events)
        record_resolution(session.warehouse, resolution.record)
        return _resolve_result(session, resolution)


def merge(settings: Settings, library_name: str, run: str) -> MergeResult:
    """Make one golden record of each entity, as candidates for publication.

    Raises:
        TableMissing: ``resolve`` has not run for this run.
        MadeByAnotherRun: another run has resolved the library since.
    """
    library = load_library(library_name)
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, library),
        session.timed(library.name, run, "merge"),
    ):
        refuse_ledger_of_another(session, library, run)
        identity = session.lake.read(session.con, f"identity.{library.entity}_record")
        with session.materialised(records_of_run(session, library, run)) as records:
            merged = merge_records(records, identity, library)
            core = _write_core(session, merged.core, library, run)
            crosswalk = session.lake.write(
                session.con,
                merged.crosswalk,
                f"candidate.{library.entity}_source",
                batch=None,
                order_by=("entity_id", "record_no"),
                owner=run,
            )
            if libraries_linking_to(library.name):
                session.lake.write(
                    session.con,
                    merged.further_identifier,
                    f"candidate.{library.entity}_identifier",
                    batch=None,
                    order_by=(*ENTITY_ORDER, library.identity.strong),
                    owner=run,
                )
        return MergeResult(library.name, run, core.rows, crosswalk.rows)


def check_library(settings: Settings, library_name: str, run: str) -> CheckResult:
    """Run the suites of the candidates, and compare their ids with the published ones.

    Results are kept in ``quality.expectation_result`` and ``quality.id_comparison``.

    Raises:
        QualityGateFailed: a critical expectation failed; nothing of this run may be published.
        AuthorityMissing: whoever is believed about the identifying element has delivered nothing.
        IdBudgetExceeded: more published ids would change than may, and nobody approved it.
        MadeByAnotherRun: the candidates are of another run.
    """
    from pipelines.engines.gx.run import run_suites  # Great Expectations takes seconds to import

    library = load_library(library_name)
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, library),
        session.timed(library.name, run, "check"),
        session.scratch_file(records_of_run(session, library, run).select(*RECORD_ORDER)) as keys,
    ):
        refuse_candidates_of_another(session, library, run)
        comparison = compare_with_published(session, library, run)
        published = read_publications(session.warehouse, library.name)
        rows = published[-1].row_counts[library.entity] if published else 0
        parameters = library_parameters(library, _date_of_inputs(session, library, run), rows)
        outcomes = run_suites(
            settings,
            {**_checked_tables(session, library), "staged_key": [keys]},
            suites_for_library(library, EXPECTATIONS, parameters),
            about=(library.name, run),
        )
        record_expectations(
            session.warehouse, subject=library.name, run=run, layer="library", outcomes=outcomes
        )
        check_accuracy(session, library, run)
        if failed := gate(outcomes, title=partial(_column_title, library)):
            raise QualityGateFailed(f"{library.title} ({library.name}), run {run}", failed)
        refuse_without_authority(session, library, run)
        refuse_over_budget(session, library, comparison)
    return CheckResult(library.name, run, len(outcomes), **count_failures(outcomes))


def _column_title(library: Library, column: str) -> str:
    """A golden column as departments call it, with its name here."""
    golden = library.columns.get(column)
    return f"{golden.element.title} ({column})" if golden else column


def publish(settings: Settings, library_name: str, run: str) -> PublishResult:
    """Make the candidates ``core.*`` in the lake and ``base.*`` in PostgreSQL.

    Links of other libraries to these entities follow before it ends.

    Raises:
        TableMissing: ``merge`` has not run.
        IdBudgetExceeded: the check found too many ids changed, and nobody approved it.
        PublicationFailed: PostgreSQL refused the rows; what was published before stays.
        MadeByAnotherRun: the candidates are of another run.
    """
    library = load_library(library_name)
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, library),
        session.timed(library.name, run, "publish"),
    ):
        refuse_candidates_of_another(session, library, run)
        refuse_unapproved(session, library, run)
        lacks = lacks_of(session, library)
        redirects = _redirects(session, library)
        session.lake.write(
            session.con,
            redirects,
            f"candidate.{library.entity}_redirect",
            batch=None,
            order_by=ENTITY_ORDER,
            owner=run,
        )
        names = published_tables(library)
        with table_lock(session.lake.catalog.engine, f"publish {library.name}"):
            snapshots = {name: _adopt(session, name, run) for name in names}
            if libraries_linking_to(library.name):
                _adopt(session, f"{library.entity}_identifier", run)
            publication = publish_tables(
                settings,
                library,
                run,
                {name: session.lake.files(f"core.{name}") for name in names},
                snapshots_of(session, library),
                without=[each.source for each in lacks if each.state != LATE],
                late=[each.source for each in lacks if each.state == LATE],
            )
        relink_others(session, library, run)
        return PublishResult(
            library.name,
            run,
            publication.rows[library.entity],
            snapshots[library.entity],
            publication.changed,
            publication.without,
            publication.late,
        )


def _write_core(session: Session, core: ir.Table, library: Library, run: str) -> Commit:
    """The golden records with their links, as candidates."""
    table = f"candidate.{library.entity}"
    if not library.links:
        return session.lake.write(
            session.con, core, table, batch=None, order_by=ENTITY_ORDER, owner=run
        )
    with session.materialised(storable(core)) as unlinked:
        linked = look_up_links(session, unlinked, library)
        return session.lake.write(
            session.con, linked, table, batch=None, order_by=ENTITY_ORDER, owner=run
        )


def _resolve_result(session: Session, resolution: Resolution) -> ResolveResult:
    resolved, record = resolution.resolved, resolution.record
    event = resolved.event
    counted = session.con.to_pyarrow(event.group_by("kind").agg(ids=event.count())).to_pylist()
    kinds = Counter({row["kind"]: row["ids"] for row in counted})
    return ResolveResult(
        record.library,
        record.run,
        records=record.records,
        entities=int(session.con.execute(resolved.record.entity_id.nunique())),
        **{kind: kinds[kind] for kind in EVENT_KINDS},
    )


def _checked_tables(session: Session, library: Library) -> dict[str, list[Path] | str]:
    """What the suites look at: candidates, ledger, and the other libraries' core."""
    tables: dict[str, list[Path] | str] = {}
    for other in load_libraries().values():
        name = f"core.{other.entity}"
        exists = session.lake.has(name)
        tables[f"core_{other.entity}"] = session.lake.files(name) if exists else empty_core(other)
    candidate = session.lake.files(f"candidate.{library.entity}")
    tables[f"core_{library.entity}"] = tables["core_entity"] = candidate
    tables["identity_record"] = session.lake.files(f"identity.{library.entity}_record")
    return tables


def _date_of_inputs(session: Session, library: Library, run: str) -> date:
    """The date of the newest data: nothing may have happened after it."""
    inputs = inputs_of_run(session, library, run)
    return max(
        batch_date(batch) for source in inputs for batch in (*source["batches"], *source["equal"])
    )


def _redirects(session: Session, library: Library) -> ir.Table:
    events = session.lake.read(session.con, f"identity.{library.entity}_event")
    alive = session.lake.read(session.con, f"candidate.{library.entity}").select("entity_id")
    return current_ids(session.con, events, alive)


def _adopt(session: Session, name: str, run: str) -> int:
    """Make the files of a candidate table those of the core table; nothing is computed again."""
    linked = []
    for file in session.lake.files(f"candidate.{name}"):
        target = scratch_path(session.settings.scratch_dir, "adopted", ".parquet")
        linked.append(link_or_copy(file, target))
    commit = session.lake.write_files(
        linked, f"core.{name}", batch=None, properties={"run": run}, owner=run
    )
    if commit.snapshot_id is None:
        raise TableMissing(f"core.{name}", None)
    return commit.snapshot_id
