"""Temporary tables in the engine: what is read several times is materialised once.

Only expressions and counts ever reach Python.
"""

from contextlib import ExitStack
from itertools import count
from types import TracebackType
from typing import Self
from uuid import uuid4

import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.runtime.gc_pause import collector_paused

_CONSTRAINTS = "spark.sql.constraintPropagation.enabled"


class TempTables:
    """Temporary tables of one resolution; leaving the ``with`` block drops them.

    Python's cycle collector rests meanwhile.
    """

    def __init__(self, con: BaseBackend) -> None:
        self.con = con
        self._tables: list[str] = []
        self._rest = ExitStack()
        self._names = map(f"{uuid4().hex}_{{}}".format, count())
        self._rows: dict[str, int] = {}  # of tables whose engine said how many it wrote

    def __enter__(self) -> Self:
        self._rest.enter_context(collector_paused())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rest.close()
        for name in self._tables:
            # Ibis 12's own drop_table writes no table name with the sqlglot that it asks for.
            what = "TABLE" if self._has_temporary_tables else "VIEW"
            self.con.raw_sql(f"DROP {what} IF EXISTS {name}")

    def materialise(self, table: ir.Table) -> ir.Table:
        """Compute ``table`` now; it is dropped with the ``with`` block."""
        name = f"temp_{next(self._names)}"
        self._tables.append(name)
        return self._compute(name, table)

    def materialise_result(self, table: ir.Table) -> ir.Table:
        """Compute ``table`` now; it stays as long as the engine's connection (session)."""
        return self._compute(f"result_{next(self._names)}", table)

    def count(self, table: ir.Table) -> int:
        """How many rows; not asked again of a table that was materialised here."""
        name = getattr(table.op(), "name", None)
        if name in self._rows:
            return self._rows[name]
        if not self._has_temporary_tables:
            return int(self.con.to_pyarrow(table.count()).as_py())
        ((rows,),) = self.con.raw_sql(self._query(table.count().as_table())).fetchall()
        return int(rows)

    def _compute(self, name: str, table: ir.Table) -> ir.Table:
        if self._has_temporary_tables:
            return self._compute_on_duckdb(name, table)
        return self._compute_on_spark(name, table)

    def _compute_on_duckdb(self, name: str, table: ir.Table) -> ir.Table:
        """As ``create_table``, which writes each query twice and asks for what is known already."""
        schema = table.schema()
        columns = ", ".join(
            column.sql("duckdb") for column in schema.to_sqlglot_column_defs("duckdb")
        )
        query = self._query(table)
        self.con.raw_sql(f"CREATE TEMP TABLE {name} ({columns})")
        ((rows,),) = self.con.raw_sql(f"INSERT INTO {name} {query}").fetchall()
        self._rows[name] = rows
        where = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=schema, source=self.con, namespace=where).to_expr()

    def _query(self, table: ir.Table) -> str:
        """The text for DuckDB, which knows the tables in memory that it names from then on."""
        self.con._run_pre_execute_hooks(table)
        return str(self.con.compile(table))

    def _compute_on_spark(self, name: str, table: ir.Table) -> ir.Table:
        """As a checkpointed view: Spark would carry the plan of every stage into the next.

        Spark 4.3 fails to carry a union's constraints over a checkpoint ("key not found"), so it
        is told not to. It counts rows in 32 bits where Ibis believes 64: hence the cast.
        """
        session = self.con._session
        propagation = session.conf.get(_CONSTRAINTS)
        self.con.create_view(name, table)
        session.conf.set(_CONSTRAINTS, "false")
        try:
            session.table(name).localCheckpoint().createOrReplaceTempView(name)
        finally:
            session.conf.set(_CONSTRAINTS, propagation)
        return self.con.table(name).cast(table.schema())

    @property
    def _has_temporary_tables(self) -> bool:
        return bool(self.con.name != "pyspark")
