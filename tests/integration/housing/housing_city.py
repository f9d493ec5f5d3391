"""A city with a fourth library, of houses, that is declared outside the repository's package.

Two bureaus deliver houses, the police persons and the market regulator firms; one run builds all.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import text

from pipelines.flows.run import RunOutcome
from pipelines.lake import open_lake
from pipelines.settings import Settings
from pipelines.warehouse import connect

HOUSING = Path(__file__).parents[2] / "fixtures/housing"
REGISTER, SURVEY = "natural_resources__real_estate_registrations", "housing__houses"
POLICE = "public_security__household_registration"
MARKET = "market_regulation__enterprises"
BATCH = "20260630"
OWNER, FIRM = "130602199003071011", "91130602MA00000156"  # a fictional person's and a firm's
UNITS = [f"130602001001GB00001F0001000{place}" for place in range(1, 10)]

Row = Mapping[str, str]


@dataclass(frozen=True)
class City:
    """What a run of everything made."""

    settings: Settings
    outcome: RunOutcome

    def base(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of PostgreSQL."""
        engine = connect(self.settings)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(sql))]
        engine.dispose()
        return found

    def lake(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Rows of a table of the lake."""
        files = [str(file) for file in open_lake(self.settings).files(table)]
        return (
            duckdb.connect().execute(f"SELECT {columns} FROM read_parquet(?)", [files]).fetchall()
        )

    def mails(self) -> list[str]:
        """Subject and text of every message of the outbox."""
        found = []
        for file in sorted(self.settings.outbox_dir.rglob("*.eml")):
            message = message_from_bytes(file.read_bytes(), policy=policy.default)
            body = message.get_body(("plain",))
            found.append(f"{message['subject']}\n{body.get_content() if body else ''}")
        return found


HOUSES: Mapping[str, Sequence[Row]] = {
    REGISTER: [
        {"source_key": "D1", "unit_number": UNITS[0],
         "house_address": "云州市莲池区东风路12号3单元401",
         "house_use": "住宅", "certificate_number": "云(2020)不动产权第0000001号",
         "owner_name": "张小明", "owner_code": OWNER, "registration_date": "2020-05-01"},
        {"source_key": "D2", "unit_number": UNITS[1],
         "house_address": "云州市莲池区东风路12号3单元402",
         "house_use": "商业", "certificate_number": "云(2020)不动产权第0000002号",
         "owner_name": "云州市甲有限公司", "owner_code": FIRM},
        {"source_key": "D3", "unit_number": UNITS[2]},  # a number, and nobody owns it yet
        {"source_key": "D4", "unit_number": "130602001001GB00001F000100", "owner_name": "张小明"},
        {"source_key": "D5", "unit_number": UNITS[4], "registration_date": "2030-01-01",
         "completion_date": "2019-01-01"},
        {"source_key": "D6", "unit_number": UNITS[5], "registration_date": "2010-01-01",
         "completion_date": "2019-01-01"},
        {"source_key": "D7", "unit_number": UNITS[6]},
        {"source_key": "D7", "unit_number": UNITS[7]},  # another house under the same key
    ],
    SURVEY: [
        {"source_key": "F1", "unit_number": "130602 001001 gb00001 f00010001", "house_use": "商业"},
        {"source_key": "F2", "certificate_number": "云(2020)不动产权第0000002号",
         "house_address": "东风路12号"},
        {"source_key": "F3", "house_address": "云州市莲池区幸福路5号2单元302",
         "owner_name": "云州市甲有限公司"},
        {"source_key": "F4", "owner_name": "张小明", "owner_code": OWNER},  # an owner, and no house
        *({"source_key": f"G{place}", "unit_number": UNITS[place]} for place in range(4, 9)),
    ],
    POLICE: [
        {"source_key": "HJ1", "citizen_id": OWNER, "person_name": "张小明", "sex_code": "1",
         "birth_date": "19900307", "residence_region_code": "130602"},
    ],
    MARKET: [
        {"source_key": "ZT1", "uscc": FIRM, "organization_name": "云州市甲有限公司",
         "region_code": "130602"},
    ],
}  # fmt: skip


def write(contract: Any, rows: Sequence[Row]) -> None:
    path = Path(contract.server.location.format(batch=BATCH))
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {column.name: column.physical_name for column in contract.columns}
    with path.open("w", encoding=contract.server.encoding, newline="") as file:
        writer = csv.DictWriter(file, names.values(), delimiter=contract.server.delimiter)
        writer.writeheader()
        writer.writerows({names[key]: value for key, value in row.items()} for row in rows)
