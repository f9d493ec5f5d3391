"""Read a table, a view or a query of a department's database, and never write.

Whatever the database, its answer is kept as one Parquet file of text in the landing folder, and
read from there like any Parquet delivery: a batch that is read again is the same batch.
"""

import json
import re
import sqlite3
import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, CursorResult, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pipelines.contracts.source import Source
from pipelines.errors import DeliveryMissing, MissingColumn, UnreadableDelivery
from pipelines.extract.connections.database_text import (
    TextDecoder,
    Undecoded,
    decoder_of,
    set_aside,
)
from pipelines.extract.connections.secrets import secret_of
from pipelines.extract.formats.chunk import string_array, text_array
from pipelines.extract.formats.parquet import RULE, TEXT
from pipelines.extract.limits import STANDARD, Limits

ROWS = 20_000  # rows in memory, and in a row group; the server holds the rest
SLICE = 500  # rows made text at a time: few enough for the processor's cache, a third faster
_STEPS = 100_000  # of SQLite's machine between two looks at the clock
# How SQLite, PostgreSQL, MariaDB and MySQL say that a statement took longer than it may.
_TOO_LONG = re.compile("^interrupted$|timeout|max_statement_time|maximum statement execution time")
_PARAMETER = re.compile(r"(?<![:\w]):(watermark|batch)\b")


def fetch_table(
    source: Source, batch: str, folder: Path, watermark: str | None, limits: Limits = STANDARD
) -> str | None:
    """Write the answer to ``<table>.parquet`` in ``folder``, and return the next watermark.

    A delta with a watermark column takes the rows that are not older than ``watermark``, for rows
    may be written in the second in which we last read; staging keeps one version of each. A row
    with text that does not decode is written as a defect.

    Raises:
        DeliveryMissing: there is no such database or table.
        UnreadableDelivery: the database refuses us, or the query.
    """
    name = source.server.table or "query"
    try:
        engine = _engine(source, batch, limits)
    except (SQLAlchemyError, ImportError) as wrong:  # a driver that has gone since it was checked
        raise _refused(source, name, wrong) from None
    try:
        with engine.connect() as connection:
            options = {"stream_results": True, "max_row_buffer": ROWS}
            decoder = _prepare(connection, source, limits)
            connection = connection.execution_options(**options)
            result = _select(connection, source, batch, watermark)
            return _write(result, source, folder / f"{name}.parquet", watermark, decoder)
    except (SQLAlchemyError, UnicodeError) as wrong:
        raise _refused(source, name, wrong) from None
    finally:
        engine.dispose()


def _engine(source: Source, batch: str, limits: Limits) -> Engine:
    url = make_url(source.server.location.replace("{batch}", batch))
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.is_file():
            raise DeliveryMissing(source.name, batch, str(path))
        decoder = decoder_of(source)
        return create_engine(
            "sqlite://",
            creator=lambda: _open_sqlite(path, decoder, limits.statement_seconds),
            poolclass=NullPool,
        )
    if url.get_backend_name() == "postgresql":
        from psycopg2.extensions import encodings

        encodings["SQL_ASCII"] = (
            "utf-8"  # of names and statements; what is asked for comes as bytes
        )
    password = secret_of(source)
    return create_engine(url.set(password=password) if password else url, poolclass=NullPool)


def _open_sqlite(path: Path, decoder: TextDecoder, seconds: float) -> sqlite3.Connection:
    """Open read-only; a plain path would create an empty database where there is none."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    # Not str: SQLite's own message about bad text quotes it, and messages carry no data.
    connection.text_factory = decoder.text
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)
    return connection


def _prepare(connection: Connection, source: Source, limits: Limits) -> TextDecoder:
    """Bound a statement's time, and find out how text has to be decoded.

    A PostgreSQL database in SQL_ASCII keeps bytes of any encoding: its text comes as bytes, and is
    decoded here, row by row.
    """
    if connection.dialect.name in {"mysql", "mariadb"}:
        _prepare_mysql(connection, limits)
    if connection.dialect.name != "postgresql":
        return decoder_of(source)
    connection.execution_options(postgresql_readonly=True)
    driver: Any = connection.connection.dbapi_connection
    any_bytes = driver.info.parameter_status("server_encoding") == "SQL_ASCII"
    if any_bytes:
        from psycopg2.extensions import BYTES, register_type

        register_type(BYTES, driver)
    connection.exec_driver_sql(f"SET statement_timeout = {limits.statement_seconds * 1000:d}")
    return decoder_of(source, text_is_bytes=any_bytes)


def _prepare_mysql(connection: Connection, limits: Limits) -> None:
    """Read only, and no longer than allowed; the two servers call that limit differently."""
    connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
    if getattr(connection.dialect, "is_mariadb", False):
        limit = f"max_statement_time = {limits.statement_seconds:d}"
    else:
        limit = f"max_execution_time = {limits.statement_seconds * 1000:d}"
    connection.exec_driver_sql(f"SET SESSION {limit}")
    connection.commit()  # what was set holds from the next transaction on


def _select(
    connection: Connection, source: Source, batch: str, watermark: str | None
) -> CursorResult[Any]:
    parameters = {"watermark": watermark, "batch": batch}
    statement = source.server.query or _table_query(connection, source, watermark)
    used = {name: parameters[name] for name in set(_PARAMETER.findall(statement))}
    return connection.execute(text(statement), used)


def _table_query(connection: Connection, source: Source, watermark: str | None) -> str:
    quote = connection.dialect.identifier_preparer.quote_identifier
    server = source.server
    table = ".".join(quote(part) for part in (server.table or "").split("."))
    statement = f"SELECT * FROM {table}"  # noqa: S608 - quoted identifiers of the contract
    if source.delivery == "delta" and server.watermark_column and watermark is not None:
        statement += f" WHERE {quote(server.watermark_column)} >= :watermark"
    return statement


def _write(
    result: CursorResult[Any],
    source: Source,
    file: Path,
    watermark: str | None,
    decoder: TextDecoder,
) -> str | None:
    names = list(result.keys())
    schema = pa.schema([pa.field(name, pa.string()) for name in (*names, RULE, TEXT)])
    place = _watermark_place(source, names, file)
    highest: Any = None
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        pending: list[pa.Table] = []
        for rows in result.partitions(SLICE):
            columns = [
                decoder.recode(name, values)
                for name, values in zip(names, zip(*rows, strict=True), strict=True)
            ]
            pending.append(pa.table(_as_text(names, columns, len(rows)), schema=schema))
            if place is not None:
                highest = _highest(highest, columns[place])
            if sum(map(len, pending)) >= ROWS:
                writer.write_table(pa.concat_tables(pending))
                pending = []
        if pending:
            writer.write_table(pa.concat_tables(pending))
    return watermark if highest is None else render(highest)


def _as_text(names: Sequence[str], columns: Sequence[Sequence[Any]], rows: int) -> list[pa.Array]:
    """Columns as text, and last the rule and the text of each row that is a defect."""
    defects = set_aside(names, columns)
    if not defects:
        nothing = pa.nulls(rows, pa.string())
        return [*(text_array(each, render) for each in columns), nothing, nothing]
    kept = [
        [None if place in defects else value for place, value in enumerate(column)]
        for column in columns
    ]
    about = [defects.get(place) for place in range(rows)]
    return [
        *(text_array(each, render) for each in kept),
        string_array([None if defect is None else defect.rule for defect in about]),
        string_array([None if defect is None else defect.text for defect in about]),
    ]


def _watermark_place(source: Source, names: Sequence[str], file: Path) -> int | None:
    column = source.server.watermark_column
    if source.delivery != "delta" or column is None:
        return None
    if column not in names:
        raise MissingColumn(source.name, file.stem, [column], names)
    return names.index(column)


def _highest(so_far: Any, values: Sequence[Any]) -> Any:
    """The highest value; SQLite may keep numbers and text in one column: then as text."""
    seen = [v for v in (so_far, *values) if v is not None and not isinstance(v, Undecoded)]
    try:
        return max(seen, default=None)
    except TypeError:
        return max(seen, key=str)


def render(value: object) -> str | None:
    """A database value as text: numbers in full, times as in ISO 8601, bytes in hexadecimal."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        exact = value if isinstance(value, Decimal) else Decimal(repr(value))
        return format(exact, "f").removesuffix(".0") if isinstance(value, float) else f"{exact:f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex().upper()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)


def _refused(source: Source, name: str, wrong: Exception) -> UnreadableDelivery:
    """What the database says about its tables and our right to them; never about a value."""
    cause: object = getattr(wrong, "orig", None) or wrong
    about_data = not isinstance(wrong, OperationalError | ProgrammingError)
    reason = type(cause).__name__ if about_data else str(cause).strip().splitlines()[0]
    if _TOO_LONG.search(reason):
        return UnreadableDelivery(
            source.name, name, f"The database took too long: {reason}.",
            "Narrow the query, run it at night, or raise BASELIB_STATEMENT_TIMEOUT.",
        )  # fmt: skip
    return UnreadableDelivery(
        source.name, name, f"The database cannot answer: {reason}.",
        "Check table or query, location and secret in the contract, and our right to read it.",
    )  # fmt: skip
