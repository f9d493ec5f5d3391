"""What the gate holds a delivery against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import flows
from pipelines.errors import QualityGateFailed
from pipelines.settings import Settings
from tests.integration.repair.conftest import GOOD, Department, make_department


@pytest.fixture
def department(settings: Settings, tmp_path: Path) -> Iterator[Department]:
    made = make_department(settings, tmp_path / "in", "snapshot")
    yield made
    made.engine.dispose()


def check(department: Department, batch: str, rows: int) -> None:
    department.deliver(batch, *((str(number), *GOOD[1:]) for number in range(rows)))
    flows.check(department.settings, department.source, batch)


def test_a_file_without_rows_is_told_by_its_name_with_what_was_expected(department: Department):
    check(department, "20260601", 10)
    with pytest.raises(QualityGateFailed) as stopped:
        check(department, "20260602", 0)
    told = str(stopped.value)
    assert "people_20260602.csv: 0 row(s)" in told
    assert "raw/delivery_is_whole (0 row(s), at least 5 row(s))" in told


def test_what_was_refused_is_no_example_of_a_usual_volume(department: Department):
    check(department, "20260601", 10)
    for batch, rows in (("20260602", 1), ("20260603", 4)):  # half of ten is the least
        with pytest.raises(QualityGateFailed):
            check(department, batch, rows)
    check(department, "20260604", 9)
