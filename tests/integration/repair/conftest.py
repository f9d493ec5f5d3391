"""A small department that delivers, and a warehouse that follows what becomes of its faults."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from pipelines import flows
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.flows.source.track import track
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate
from tests.integration.let_pass import let_pass

HEADER = ("编号", "身份证号", "姓名", "性别", "出生日期")
CONTRACT = """
apiVersion: v3.2.0
kind: DataContract
id: public_security__people
name: 人口
version: 1.0.0
status: active
domain: population
tenant: 示范市公安局
servers:
  - {{server: production, type: local, path: "{folder}/people_{{batch}}.csv", format: csv,
     delimiter: ",", encoding: gb18030}}
schema:
  - name: people
    customProperties:
      - {{property: delivery, value: {delivery}}}
    properties:
      - {{name: source_key, physicalName: 编号, primaryKey: true, required: true}}
      - {{name: citizen_id, physicalName: 身份证号, semanticType: citizen_id, required: true}}
      - {{name: person_name, physicalName: 姓名, semanticType: person_name, required: true}}
      - {{name: sex_code, physicalName: 性别, semanticType: sex_code}}
      - {{name: birth_date, physicalName: 出生日期, semanticType: birth_date}}
team:
  name: 户政科
  members:
    - {{username: owner@example.gov.cn, role: data owner}}
slaProperties:
  - {{property: frequency, value: 1, unit: d}}
"""
# Of the standard and of docs: valid ones, fictional persons.
GOOD = ("1", "11010519491231002X", "张三丰", "女", "1949-12-31")
BAD = ("2", "110101199003079990", "李四光", "男", "1990-03-07")  # the check digit must be 9
MENDED = ("2", "110101199003079999", "李四光", "男", "1990-03-07")
Row = tuple[str, ...]
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
NO_OFFICE = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")


def saved_by_office(file: Path, folder: Path, form: str = "xlsx") -> Path:
    """A sheet as LibreOffice writes it anew when somebody has filled it in there."""
    into, profile = folder / form, (folder / "profile").as_uri()
    command = [str(OFFICE), f"-env:UserInstallation={profile}", "--headless",
               "--convert-to", form, "--outdir", str(into), str(file)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return into / f"{file.stem}.{form}"


@dataclass
class Department:
    """One source, its warehouse, and the verbs by which a batch goes through."""

    settings: Settings
    source: Source
    engine: Engine
    folder: Path

    def deliver(self, batch: str, *rows: Row) -> None:
        """Write the file of a batch, stage it, let it pass."""
        lines = [",".join(row) for row in (HEADER, *rows)]
        text_ = "\n".join(lines) + "\n"
        (self.folder / f"people_{batch}.csv").write_text(text_, encoding="gb18030")
        flows.land(self.settings, self.source, batch)
        flows.stage(self.settings, self.source, batch)
        let_pass(self.settings, self.source, batch)

    def on(self, day: date) -> None:
        """Let it be noon of that day."""
        self.settings = self.settings.model_copy(update={"today": day})

    def track(self, batch: str) -> Any:
        return track(self.settings, self.source, batch)

    def receive(self, batch: str, *rows: Row) -> Any:
        """Deliver and track."""
        self.deliver(batch, *rows)
        return self.track(batch)

    def query(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(sql), parameters).mappings()]

    def query_none(self, sql: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(sql))

    def issues(self) -> dict[tuple[str, str], str]:
        """Column and rule to state."""
        rows = self.query("SELECT column_name, rule, state FROM quality.issue")
        return {(row["column_name"], row["rule"]): row["state"] for row in rows}


def make_department(settings: Settings, folder: Path, delivery: str) -> Department:
    migrate(settings)
    folder.mkdir(parents=True, exist_ok=True)
    contract = CONTRACT.format(folder=folder, delivery=delivery)
    (folder / "public_security__people.yml").write_text(contract, encoding="utf-8")
    settings = settings.model_copy(update={"sources": (folder,)})
    source = load_sources(settings)["public_security__people"]
    return Department(settings, source, connect(settings), folder)


@pytest.fixture
def department(settings: Settings, tmp_path: Path) -> Iterator[Department]:
    """Delivers the whole each time."""
    made = make_department(settings, tmp_path / "in", "snapshot")
    yield made
    made.engine.dispose()


@pytest.fixture
def delta_department(settings: Settings, tmp_path: Path) -> Iterator[Department]:
    """Delivers what has changed."""
    made = make_department(settings, tmp_path / "in", "delta")
    yield made
    made.engine.dispose()


def only(rows: Sequence[Any]) -> Any:
    (row,) = rows
    return row
