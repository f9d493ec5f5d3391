"""Statements over few rows are planned once in the life of a process.

The SQL of a parser takes DuckDB a tenth of a second to plan, and a few texts some milliseconds to
go through. A plan belongs to a connection, so that plans are kept on one of their own beside those
of sessions; and one that reads a table of the database is made anew each time, so that the rows are
a parameter.
"""

import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from uuid import uuid4

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from pipelines.engines.statements import Statement

FEW = 2_000  # rows; more take longer to go through than to plan for, and want all threads
_KEPT = 64  # plans; some take megabytes, and those of some parsers hold for one date only


def create(con: Backend, name: str, statement: Statement, tables: Mapping[str, str]) -> None:
    """Make a temporary table of what a statement selects.

    Args:
        con: The engine.
        name: The table's name.
        statement: A SELECT from tables of fixed names, whose columns are texts.
        tables: Those names, and the tables to read instead.
    """
    rows = {given: con.con.table(table) for given, table in tables.items()}
    if all(len(each) <= FEW for each in rows.values()):
        given = {input_: each.to_arrow_table() for input_, each in rows.items()}
        con.con.register(f"few_{name}", _kept_plans(os.getpid()).run(statement, given))
        con.con.execute(f"CREATE TEMP TABLE {name} AS FROM few_{name}")
        con.con.unregister(f"few_{name}")
        return
    for reference, its in statement.references.items():
        con.con.register(reference, its)
    for input_, each in rows.items():
        each.create_view(input_, replace=True)
    con.con.execute(f"CREATE TEMP TABLE {name} AS {statement.sql}")
    for input_ in rows:
        con.con.execute(f"DROP VIEW {input_}")


@dataclass
class _KeptPlans:
    """A DuckDB for statements over few rows; it keeps plans and reference tables, and no input."""

    con: Backend
    names: OrderedDict[Statement, str] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def run(self, statement: Statement, inputs: Mapping[str, pa.Table]) -> pa.Table:
        """What a statement makes of its inputs."""
        engine = self.con.con
        with self.lock:
            plan = self._plan(statement, inputs)
            try:
                for name, rows in inputs.items():
                    engine.register("input", rows)
                    listed = "(SELECT list(input) FROM input)"
                    engine.execute(f"SET VARIABLE {name} = {listed}")
                given = ", ".join(f"getvariable('{name}')" for name in inputs)
                return engine.sql(f"EXECUTE {plan}({given})").to_arrow_table()
            finally:
                engine.unregister("input")
                for name in inputs:
                    engine.execute(f"RESET VARIABLE {name}")

    def _plan(self, statement: Statement, inputs: Mapping[str, pa.Table]) -> str:
        if statement in self.names:
            self.names.move_to_end(statement)
            return self.names[statement]
        for name, rows in statement.references.items():
            self.con.con.register(name, rows)
        plan = f"plan_{uuid4().hex}"
        self.con.con.execute(f"PREPARE {plan} AS {_with_parameters(statement.sql, inputs)}")
        self.names[statement] = plan
        while len(self.names) > _KEPT:
            oldest, its = self.names.popitem(last=False)
            self.con.con.execute(f"DEALLOCATE {its}")
            for name in oldest.references:
                self.con.con.unregister(name)
        return plan


def _with_parameters(sql: str, inputs: Mapping[str, pa.Table]) -> str:
    """SQL in which every input is a parameter: a list of rows."""
    parameters = []
    for number, (name, rows) in enumerate(inputs.items(), start=1):
        row = ", ".join(f"{column} VARCHAR" for column in rows.column_names)
        unnested = f"SELECT unnest(${number}::STRUCT({row})[], recursive := true)"
        parameters.append(f"{name} AS ({unnested})")
    join = ", " if sql.startswith("WITH ") else " "
    return f"WITH {', '.join(parameters)}{join}{sql.removeprefix('WITH ')}"


@cache
def _kept_plans(_process: int) -> _KeptPlans:
    """Those of this process: a connection does not outlive a fork."""
    con = ibis.duckdb.connect(
        threads=1, autoinstall_known_extensions=False, allow_community_extensions=False
    )
    con.con.execute("SET enable_progress_bar = false")
    return _KeptPlans(con)
