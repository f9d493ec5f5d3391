"""Parsed texts of a batch: every distinct text that is not plain, parsed once.

The SQL of a parser depends on the parser alone, and for some on the date of the data. So it is
written once in the life of a process, however many sources have a column for it, and kept on disk
for the processes that follow. To judge which words were read in a wrong encoding takes SQL of two
megabytes: all that are suspect are judged in one statement.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache, lru_cache, partial
from uuid import uuid4

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from pipelines.clean.mojibake import is_suspect, judge_suspects, judged_before
from pipelines.clean.parsing.parser import ColumnToParse, Parser, delivered_texts, parse_texts
from pipelines.clean.parsing.registry import parser_name
from pipelines.engines.kept_plans import create
from pipelines.engines.statements import Statement, StatementStore
from pipelines.standards.rules import severities

_TEXTS, _SUSPECTS, _JUDGED = "texts_to_parse", "texts_to_judge", "texts_judged"  # in the SQL
_SUSPECTS_HERE, _JUDGED_HERE = "suspects_of_batch", "judged_of_batch"
_ANY_DAY = date(2000, 1, 1)
_CACHED_STATEMENTS = 64  # parsers times dates; some tens of kilobytes each


@contextmanager
def parsed_texts(
    con: Backend,
    table: ir.Table,
    columns: Sequence[ColumnToParse],
    as_of: date,
    kept: StatementStore | None = None,
) -> Iterator[Mapping[Parser, ir.Table]]:
    """Compute what ``parse_columns`` looks up; the tables are gone after the block.

    A parser whose texts are all plain is not among them.

    They are temporary tables, which DuckDB moves to its spill folder where they do not fit in
    memory. ``kept`` is where statements are kept on disk, if anywhere.
    """
    names: dict[Parser, str] = {}
    try:
        with (
            _texts_to_parse(con, table, columns, as_of) as texts,
            _judged(con, texts, kept) as suspect,
        ):
            for parser, its in texts.items():
                names[parser] = f"parsed_{uuid4().hex}"
                judged = parser.words and suspect
                inputs = {_TEXTS: its} | ({_JUDGED: _JUDGED_HERE} if judged else {})
                statement = _statement(parser, as_of if parser.due else None, judged, kept)
                create(con, names[parser], statement, inputs)
        yield {parser: con.table(name) for parser, name in names.items()}
    finally:
        _drop(con, names.values())


def first_due(
    con: Backend,
    parsed: Mapping[Parser, ir.Table],
    columns: Sequence[ColumnToParse],
    as_of: date,
) -> date | None:
    """The first later date of the data on which a text may be judged otherwise; None: never.

    Args:
        con: The engine.
        parsed: What ``parsed_texts`` made of the columns.
        columns: The columns.
        as_of: The date of the data.
    """
    plain = [each.parser.plain.until(as_of) for each in columns if each.parser.plain]
    dated = [parsed[parser] for parser in parsed if parser.due]
    # Of DuckDB, a date and years are a timestamp.
    found = [con.to_pyarrow(each.due.cast("date").min()).as_py() for each in dated]
    return min((day for day in (*plain, *found) if day), default=None)


@contextmanager
def _texts_to_parse(
    con: Backend, table: ir.Table, columns: Sequence[ColumnToParse], as_of: date
) -> Iterator[Mapping[Parser, str]]:
    """The table of each parser's texts; none if all that were delivered are plain."""
    names: dict[Parser, str] = {}
    try:
        for parser, texts in delivered_texts(table, columns, as_of).items():
            names[parser] = f"texts_{uuid4().hex}"
            if _rows_of(con, names[parser], texts) == 0 and parser.plain:
                _drop(con, [names.pop(parser)])
        yield names
    finally:
        _drop(con, names.values())


@contextmanager
def _judged(
    con: Backend, texts: Mapping[Parser, str], kept: StatementStore | None
) -> Iterator[bool]:
    """Judge what may have been read in a wrong encoding; whether any may."""
    found = 0
    try:
        con.con.execute(f"CREATE TEMP TABLE {_SUSPECTS_HERE} (raw VARCHAR)")
        for name in (name for parser, name in texts.items() if parser.words):
            con.con.table(name).create_view(_TEXTS, replace=True)
            into = f"INSERT INTO {_SUSPECTS_HERE} {_suspects()}"
            found += con.con.execute(into).fetchall()[0][0]
            con.con.execute(f"DROP VIEW {_TEXTS}")
        if found:
            create(con, _JUDGED_HERE, _judgement(kept), {_SUSPECTS: _SUSPECTS_HERE})
        yield found > 0
    finally:
        _drop(con, (_SUSPECTS_HERE, _JUDGED_HERE))


def _rows_of(con: Backend, name: str, texts: ir.Table) -> int:
    """Make a table as ``create_table``, which writes each query twice; how many rows it has."""
    con._run_pre_execute_hooks(texts)
    ((rows,),) = con.con.execute(f"CREATE TEMP TABLE {name} AS {con.compile(texts)}").fetchall()
    return int(rows)


def _drop(con: Backend, names: Iterable[str]) -> None:
    for name in names:
        con.con.execute(f"DROP TABLE IF EXISTS {name}")


def _raw(name: str) -> ir.Table:
    return ibis.table({"raw": "string"}, name=name)


@cache
def _suspects() -> str:
    texts = _raw(_TEXTS)
    return _written(texts.filter(is_suspect(texts.raw))).sql


@lru_cache(maxsize=1)
def _judgement(kept: StatementStore | None) -> Statement:
    def write() -> Statement:
        return _written(judge_suspects(_raw(_SUSPECTS).distinct()))

    return kept.get("judgement of suspects", write) if kept else write()


@lru_cache(maxsize=_CACHED_STATEMENTS)
def _statement(
    parser: Parser, as_of: date | None, suspect: bool, kept: StatementStore | None
) -> Statement:
    """What a parser makes of ``_TEXTS``. ``as_of`` is None where the day makes no difference."""
    write = partial(_write, parser, as_of or _ANY_DAY, suspect)
    name = parser_name(parser)
    if kept is None or name is None:
        return write()
    return kept.get(f"{name} {as_of} {suspect}", write)


def _write(parser: Parser, as_of: date, suspect: bool) -> Statement:
    told = ibis.table(dict.fromkeys(("delivered", "raw", "misread"), "string"), name=_JUDGED)
    judge = partial(judged_before, told=told) if suspect else None
    return _written(parse_texts(_raw(_TEXTS), parser, as_of, severities(), judge))


def _written(rows: ir.Table) -> Statement:
    references = {
        table.name: table.data.to_pyarrow(table.schema)
        for table in rows.op().find(ops.InMemoryTable)
    }
    return Statement(str(ibis.to_sql(rows, dialect="duckdb", pretty=False)), references)
