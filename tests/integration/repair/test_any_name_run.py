"""A department whose columns are called as ours, as each other, as SQL, goes the whole way."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml

from pipelines import flows
from pipelines.contracts import load_sources
from pipelines.errors import ContractsRefused
from pipelines.flows.run import run_libraries
from pipelines.libraries import load_library
from pipelines.settings import Settings
from tests.integration.flows.town import citizen_id
from tests.integration.let_pass import let_pass
from tests.integration.repair import test_import
from tests.integration.repair.conftest import BAD, GOOD, MENDED, Department, Row, make_department

NAMES = {  # theirs in the usual contract -> here
    "编号": "_line",
    "身份证号": "person_name",
    "姓名": "birth_date_type",
    "性别": 'SELECT "sex" FROM\n(万元).a',
    "出生日期": "Birth_Date",
}
# Nobody maps these: a name of a mapped column in small letters, one name twice, one without a name.
OTHERS = ("birth_date", "findings", "record", "备注", "备注", "", "citizen_id", "_text", "value")


class NastyDepartment(Department):
    """Delivers what the usual one does, under other names and among other columns."""

    def deliver(self, batch: str, *rows: Row) -> None:
        self.write(batch, *rows)
        flows.land(self.settings, self.source, batch)
        flows.stage(self.settings, self.source, batch)
        let_pass(self.settings, self.source, batch)

    def write(self, batch: str, *rows: Row) -> None:
        file = self.folder / f"people_{batch}.csv"
        with file.open("w", encoding="gb18030", newline="") as out:
            writer = csv.writer(out)
            writer.writerow([*NAMES.values(), *OTHERS])
            writer.writerows([*row, *("另" for _ in OTHERS)] for row in rows)


@pytest.fixture
def nasty(settings: Settings, tmp_path: Path) -> Iterator[NastyDepartment]:
    usual = make_department(settings, tmp_path / "in", "snapshot")
    document = yaml.safe_load(usual.source.file.read_text("utf-8"))
    for column in document["schema"][0]["properties"]:
        column["physicalName"] = NAMES[column["physicalName"]]
    usual.source.file.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    source = load_sources(usual.settings)[usual.source.name]
    yield NastyDepartment(usual.settings, source, usual.engine, usual.folder)
    usual.engine.dispose()


def test_corrections_find_their_values(nasty: NastyDepartment, tmp_path: Path):
    nasty.receive("20260601", GOOD, BAD)
    test_import.test_a_corrected_value_stands_until_the_source_delivers_it(nasty, tmp_path)


def many(count: int) -> list[Row]:
    """Fictional men, enough of them that a fault among them stops no batch."""
    return [
        (f"n{place}", citizen_id("19900307", place), f"张{chr(0x4E00 + place)}", "男", "1990-03-07")
        for place in range(101, 101 + 2 * count, 2)
    ]


def test_a_run_ends_and_publishes_what_usual_names_would(nasty: NastyDepartment):
    no_key = ("", *MENDED[1:])
    one_at_a_time = nasty.settings.model_copy(update={"jobs": 1, "today": date(2026, 6, 1)})
    nasty.write("20260601", GOOD, BAD, no_key, *many(100))
    outcome = run_libraries(
        one_at_a_time, [load_library("population")], [nasty.source], "20260601", lambda _: None
    )
    assert outcome.failures == {}
    people = nasty.query("SELECT citizen_id, person_name FROM base.person")
    expected = {(row[1], row[2]) for row in (GOOD, *many(100))} | {(None, BAD[2])}
    assert {tuple(person.values()) for person in people} == expected
    (record,) = nasty.query("SELECT * FROM quality.batch")
    assert (record["landed"], record["quarantined"]) == (103, 1)
    assert "备注 (2)" in str(record["unmapped_columns"])

    # With a faulty contract the library would lose this source's people: it waits instead.
    contract = nasty.source.file
    other = contract.with_name("civil_affairs__others.yml")
    text = contract.read_text("utf-8").replace(nasty.source.name, other.stem)
    other.write_text(text, "utf-8")
    contract.write_text("kind: [", "utf-8")
    with pytest.raises(ContractsRefused, match=nasty.source.name):
        flows.resolve(one_at_a_time, "population", "20260602")
