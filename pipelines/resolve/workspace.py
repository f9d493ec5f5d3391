"""Where a resolution keeps its intermediate tables: in the engine, for as long as it runs.

A stage that is read several times is computed once. Only expressions and counts ever reach Python.
"""

from types import TracebackType
from typing import Self
from uuid import uuid4

import ibis.expr.types as ir
from ibis import BaseBackend


class Workspace:
    """Temporary tables of one piece of work; leaving the ``with`` block drops them."""

    def __init__(self, con: BaseBackend) -> None:
        self.con = con
        self._held: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in self._held:
            # Ibis 12's own drop_table writes no table name with the sqlglot that it asks for.
            self.con.raw_sql(f'DROP TABLE IF EXISTS "{name}"')

    def hold(self, table: ir.Table) -> ir.Table:
        """Compute ``table`` now and keep it until the work is done."""
        held = self.keep(table)
        if self.con.name == "duckdb":
            self._held.append(held.get_name())
        return held

    def keep(self, table: ir.Table) -> ir.Table:
        """Compute ``table`` now and keep it as long as the engine's connection."""
        if self.con.name == "duckdb":
            return self.con.create_table(f"held_{uuid4().hex}", table, temp=True)
        return table.cache()
