"""Schema of ``base`` and ``share``: create and alter what the library declarations ask for."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from sqlalchemy import Connection, text

from pipelines.libraries import Library, libraries_in_order
from pipelines.warehouse.base.codes import codes_digest, load_codes
from pipelines.warehouse.base.history import history_statements
from pipelines.warehouse.base.share_views import (
    create_share_view,
    dispute_statement,
    view_statement,
)
from pipelines.warehouse.base.tables import create_statements
from pipelines.warehouse.server.database import run_sql

_GRANTS = (
    "GRANT SELECT ON ALL TABLES IN SCHEMA base TO base_reader",
    "GRANT SELECT ON ALL TABLES IN SCHEMA share TO share_reader",
    "GRANT SELECT ON ALL TABLES IN SCHEMA base TO serve_owner",
)


def apply_declarations(connection: Connection, libraries: Mapping[str, Library]) -> bool:
    """Create missing tables, columns and views; ``False`` if the declarations have not changed."""
    digest = _digest(libraries)
    applied = text("SELECT digest FROM audit.declared_schema WHERE name = 'libraries'")
    if connection.execute(applied).scalar() == digest:
        return False
    _run(connection, create_statements(libraries))
    for library in libraries_in_order(libraries):
        create_share_view(connection, library)
        run_sql(connection, dispute_statement(library))
        _run(connection, history_statements(library))
    load_codes(connection)
    _run(connection, _GRANTS)
    upsert = text(
        "INSERT INTO audit.declared_schema (name, digest) VALUES ('libraries', :digest)"
        " ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, applied_at = now()"
    )
    connection.execute(upsert, {"digest": digest})
    return True


def _digest(libraries: Mapping[str, Library]) -> str:
    statements = list(create_statements(libraries))
    statements += [view_statement(library) for library in libraries_in_order(libraries)]
    statements += [each for library in libraries.values() for each in history_statements(library)]
    statements.append(codes_digest())
    return sha256("\n".join(statements).encode()).hexdigest()


def _run(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        run_sql(connection, statement)
