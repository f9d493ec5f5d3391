"""Go back to an earlier publication: a new one, with the content that the earlier one had.

Nothing is forgotten. Ids that came since lead to where their records are now, history and change
feed tell what changed back, and ``baselib verify`` replays it. The library is held until a person
approves what is published next: the cause is still in its sources, contracts or decisions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from pipelines.flows.library.compare import compare
from pipelines.flows.library.relink import (
    ENTITY_ORDER,
    look_up_links,
    published_tables,
    relink_others,
    snapshots_of,
)
from pipelines.flows.shared.errors import NothingToRestore
from pipelines.flows.shared.ownership import working_on
from pipelines.flows.shared.session import Session, open_session
from pipelines.identity.ids.rolled_back import redirects_back
from pipelines.lake.lock import table_lock
from pipelines.libraries import Library, libraries_linking_to, load_library
from pipelines.runtime.files import link_or_copy
from pipelines.runtime.scratch import scratch_path
from pipelines.settings import Settings
from pipelines.warehouse import PublicationRecord, read_publications
from pipelines.warehouse.base.publication import Publication, Restored
from pipelines.warehouse.base.publish import publish as publish_tables
from pipelines.warehouse.quality.runs import restorable_runs

_CHANGED = text("""
    SELECT change.op, count(*) AS entities FROM serve.change AS change
    WHERE change.publication = :number AND change.library = :library GROUP BY 1 ORDER BY 1
""")


@dataclass(frozen=True)
class RollBackResult:
    """What a roll back came to. ``changed``: kind of change to how many entities had it."""

    library: str
    run: str
    restored_run: str
    entities: int
    changed: dict[str, int]


def roll_back(
    settings: Settings, library_name: str, to: str, *, by: str, reason: str
) -> RollBackResult:
    """Publish again what ``to`` published, and look again where sources disagree about it.

    Args:
        settings: Of the site.
        library_name: Whose publication.
        to: Run whose last publication is restored.
        by: Who answers for it.
        reason: Why; kept for ever.

    Raises:
        UnknownLibrary: none is called so.
        NothingToRestore: that run published nothing, or it is what is published.
        TableMissing: files of that publication are gone from the lake.
        PublicationFailed: PostgreSQL refused the rows; what was published before stays.
    """
    library = load_library(library_name)
    run = f"rollback-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    with open_session(settings) as session:
        publication, content = restore(session, library, run, to, by=by, reason=reason)
        with session.warehouse.connect() as connection:
            asked = {"number": publication.number, "library": library.name}
            changed = {row.op: int(row.entities) for row in connection.execute(_CHANGED, asked)}
    compare(settings, library.name, content)
    return RollBackResult(library.name, run, to, publication.rows[library.entity], changed)


def restore(
    session: Session, library: Library, run: str, to: str, *, by: str, reason: str
) -> tuple[Publication, str]:
    """As ``roll_back``, without the comparison; also answers whose run's records it is made of."""
    with (
        working_on(session, library),
        session.timed(library.name, run, "publish"),
        table_lock(session.lake.catalog.engine, f"publish {library.name}"),
    ):
        earlier = _publication_of(session, library, to)
        snapshots = _snapshots(session, library, earlier)
        main = f"core.{library.entity}"
        content = session.lake.properties(main, None, snapshots[main])["run"]
        _write_redirects(session, library, snapshots)
        redirect = f"core.{library.entity}_redirect"
        for table, snapshot in snapshots.items():
            if table != redirect:
                _write_again(session, library, table, snapshot, content)
        names = published_tables(library)
        publication = publish_tables(
            session.settings,
            library,
            run,
            {name: session.lake.files(f"core.{name}") for name in names},
            snapshots_of(session, library),
            without=earlier.without_sources,
            late=earlier.late_sources,
            restored=Restored(earlier.id, by, reason),
        )
    relink_others(session, library, run)
    return publication, content


def _publication_of(session: Session, library: Library, run: str) -> PublicationRecord:
    published = read_publications(session.warehouse, library.name)
    found = [each for each in published if each.run == run]
    if not found or found[-1] == published[-1]:
        raise NothingToRestore(library.name, run, restorable_runs(published))
    return found[-1]


def _snapshots(session: Session, library: Library, earlier: PublicationRecord) -> dict[str, int]:
    """Lake table to its snapshot of then."""
    lake = session.lake
    wanted = {f"core.{name}": earlier.snapshot_ids[f"core.{name}"] for name in _tables(library)[:3]}
    for name in _tables(library)[3:]:
        table = f"core.{name}"
        noted = earlier.snapshot_ids.get(table)  # publications of earlier versions lack it
        wanted[table] = noted or lake.snapshot_before(table, earlier.published_at)
    for table, snapshot in wanted.items():
        lake.refuse_lost(table, snapshot)
    return wanted


def _tables(library: Library) -> list[str]:
    """Golden records, crosswalk, redirects, and what links of other libraries are looked up in."""
    linked = [f"{library.entity}_identifier"] if libraries_linking_to(library.name) else []
    return [*published_tables(library), *linked]


def _write_redirects(session: Session, library: Library, snapshots: Mapping[str, int]) -> None:
    """First of all tables: what is published now is still in the others."""
    lake, con = session.lake, session.con
    main, source, redirect = (f"core.{name}" for name in published_tables(library))
    rows = redirects_back(
        con,
        then_alive=lake.read(con, main, snapshot_id=snapshots[main]),
        then_redirect=lake.read(con, redirect, snapshot_id=snapshots[redirect]),
        then_source=lake.read(con, source, snapshot_id=snapshots[source]),
        now_alive=lake.read(con, main),
        now_redirect=lake.read(con, redirect),
        now_source=lake.read(con, source),
    )
    with session.materialised(rows) as computed:
        lake.write(con, computed, redirect, batch=None, order_by=ENTITY_ORDER)


def _write_again(
    session: Session, library: Library, table: str, snapshot: int, content: str
) -> None:
    """The files of then; where golden records have links, with those of today."""
    lake, about = session.lake, {"run": content}
    if table == f"core.{library.entity}" and library.links:
        then = lake.read(session.con, table, snapshot_id=snapshot)
        linked = look_up_links(session, then, library)
        lake.write(
            session.con,
            linked,
            table,
            batch=None,
            order_by=ENTITY_ORDER,
            properties=about,
            owner=content,
        )
        return
    copies = []
    for file in lake.files(table, snapshot_id=snapshot):
        copy = scratch_path(session.settings.scratch_dir, "restored", ".parquet")
        copies.append(link_or_copy(file, copy))
    lake.write_files(copies, table, batch=None, properties=about, owner=content)
