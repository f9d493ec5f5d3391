"""A Great Expectations data source for DuckDB: ``context.data_sources.add_duckdb(...)``.

Importing this module registers the type ``duckdb``; Great Expectations does the rest.
"""

from __future__ import annotations  # the field `type` hides the builtin in the class body

from typing import Literal, Type, cast  # noqa: UP035 - see above

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.datasource.fluent.config_str import ConfigStr
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

from pipelines.engines.gx.execution_engine.duckdb_execution_engine import DuckDBExecutionEngine


class DuckDBDsn(pydantic.AnyUrl):  # type: ignore[misc]  # GX is untyped here
    """``duckdb:///path/to/file.duckdb`` or ``duckdb:///:memory:``."""

    allowed_schemes = {"duckdb"}  # noqa: RUF012 - pydantic's name and form
    host_required = False


class DuckDBDatasource(SQLDatasource):  # type: ignore[misc]  # GX is untyped here
    """Adds a DuckDB data source to the data context.

    Args:
        name: The name of this data source.
        connection_string: ``duckdb:///path/to/file.duckdb`` or ``duckdb:///:memory:``.
        create_temp_table: Whether to copy a batch to a temporary table before computing metrics.
        kwargs: Passed to ``sqlalchemy.create_engine``, e.g.
            ``{"connect_args": {"config": {"memory_limit": "2GB"}}}``.
        assets: Table and query assets.
    """

    type: Literal["duckdb"] = "duckdb"
    connection_string: ConfigStr | DuckDBDsn | str

    @property
    def execution_engine_type(self) -> Type[DuckDBExecutionEngine]:  # noqa: UP006 - see above
        """The engine that keeps one connection open."""
        return DuckDBExecutionEngine

    def get_engine(self) -> sa.Engine:
        """The execution engine's own SQLAlchemy engine: an in-memory database exists only there."""
        return cast(sa.Engine, self.get_execution_engine().engine)
