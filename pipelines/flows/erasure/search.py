"""Search a home and its databases for values, wherever they may lie: the proof of an erasure.

Files are searched as bytes in the encodings that deliveries have, and inside of what hides bytes:
Parquet, workbooks and other ZIP archives, gzip, messages. Of databases every row of every table is
searched as text. PostgreSQL's own files are not: what they hold of deleted rows is overwritten in
time, as free space of the disk is.
"""

import email
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from email import policy
from pathlib import Path

import duckdb
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from pipelines.settings import Settings
from pipelines.warehouse import database_url
from pipelines.warehouse.server.database import sqlalchemy_url

_ENCODINGS = ("utf-8", "gb18030", "utf-16-le")
_SERVER = "postgres"  # folder of the embedded server
_DEEPEST = 3  # archives in archives
_LARGEST = 1 << 30  # bytes of one member: more is no report or delivery of ours


def search_home(settings: Settings, values: Sequence[str]) -> list[Path]:
    """Files of the home in which any of the values stands, relative to it; never the server's."""
    patterns = [each.encode(code, "replace") for each in values for code in _ENCODINGS]
    found = []
    for path in sorted(settings.home.rglob("*")):
        inside = path.relative_to(settings.home)
        if inside.parts[0] == _SERVER or path.is_symlink() or not path.is_file():
            continue
        if path.suffix == ".parquet":
            hit = _in_parquet(path, values)
        else:
            content = path.read_bytes()
            hit = any(_has(part, patterns) for part in _parts(path.name, content, 0))
        if hit or _has(path.name.encode(), patterns):
            found.append(inside)
    return found


def search_databases(settings: Settings, values: Sequence[str]) -> dict[str, int]:
    """``database.schema.table`` to its rows that have any of the values; only those that do."""
    url = make_url(sqlalchemy_url(database_url(settings)))
    found = {}
    for database in _databases(settings, url.database or ""):
        engine = create_engine(url.set(database=database), poolclass=NullPool, hide_parameters=True)
        for table, rows in _search_tables(engine, values):
            found[f"{database}.{table}"] = rows
    return found


def _databases(settings: Settings, own: str) -> list[str]:
    """Of an embedded server all: it is this home's. Of another only ours."""
    if settings.database_url is not None:
        return [own]
    engine = create_engine(sqlalchemy_url(database_url(settings)), poolclass=NullPool)
    query = text(
        "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1"
    )
    with engine.connect() as connection:
        return [str(name) for (name,) in connection.execute(query)]


def _search_tables(engine: Engine, values: Sequence[str]) -> Iterator[tuple[str, int]]:
    tables = text("""
        SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1""")
    with engine.connect() as connection:
        for (table,) in connection.execute(tables).all():
            query = text(
                f"SELECT count(*) FROM {table} AS one WHERE EXISTS"  # noqa: S608 - of the catalogue
                " (SELECT FROM unnest(CAST(:values AS text[])) AS v WHERE strpos(one::text, v) > 0)"
            )
            rows = connection.execute(query, {"values": [*values]}).scalar_one()
            if rows:
                yield str(table), int(rows)


def _has(content: bytes, patterns: Sequence[bytes]) -> bool:
    return any(pattern in content for pattern in patterns)


def _in_parquet(path: Path, values: Sequence[str]) -> bool:
    with duckdb.connect() as con:
        query = (
            "SELECT count(*) FROM read_parquet($file) AS one"
            " WHERE list_bool_or([contains(one::VARCHAR, v) for v in $values])"
        )
        row = con.execute(query, {"file": str(path), "values": [*values]}).fetchone()
    return bool(row and row[0]) or _has(
        path.read_bytes()[-_FOOTER:], [each.encode() for each in values]
    )


_FOOTER = 1 << 20  # bytes at the end of a Parquet file: least and greatest values stand there


def _parts(name: str, content: bytes, depth: int) -> Iterator[bytes]:
    """The content, and what is in it where it is an archive, a compressed file or a message."""
    yield content
    if depth >= _DEEPEST:
        return
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                if member.file_size <= _LARGEST and not member.flag_bits & 1:
                    yield from _parts(member.filename, archive.read(member), depth + 1)
    elif content.startswith(b"\x1f\x8b"):
        try:
            with gzip.open(io.BytesIO(content)) as unpacked:
                yield from _parts(name, unpacked.read(_LARGEST), depth + 1)
        except (OSError, EOFError, zlib.error):
            return
    elif name.endswith(".eml"):
        message = email.message_from_bytes(content, policy=policy.default)
        for part in message.walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield from _parts(part.get_filename() or "", payload, depth + 1)
        yield str(message["subject"]).encode()
