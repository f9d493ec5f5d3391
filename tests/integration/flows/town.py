"""A town of a few records: deliveries written as rows, libraries built from them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import text

from pipelines.contracts import load_sources
from pipelines.flows.library.build import merge, publish, resolve
from pipelines.flows.source.ingest import land, stage
from pipelines.lake import open_lake
from pipelines.settings import Settings
from pipelines.warehouse import connect
from tests.integration.let_pass import let_pass

POLICE = "public_security__household_registration"
INSURANCE = "human_resources__social_insurance"
MARKET = "market_regulation__enterprises"
PRACTICE = "health__practice_licenses"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Town:
    """A home with the contracts of the demo; deliveries are written under it."""

    settings: Settings

    def deliver(self, source: str, batch: str, rows: Sequence[Row]) -> None:
        """Land one batch, stage it, let it pass; rows are by the names of the golden columns."""
        contract = load_sources(self.settings)[source]
        path = Path(contract.server.location.format(batch=batch))
        path.parent.mkdir(parents=True, exist_ok=True)
        names = {column.name: column.physical_name for column in contract.columns}
        with path.open("w", encoding=contract.server.encoding, newline="") as file:
            writer = csv.DictWriter(file, names.values(), delimiter=contract.server.delimiter)
            writer.writeheader()
            writer.writerows({names[key]: value for key, value in row.items()} for row in rows)
        land(self.settings, contract, batch)
        stage(self.settings, contract, batch)
        let_pass(self.settings, contract, batch)

    def build(self, library: str, run: str) -> None:
        """Resolve, merge, publish; without the suites, which are tested elsewhere."""
        for verb in (resolve, merge, publish):
            verb(self.settings, library, run)

    def base(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of PostgreSQL."""
        engine = connect(self.settings)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(sql))]
        engine.dispose()
        return found

    def lake(self, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Rows of a table of the lake, in their order."""
        files = [str(file) for file in open_lake(self.settings).files(table)]
        query = f"SELECT {columns} FROM read_parquet(?)"
        return duckdb.connect().execute(query, [files]).fetchall()

    def core_bytes(self) -> Mapping[str, list[bytes]]:
        """Every file of every core table."""
        lake = open_lake(self.settings)
        tables = [table for table in lake.tables() if table.startswith("core.")]
        return {table: [file.read_bytes() for file in lake.files(table)] for table in tables}


def citizen_id(birth: str, sequence: int, region: str = "130602") -> str:
    """A valid number (GB 11643, MOD 11-2) of a fictional person."""
    first17 = f"{region}{birth}{sequence:03d}"
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(first17))
    return first17 + "10X98765432"[total % 11]
