"""An execution engine that lets Great Expectations compute its metrics on DuckDB.

Great Expectations 1.24 has none. With its generic SQL engine it gives a connection back before it
fetches the rows, and a DuckDB result dies with its cursor ("list index out of range"). As for
SQLite and SQL Server in GX itself, one connection is kept open for the life of the engine; that
also makes in-memory databases, temporary tables and views work.
"""

from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from sqlalchemy.dialects import sqlite


def _dialect_module() -> ModuleType:
    """What GX calls a dialect module: column types by name, and ``dialect``.

    GX knows a fixed list of dialects and calls regular expressions "not supported" for any other.
    For SQLite it writes them, and LIKE, with SQLAlchemy's own operators, which the DuckDB dialect
    compiles to ``regexp_matches`` (a search, as GX means it). GX's PostgreSQL way would be wrong:
    ``~`` has to match the whole text in DuckDB.
    """
    module = ModuleType("duckdb_as_seen_by_gx", _dialect_module.__doc__)
    vars(module).update(vars(sa.types))
    # DuckDB's text is VARCHAR to whoever writes a suite, and String to SQLAlchemy's reflection.
    vars(module).update({"dialect": sqlite.dialect, "VARCHAR": sa.String})
    return module


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]  # GX is untyped here
    """``SqlAlchemyExecutionEngine`` for DuckDB: one connection, kept open."""

    _connection: sa.Connection | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dialect_module = _dialect_module()

    def _setup_engine(self, kwargs: MutableMapping[str, Any], **where: Any) -> None:
        """GX looks at assets over other SQLAlchemy connections; all share the one below.

        Each statement commits itself: two that share a connection cannot each have a transaction.
        """
        shared = {"poolclass": sa.StaticPool, "isolation_level": "AUTOCOMMIT"}
        super()._setup_engine(kwargs={**kwargs, **shared}, **where)

    @contextmanager
    def get_connection(self) -> Generator[sa.Connection, None, None]:
        """The one connection; rows may be fetched after the context has been left."""
        if not self._connection:
            self._connection = self.engine.connect()
        yield self._connection

    def close(self) -> None:
        """Give up the connection, and with it an in-memory database."""
        if self._connection:
            self._connection.close()
            self._connection = None
        self.engine.dispose()
