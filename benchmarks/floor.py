"""The floor: what it costs to do nothing with the same bytes.

DuckDB reads the delivered files and writes Parquet; PostgreSQL takes the same golden and crosswalk
rows by COPY, into tables of text without keys. Text that DuckDB cannot decode is transcoded first,
which is counted. Excel, SQLite and HTTP deliveries, which DuckDB reads only with extensions that it
would have to download, are read from the Parquet files of ``raw.*``: that makes the floor lower,
not higher.
"""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg2

from benchmarks.city import settings_of
from benchmarks.cost import Measured, Meter
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.demo.world.today import FIRST_BATCH
from pipelines.extract.connections.files import find_files
from pipelines.lake import Lake, open_lake
from pipelines.libraries import load_libraries
from pipelines.warehouse import database_url, stop_embedded

_COPY_BYTES = 1 << 20  # handed to COPY at a time, so that Python's part is small
_READABLE = {"csv", "jsonl", "parquet"}  # by DuckDB alone


@dataclass(frozen=True)
class _Floor:
    con: duckdb.DuckDBPyConnection
    scratch: Path

    def read(self, source: Source, form: str, files: Sequence[Path]) -> int:
        """Read a delivery, write it as Parquet, and say how many rows it has."""
        out = str(self.scratch / f"{source.name}.parquet")
        self._rows(source, form, files).write_parquet(out, compression="zstd")
        return len(self.con.read_parquet(out))

    def copy(self, table: str, files: Sequence[Path], database: str) -> int:
        """Copy Parquet files into a new table of text, and say how many rows it has."""
        rows = self.con.read_parquet([str(file) for file in files])
        text = self.scratch / f"{table}.csv"
        rows.write_csv(str(text), header=False)
        columns = ", ".join(f'"{name}" text' for name in rows.columns)
        with psycopg2.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(f'CREATE TABLE floor."{table}" ({columns})')
            with text.open("rb") as stream:
                into = f'COPY floor."{table}" FROM STDIN (FORMAT csv)'
                cursor.copy_expert(into, stream, size=_COPY_BYTES)
            copied: int = cursor.rowcount
        connection.close()
        return copied

    def _rows(self, source: Source, form: str, files: Sequence[Path]) -> duckdb.DuckDBPyRelation:
        if form == "parquet":
            return self.con.read_parquet([str(file) for file in files])
        texts = [str(self._decoded(source, file)) for file in files]
        if form == "jsonl":
            return self.con.read_json(texts, format="newline_delimited")
        return self.con.read_csv(
            texts, delimiter=source.server.delimiter, all_varchar=True, ignore_errors=True
        )

    def _decoded(self, source: Source, file: Path) -> Path:
        encoding = source.server.encoding.lower()
        if encoding.startswith("utf-8"):
            return file
        out = self.scratch / f"{file.name}.utf8"
        with out.open("wb") as target:  # -c drops what does not decode, and answers 1 then
            command = ["iconv", "-c", "-f", encoding, "-t", "utf-8", str(file)]
            subprocess.run(command, stdout=target, check=False)
        return out


def run_floor(home: Path) -> Measured:
    """Read the deliveries into Parquet, and COPY what the last run of ours published."""
    settings = settings_of(home)
    lake, database = open_lake(settings), database_url(settings)
    deliveries = [(source, *_delivery(lake, source)) for source in load_sources(settings).values()]
    entities = [library.entity for library in load_libraries().values()]
    tables = {
        name: lake.files(f"core.{name}") for one in entities for name in (one, f"{one}_source")
    }
    scratch = _make_room(home, database)
    meter = Meter()
    with duckdb.connect(config={"threads": settings.threads}) as con:
        floor = _Floor(con, scratch)
        with meter.stage("read to Parquet"):
            records = sum(floor.read(*delivery) for delivery in deliveries)
        with meter.stage("COPY"):
            rows = {name: floor.copy(name, files, database) for name, files in tables.items()}
    stop_embedded(settings)
    shutil.rmtree(scratch)
    return Measured(meter.stages, records, sum(rows[entity] for entity in entities))


def _delivery(lake: Lake, source: Source) -> tuple[str, Sequence[Path]]:
    """Format and files."""
    if source.server.kind == "file" and source.server.format in _READABLE:
        return source.server.format, find_files(source, FIRST_BATCH)
    return "parquet", lake.files(f"raw.{source.name}", FIRST_BATCH)


def _make_room(home: Path, database: str) -> Path:
    """An empty folder, and an empty schema."""
    with psycopg2.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS floor CASCADE")
        cursor.execute("CREATE SCHEMA floor")
    connection.close()
    scratch = home / "floor"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    return scratch
