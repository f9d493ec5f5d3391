"""Relink: when a library is published, the links of other libraries to its entities follow.

Two persons were joined, or taken apart again: the licences they hold and the organisations they
represent have to point to the right one of them. Which that is, is not remembered but looked up
anew by the rules of the links, so that joining and taking apart end where they began.
"""

from collections.abc import Mapping

import ibis.expr.types as ir

from pipelines.flows.shared.session import Session
from pipelines.lake.lock import table_lock
from pipelines.libraries import Library, libraries_linking_to, load_library
from pipelines.merge.links import link_entities
from pipelines.warehouse.base.publish import publish as publish_tables

ENTITY_ORDER = ("entity_id",)


def published_tables(library: Library) -> list[str]:
    """The names of the tables of a library in ``base`` and ``core``."""
    return [library.entity, f"{library.entity}_source", f"{library.entity}_redirect"]


def snapshots_of(session: Session, library: Library) -> dict[str, int]:
    """Lake table to its snapshot of now, of all that a publication consists of."""
    names = published_tables(library)
    if libraries_linking_to(library.name):
        names.append(f"{library.entity}_identifier")
    found = {f"core.{name}": session.lake.snapshot_id(f"core.{name}") for name in names}
    return {table: snapshot for table, snapshot in found.items() if snapshot is not None}


def look_up_links(session: Session, core: ir.Table, library: Library) -> ir.Table:
    """The links of golden records, anew: to what the other libraries have published.

    ``core`` has to be read from a file, whoever made it: what DuckDB writes of the same rows
    depends on whether a column comes out of a computation or out of a file.
    """
    unlinked = core.drop(*(column for column in library.link_columns if column in core.columns))
    return link_entities(
        unlinked,
        library,
        _linked_tables(session, library, "core.{}"),
        _linked_tables(session, library, "core.{}_identifier"),
    )


def relink_others(session: Session, library: Library, run: str) -> Mapping[str, int]:
    """Look up anew the links of published libraries to entities of ``library``.

    Where nothing changes nothing is written, in the lake or in PostgreSQL.

    Returns:
        Library name to its published entities, of those whose links have changed.

    Raises:
        PublicationFailed: PostgreSQL refused the rows; what was published before stays.
    """
    changed: dict[str, int] = {}
    for other in libraries_linking_to(library.name):
        if session.lake.has(f"core.{other.entity}"):
            with table_lock(session.lake.catalog.engine, f"publish {other.name}"):
                rows = _relink(session, other, run)
            if rows is not None:
                changed[other.name] = rows
    return changed


def _relink(session: Session, library: Library, run: str) -> int | None:
    """Entities of the library if a link of theirs has changed."""
    name = f"core.{library.entity}"
    linked = look_up_links(session, session.lake.read(session.con, name), library)
    commit = session.lake.write(
        session.con,
        linked,
        name,
        batch=None,
        order_by=ENTITY_ORDER,
        properties=session.lake.properties(name, None),  # still made of the records of that run
    )
    if not commit.changed:
        return None
    names = published_tables(library)
    publication = publish_tables(
        session.settings,
        library,
        run,
        {table: session.lake.files(f"core.{table}") for table in names},
        snapshots_of(session, library),
    )
    return publication.rows[library.entity]


def _linked_tables(session: Session, library: Library, name: str) -> Mapping[str, ir.Table]:
    linked = {
        link.library: name.format(load_library(link.library).entity) for link in library.links
    }
    return {
        other: session.lake.read(session.con, table)
        for other, table in linked.items()
        if session.lake.has(table)
    }
