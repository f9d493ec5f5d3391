"""A town of three small sources that lives through batches: deliver, run, look."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from typer.testing import CliRunner

from pipelines.cli.main import app
from pipelines.contracts import load_sources
from pipelines.flows.library.build import merge, publish, resolve
from pipelines.flows.library.consequences.id_changes import (
    compare_with_published,
    refuse_over_budget,
)
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.ingest import land, stage
from pipelines.libraries import load_library
from pipelines.settings import Settings
from tests.integration.let_pass import let_pass

LIBRARY = load_library("population")
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: {name}
name: 登记
version: 1.0.0
status: active
domain: population
tenant: 示范市{department}
servers:
  - {{server: production, type: local, path: "{name}_{{batch}}.csv", format: csv, encoding: utf-8}}
schema:
  - name: register
    physicalName: 登记
    customProperties: [{{property: delivery, value: {delivery}}}]
    properties:
      - {{name: source_key, physicalName: 编号, primaryKey: true, required: true}}
      - {{name: person_name, physicalName: 姓名, semanticType: person_name}}
      - {{name: citizen_id, physicalName: 号码, semanticType: citizen_id}}
      - {{name: birth_date, physicalName: 生日, semanticType: birth_date}}
      - {{name: sex_code, physicalName: 性别, semanticType: sex_code}}
      - {{name: mobile, physicalName: 手机, semanticType: mobile}}
      - {{name: residence_address, physicalName: 地址, semanticType: address}}
team:
  name: 登记科
  members: [{{username: owner@example.gov.cn, role: data owner}}]
slaProperties:
  - {{property: frequency, value: 1, unit: d, schedule: "0 2 * * *"}}
customProperties: [{{property: sharing_type, value: unconditional}}]
"""
SOURCES = {
    "public_security__register": "snapshot",
    "health__patients": "snapshot",
    "civil_affairs__changes": "delta",
}
COLUMNS = {
    "key": "编号",
    "name": "姓名",
    "number": "号码",
    "born": "生日",
    "sex": "性别",
    "mobile": "手机",
    "address": "地址",
}
Row = Mapping[str, str]


def valid_number(first17: str) -> str:
    """A citizen id with its check digit (GB 11643)."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    rest = sum(int(d) * w for d, w in zip(first17, weights, strict=True)) % 11
    return first17 + "10X98765432"[rest]


def person(number: int, **told: str) -> Row:
    """Somebody with a number, a name and a birth date of his own; ``told`` overrides."""
    names = "赵钱孙李周吴郑王冯陈"
    given = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
    born = f"19{60 + number % 40}{1 + number % 12:02}{1 + number % 28:02}"
    return {
        "key": str(number),
        "name": names[number % 10] + given[number % 22] + given[number // 22 % 22],
        "number": valid_number(f"110105{born}{number % 1000:03}"),
        "born": f"{born[:4]}-{born[4:6]}-{born[6:]}",
        "sex": "男" if number % 2 else "女",
        "mobile": f"1390000{number:04}",
        "address": f"和平路{number}号",
        **told,
    }


@dataclass
class Town:
    """Settings of a home, and what to do in it."""

    settings: Settings
    runs: list[str] = field(default_factory=list)

    def deliver(
        self, batch: str, source: str, rows: Sequence[Row], *, checked: bool = True
    ) -> None:
        """Land and stage one delivery; its check, which is tested elsewhere, has let it pass."""
        folder = self.settings.sources[0] / "population"
        with (folder / f"{source}_{batch}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS.values(), lineterminator="\n")
            writer.writeheader()
            writer.writerows({COLUMNS[k]: v for k, v in row.items()} for row in rows)
        declared = load_sources(self.settings)[source]
        land(self.settings, declared, batch)
        stage(self.settings, declared, batch)
        if checked:
            let_pass(self.settings, declared, batch)

    def build(self, run: str) -> None:
        """Resolve and merge: a candidate waits for its check."""
        resolve(self.settings, LIBRARY.name, run)
        merge(self.settings, LIBRARY.name, run)
        self.runs.append(run)

    def check_ids(self, run: str):
        """The part of ``check_library`` that looks at ids; raises when over budget."""
        with open_session(self.settings) as session:
            comparison = compare_with_published(session, LIBRARY, run)
            refuse_over_budget(session, LIBRARY, comparison)
        return comparison

    def publish(self, run: str) -> None:
        """Everything from resolve to publish, without the quality suites."""
        self.build(run)
        self.check_ids(run)
        publish(self.settings, LIBRARY.name, run)

    def rows(self, table: str, batch: str | None = None) -> list[dict[str, object]]:
        """A lake table as dictionaries."""
        with open_session(self.settings) as session:
            return session.con.to_pyarrow(session.lake.read(session.con, table, batch)).to_pylist()

    def ids(self) -> dict[str, str]:
        """``source/key`` to entity id."""
        rows = self.rows("identity.person_record")
        return {f"{row['source']}/{row['source_key']}": row["entity_id"] for row in rows}


def write_contracts(folder: Path) -> None:
    """The contracts of the town's sources."""
    (folder / "population").mkdir(parents=True)
    for name, delivery in SOURCES.items():
        text = CONTRACT.format(name=name, department=name.split("__")[0], delivery=delivery)
        (folder / "population" / f"{name}.yml").write_text(text, encoding="utf-8")


def command_line(town: Town, *arguments: str) -> str:
    """What ``baselib identity …`` answers in the town's home."""
    environment = {
        "BASELIB_HOME": str(town.settings.home),
        "BASELIB_DATABASE_URL": town.settings.database_url.get_secret_value(),
        "BASELIB_SOURCES": str(town.settings.sources[0]),
    }
    answer = CliRunner().invoke(app, ["identity", *arguments], env=environment)
    assert answer.exit_code == 0, answer.output
    return answer.output
