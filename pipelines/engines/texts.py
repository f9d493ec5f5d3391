"""Parsed texts of a batch: every distinct text that is not plain, parsed once.

The SQL of a parser depends on the parser and the date of the data alone, so that it is written once
in the life of a process, however many sources have a column for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import uuid4

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from pipelines.clean.parser import ColumnToParse, Parser, delivered_texts, parse_texts
from pipelines.standards.rules import severities

_TEXTS = "texts_to_parse"
_CACHED_STATEMENTS = 64  # parsers times dates; some tens of kilobytes each


@dataclass(frozen=True)
class _Statement:
    """A SELECT from the table ``_TEXTS``, and the reference tables that it names."""

    sql: str
    references: Sequence[ops.InMemoryTable]


@contextmanager
def parsed_texts(
    con: Backend, table: ir.Table, columns: Sequence[ColumnToParse], as_of: date
) -> Iterator[Mapping[Parser, ir.Table]]:
    """Compute what ``parse_columns`` looks up; the tables are gone after the block.

    A parser whose texts are all plain is not among them.

    They are temporary tables, which DuckDB moves to its spill folder where they do not fit in
    memory.
    """
    tables: dict[Parser, ir.Table] = {}
    try:
        for parser, texts in delivered_texts(table, columns, as_of).items():
            if (parsed := _parse(con, texts, parser, as_of)) is not None:
                tables[parser] = parsed
        yield tables
    finally:
        for parsed in tables.values():
            con.con.execute(f"DROP TABLE {parsed.get_name()}")


def _parse(con: Backend, texts: ir.Table, parser: Parser, as_of: date) -> ir.Table | None:
    """The outcomes of texts; None if there are none, since all that were delivered are plain."""
    con.create_table(_TEXTS, texts, temp=True)
    try:
        if parser.plain and _is_empty(con):
            return None
        statement = _statement(parser, as_of)
        for reference in statement.references:
            con.con.register(reference.name, reference.data.to_pyarrow(reference.schema))
        name = f"parsed_{uuid4().hex}"
        con.con.execute(f"CREATE TEMP TABLE {name} AS {statement.sql}")
    finally:
        con.con.execute(f"DROP TABLE {_TEXTS}")
    return con.table(name)


def _is_empty(con: Backend) -> bool:
    return len(con.con.table(_TEXTS).limit(1)) == 0


@lru_cache(maxsize=_CACHED_STATEMENTS)
def _statement(parser: Parser, as_of: date) -> _Statement:
    texts = ibis.table({"raw": "string"}, name=_TEXTS)
    parsed = parse_texts(texts, parser, as_of, severities())
    references = parsed.op().find(ops.InMemoryTable)
    return _Statement(str(ibis.to_sql(parsed, dialect="duckdb", pretty=False)), references)
