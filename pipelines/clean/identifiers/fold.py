"""A fold over an array, which Ibis lacks: carry a state from element to element.

Recursive check digits (ISO 7064 hybrid systems) over a hundred signs would otherwise be a hundred
nested expressions. DuckDB calls it ``list_reduce``, Spark ``aggregate``; the two visitors below are
how an operation is taught to an Ibis compiler.
"""

from collections.abc import Callable
from typing import Any

import ibis.expr.datashape as ds
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.rules as rlz
import ibis.expr.types as ir
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

Rule = Callable[[ir.IntegerValue, ir.IntegerValue], ir.IntegerValue]


class ArrayFold(ops.Value):  # type: ignore[misc]  # Ibis has no types for this
    """``body`` applied to the state so far and each element in turn, beginning with ``start``."""

    arg: ops.Value[dt.Array[dt.Int64]]
    body: ops.Value[dt.Integer]
    state: ops.Argument
    element: ops.Argument
    start: int

    shape = rlz.shape_like("arg")
    dtype = dt.int64


def fold(values: ir.ArrayValue, start: int, rule: Rule) -> ir.IntegerValue:
    """The state after the last element; ``start`` for an empty array, NULL for NULL."""
    state = ops.Argument(name="state", shape=ds.columnar, dtype=dt.int64)
    element = ops.Argument(name="element", shape=ds.columnar, dtype=dt.int64)
    body = rule(state.to_expr(), element.to_expr()).cast("int64").op()
    return ArrayFold(values, body, state, element, start).to_expr()


def _visit_duckdb(
    self: DuckDBCompiler, _: ArrayFold, *, arg: Any, body: Any, start: Any, **names: Any
) -> Any:
    step = sge.Lambda(this=body, expressions=[names["state"], names["element"]])
    return self.f.anon.list_reduce(arg, step, self.cast(start, dt.int64))


def _visit_spark(
    self: PySparkCompiler, _: ArrayFold, *, arg: Any, body: Any, start: Any, **names: Any
) -> Any:
    step = sge.Lambda(this=body, expressions=[names["state"], names["element"]])
    return self.f.anon.aggregate(arg, self.cast(start, dt.int64), step)


DuckDBCompiler.visit_ArrayFold = _visit_duckdb
PySparkCompiler.visit_ArrayFold = _visit_spark
