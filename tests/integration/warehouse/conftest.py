"""A migrated warehouse, and small libraries' tables as Parquet files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from publishing import Publish
from sqlalchemy import Engine

from pipelines.libraries import load_library
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate
from pipelines.warehouse.base.publication import Publication
from pipelines.warehouse.base.publish import publish

Rows = Sequence[Mapping[str, object]]


@pytest.fixture
def migrated(settings: Settings) -> Settings:
    migrate(settings)
    return settings


@pytest.fixture
def warehouse(migrated: Settings) -> Iterator[Engine]:
    engine = connect(migrated)
    yield engine
    engine.dispose()


@pytest.fixture
def publish_rows(migrated: Settings, tmp_path: Path) -> Publish:
    """Publish rows given as dictionaries: golden, crosswalk (one record each), redirects."""

    def run(
        library: str,
        golden: Rows,
        *,
        run: str = "20260630",
        source: Rows | None = None,
        redirect: Rows = (),
        **lacks: Sequence[str],
    ) -> Publication:
        declared = load_library(library)
        entity = declared.entity
        records = source if source is not None else [_record(row) for row in golden]
        tables = {entity: golden, f"{entity}_source": records, f"{entity}_redirect": redirect}
        files = {name: [_write(tmp_path, name, rows)] for name, rows in tables.items()}
        return publish(migrated, declared, run, files, {f"core.{entity}": 1}, **lacks)

    return run


def _record(golden: Mapping[str, object]) -> Mapping[str, object]:
    key = golden["entity_id"]
    return {"entity_id": key, "record_no": 1, "source": "a__b", "source_key": f"key of {key}"}


def _write(folder: Path, name: str, rows: Rows) -> Path:
    columns = sorted({column for row in rows for column in row} | {"entity_id"})
    data = {column: [row.get(column) for row in rows] for column in columns}
    table = pa.table(data) if rows else pa.table({"entity_id": pa.array([], pa.string())})
    path = folder / f"{name}.parquet"
    pq.write_table(table, path)
    return path
