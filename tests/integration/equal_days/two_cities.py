"""Two cities that live through the same days: one ends a day that brings nothing new, one never.

Whatever happens, their tables must be the same, but for the names of batches and files under which
equal rows came, and for what is written once a day (checks, scores, mails).
"""

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from sqlalchemy import text

from pipelines.contracts import load_sources
from pipelines.flows.run import run_libraries
from pipelines.flows.shared.batches import staged_batch
from pipelines.flows.shared.session import open_session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.keyed_digests import value_digest
from pipelines.libraries import load_library
from pipelines.settings import Settings
from pipelines.warehouse import read_batches
from pipelines.warehouse.people.corrections import APPLIED_ANSWER_SCHEMA, record_answers

CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: {name}
name: 登记
version: {version}
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
      - {{name: death_date, physicalName: 死亡日期, semanticType: date}}
      - {{name: marital_code, physicalName: 婚姻, semanticType: marital_code}}
      - {{name: mobile, physicalName: 手机, semanticType: mobile}}
team:
  name: 登记科
  members: [{{username: owner@example.gov.cn, role: data owner}}]
slaProperties:
  - {{property: frequency, value: 30, unit: d}}
customProperties: [{{property: sharing_type, value: unconditional}}{more}]
"""
SOURCES = {"public_security__register": "snapshot", "civil_affairs__changes": "delta"}
COLUMNS = ("编号", "姓名", "号码", "生日", "死亡日期", "婚姻", "手机")
FIRST_DAY = date(2026, 3, 1)
Row = tuple[str, ...]

# What is compared: all columns, less those that name a day's batch, file or moment.
TABLES = {
    "base.person": "*",
    "base.person_source": "*",
    "base.person_redirect": "*",
    "quality.batch": "source, batch, landed, staged, superseded, quarantined, findings,"
    " unmapped_columns, judged_again_on",
    "quality.finding_count": "*",
    "quality.drift": "*",
    "quality.issue": "fingerprint, source, layer, record, column_name, rule, severity, state,"
    " first_batch, is_quarantined, value_digest, closed_batch, closed_how, reopened,"
    " CASE layer WHEN 'batch' THEN last_batch END",
    "quality.issue_event": "fingerprint, kind, from_state, to_state, note",
    "quality.correction": "source, record, column_name, kind, guard, new_value, since_batch,"
    " retired_batch, retired_why",
}
LAKE = (
    *("identity.person_record", "identity.person_finding", "identity.person_agreement"),
    *("core.person", "core.person_source"),
)


@dataclass
class City:
    """One home, and what its departments have delivered."""

    settings: Settings
    folder: Path
    ended: list[str] = field(default_factory=list)  # batches that were not staged

    def write_contract(self, source: str, version: str = "1.0.0", more: str = "") -> None:
        """The contract of a source, in a version; ``more`` are further properties."""
        file = self.folder / "population" / f"{source}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        department = source.split("__")[0]
        content = CONTRACT.format(
            name=source, department=department, delivery=SOURCES[source], version=version, more=more
        )
        file.write_text(content, encoding="utf-8")

    def deliver(self, source: str, batch: str, rows: Sequence[Row]) -> None:
        """Write a file."""
        path = self.folder / "population" / f"{source}_{batch}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([COLUMNS, *rows])

    def run(self, batch: str, sources: Sequence[str] | None = None) -> None:
        """``baselib run`` of one batch."""
        declared = load_sources(self.settings)
        chosen = [declared[name] for name in sources or SOURCES]
        library = [load_library("population")]
        outcome = run_libraries(self.settings, library, chosen, batch, lambda _: None)
        assert outcome.failures == {}, [_why(each) for each in outcome.failures.values()]
        self.ended += [each.source for each in self.batches(batch) if each.equal_to]

    def batches(self, batch: str | None = None) -> list[Any]:
        """Records of ``quality.batch``."""
        with open_session(self.settings) as session:
            return read_batches(session.warehouse, None, batch)

    def correct(self, source: str, choose: Callable[[Sequence[Any]], Any], value: str) -> bool:
        """Answer an open issue of one column, as the import of a sheet would; whether there is."""
        query = text(
            "SELECT fingerprint, record, column_name, rule, batch, file, line FROM quality.issue"
            " WHERE source = :source AND layer = 'batch' AND state = 'open'"
            " AND column_name = 'mobile' ORDER BY fingerprint"
        )
        with open_session(self.settings) as session:
            with session.warehouse.connect() as connection:
                found = connection.execute(query, {"source": source}).all()
            if not found:
                return False
            issue = choose(found)
            path = self.folder / "population" / issue.file
            line = path.read_text(encoding="utf-8").splitlines()[issue.line - 1]
            key = ibis.literal(digest_key(self.settings))
            guard = session.con.execute(value_digest(key, ibis.literal(line.split(",")[6])))
        answer = {
            **{name: getattr(issue, name) for name in ("fingerprint", "record", "column_name")},
            "rule": issue.rule,
            "verdict": "accepted",
            "guard": guard,
            "new_value": value,
            "since_batch": issue.batch,
            "reason": "checked",
        }
        columns = {name: pa.array([answer[name]], pa.string()) for name in APPLIED_ANSWER_SCHEMA}
        declared = load_sources(self.settings)[source]
        when = datetime(2026, 6, 1, tzinfo=UTC)
        record_answers(self.settings, declared, pa.table(columns), "clerk", when)
        return True

    def facts(self) -> Mapping[str, list[tuple[Any, ...]]]:
        """Everything that is compared, as sorted rows by table."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        with open_session(self.settings) as session:
            with session.warehouse.connect() as connection:
                for table, columns in TABLES.items():
                    rows = connection.execute(text(f"SELECT {columns} FROM {table}"))
                    found[table] = _sorted(tuple(row) for row in rows)
            for table in LAKE:
                found[table] = _rows(session.con, session.lake.read(session.con, table))
            for source in SOURCES:
                for record in read_batches(session.warehouse, source):
                    layers = staged_batch(session, source, record.batch)
                    for layer, table in zip(("staged", "quarantine"), layers, strict=True):
                        rows = table.drop("_file", "_line", "_batch")
                        found[f"{layer}.{source}/{record.batch}"] = _rows(session.con, rows)
        return found


def _why(failure: Any) -> str:
    """With what is in the log, for whoever reads that the test failed."""
    log = getattr(failure, "log", None)
    return f"{failure}\n{log.read_text(encoding='utf-8') if log else ''}"


def _rows(con: Any, rows: Any) -> list[tuple[Any, ...]]:
    return _sorted(tuple(row.items()) for row in con.to_pyarrow(rows).to_pylist())


def _sorted(rows: Any) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def person(number: int) -> Row:
    """Somebody with a number and a name of his own."""
    born = f"19{60 + number % 40}{1 + number % 12:02}{1 + number % 28:02}"
    first = f"110105{born}{number:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    rest = sum(int(digit) * weight for digit, weight in zip(first, weights, strict=True)) % 11
    names = "赵钱孙李周吴郑王冯陈", "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
    name = names[0][number % 10] + names[1][number % 22]
    day = f"{born[:4]}-{born[4:6]}-{born[6:]}"
    return str(number), name, first + "10X98765432"[rest], day, "", "", f"1390000{number:04}"


def changed(row: Row, rng: random.Random, today: date) -> Row:
    """A row with one thing changed: to something wrong, something that lies ahead, or right."""
    key, name, number, born, died, married, mobile = row
    ahead = (today + timedelta(days=rng.randint(1, 40))).isoformat()
    return rng.choice(
        (
            (key, name + "子", number, born, died, married, mobile),
            (key, name, number, born, died, married, "12"),
            (key, name, number, born, died, married, f"1380000{rng.randint(0, 9999):04}"),
            (key, name, number, ahead, died, married, mobile),
            (key, name, number, born, ahead, married, mobile),
            (key, name, number, born, died, "20", mobile),
            (key, name, number[:-1] + "Y", born, died, married, mobile),
            ("", name, number, born, died, married, mobile),
        )
    )
