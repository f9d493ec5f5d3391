"""A warehouse of a few persons and licences, published from dictionaries."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine, text

from pipelines.libraries import load_library
from pipelines.settings import Settings
from pipelines.warehouse.base.publication import Publication
from pipelines.warehouse.base.publish import publish

Row = Mapping[str, object]
LONGER = int(os.environ.get("SERVE_LONGER", "1"))  # times as many examples: make serve-tests


def query(engine: Engine, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql), parameters)]


def person(entity_id: str, **values: object) -> Row:
    return {"entity_id": entity_id, "person_name": "王小明", "person_name_record": 1} | values


class City:
    """Publishes editions; source records are given as ``key -> entity`` or one per entity."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder, self.runs = settings, folder, 0

    def publish(
        self,
        library: str,
        golden: Sequence[Row],
        records: Mapping[str, str] | None = None,
        redirects: Mapping[str, str | None] | None = None,
    ) -> Publication:
        self.runs += 1
        declared = load_library(library)
        entity = declared.entity
        owners = records or {f"key of {row['entity_id']}": str(row["entity_id"]) for row in golden}
        counts: dict[str, int] = {}
        source = []
        for key, owner in sorted(owners.items()):
            counts[owner] = counts.get(owner, 0) + 1
            source.append(
                {
                    "entity_id": owner,
                    "record_no": counts[owner],
                    "source": "a__b",
                    "source_key": key,
                }
            )
        old = [{"entity_id": one, "current_id": now} for one, now in (redirects or {}).items()]
        tables = {entity: golden, f"{entity}_source": source, f"{entity}_redirect": old}
        files = {name: [self._write(name, rows)] for name, rows in tables.items()}
        run = f"20260630-{self.runs}"
        return publish(self.settings, declared, run, files, {f"core.{entity}": self.runs})

    def _write(self, name: str, rows: Sequence[Row]) -> Path:
        columns = sorted({column for row in rows for column in row} | {"entity_id"})
        data = {column: [row.get(column) for row in rows] for column in columns}
        table = pa.table(data) if rows else pa.table({"entity_id": pa.array([], pa.string())})
        path = self.folder / f"{name}.parquet"
        pq.write_table(table, path)
        return path
