"""Read a table, a view or a query of a department's database, and never write.

Whatever the database, its answer is kept as one Parquet file of text in the landing folder, and
read from there like any Parquet delivery: a batch that is read again is the same batch.
"""

import json
import re
import sqlite3
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
from pipelines.extract.connections.secrets import secret_of
from pipelines.extract.formats.chunk import text_array

ROWS = 20_000  # rows in memory, and in a row group; the server holds the rest
SLICE = 500  # rows made text at a time: few enough for the processor's cache, a third faster
_PARAMETER = re.compile(r"(?<![:\w]):(watermark|batch)\b")


def fetch_table(source: Source, batch: str, folder: Path, watermark: str | None) -> str | None:
    """Write the answer to ``<table>.parquet`` in ``folder``, and return the next watermark.

    A delta with a watermark column takes the rows that are not older than ``watermark``, for rows
    may be written in the second in which we last read; staging keeps one version of each.

    Raises:
        DeliveryMissing: there is no such database or table.
        UnreadableDelivery: the database refuses us, or the query.
    """
    name = source.server.table or "query"
    engine = _engine(source, batch)
    try:
        with engine.connect() as connection:
            options = {"stream_results": True, "max_row_buffer": ROWS}
            result = _select(connection.execution_options(**options), source, batch, watermark)
            return _write(result, source, folder / f"{name}.parquet", watermark)
    except (SQLAlchemyError, UnicodeError) as wrong:
        raise _refused(source, name, wrong) from None
    finally:
        engine.dispose()


def _engine(source: Source, batch: str) -> Engine:
    url = make_url(source.server.location.replace("{batch}", batch))
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.is_file():
            raise DeliveryMissing(source.name, batch, str(path))
        return create_engine("sqlite://", creator=lambda: _open_sqlite(path), poolclass=NullPool)
    password = secret_of(source)
    return create_engine(url.set(password=password) if password else url, poolclass=NullPool)


def _open_sqlite(path: Path) -> sqlite3.Connection:
    """Open read-only; a plain path would create an empty database where there is none."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    # Not str: SQLite's own message about bad text quotes it, and messages carry no data.
    connection.text_factory = bytes.decode
    return connection


def _select(
    connection: Connection, source: Source, batch: str, watermark: str | None
) -> CursorResult[Any]:
    if connection.dialect.name == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
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
    result: CursorResult[Any], source: Source, file: Path, watermark: str | None
) -> str | None:
    names = list(result.keys())
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    place = _watermark_place(source, names, file)
    highest: Any = None
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        pending: list[pa.Table] = []
        for rows in result.partitions(SLICE):
            columns = list(zip(*rows, strict=True))
            pending.append(pa.table([text_array(each, render) for each in columns], schema=schema))
            if place is not None:
                highest = _highest(highest, columns[place])
            if sum(map(len, pending)) >= ROWS:
                writer.write_table(pa.concat_tables(pending))
                pending = []
        if pending:
            writer.write_table(pa.concat_tables(pending))
    return watermark if highest is None else render(highest)


def _watermark_place(source: Source, names: Sequence[str], file: Path) -> int | None:
    column = source.server.watermark_column
    if source.delivery != "delta" or column is None:
        return None
    if column not in names:
        raise MissingColumn(source.name, file.stem, [column], names)
    return names.index(column)


def _highest(so_far: Any, values: Sequence[Any]) -> Any:
    """The highest value; SQLite may keep numbers and text in one column: then as text."""
    seen = [value for value in (so_far, *values) if value is not None]
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
    return UnreadableDelivery(
        source.name, name, f"The database cannot answer: {reason}.",
        "Check table or query, location and secret in the contract, and our right to read it.",
    )  # fmt: skip
