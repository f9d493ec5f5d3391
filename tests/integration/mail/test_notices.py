"""Owners hear at once of a delivery that was not taken, and of one that did not come when due."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from pipelines import flows
from pipelines.errors import DeliveryUnfinished, MissingColumn, RowsMissing
from pipelines.settings import Settings
from pipelines.warehouse import read_mail, reported_batches
from tests.integration.repair.conftest import GOOD, HEADER, Department, make_department

OWNER = "owner@example.gov.cn"


@pytest.fixture
def department(settings: Settings, tmp_path: Path) -> Iterator[Department]:
    made = make_department(settings, tmp_path / "in", "snapshot")
    yield made
    made.engine.dispose()


def write(department: Department, batch: str, *rows: tuple[str, ...]) -> None:
    text = "\n".join(",".join(row) for row in rows) + "\n"
    (department.folder / f"people_{batch}.csv").write_text(text, "gb18030")


def land(department: Department, batch: str, **server: object) -> None:
    source = department.source
    flows.land(department.settings, replace(source, server=replace(source.server, **server)), batch)


def told(department: Department) -> list[tuple[str, str]]:
    """Period and subject of every mail, in order."""
    return [(mail.period, mail.subject) for mail in read_mail(department.engine)]


def test_an_owner_hears_of_each_cause_once_and_of_what_is_late_once(department: Department):
    write(department, "20260601", HEADER, GOOD)
    land(department, "20260601")
    assert told(department) == []
    write(department, "20260602", HEADER[:3], GOOD[:3])
    for _ in range(2):  # Airflow tries again
        with pytest.raises(MissingColumn):
            land(department, "20260602")
    write(department, "20260602", HEADER, GOOD)
    with pytest.raises(RowsMissing):
        land(department, "20260602", min_rows=10)
    with pytest.raises(DeliveryUnfinished):
        land(department, "20260602", marker="{file}.ok")
    periods = [period for period, _ in told(department)]
    assert periods == ["failed missing_columns", "failed rows_missing"]
    assert "缺少约定的列：性别、出生日期" in told(department)[0][1]
    assert "应有 10 行，实收 1 行，缺 9 行" in told(department)[1][1]
    assert reported_batches(department.engine, OWNER) == set()  # a report of it is still to come

    department.on(date(2026, 6, 5))
    assert flows.remind(department.settings).messages == 0  # he knows why nothing came
    land(department, "20260602")
    department.on(date(2026, 6, 3))
    assert flows.remind(department.settings).late == 0
    department.on(date(2026, 6, 5))
    assert (flows.remind(department.settings).messages, told(department)[-1][0]) == (1, "reminder")
    assert "应于 2026-06-03 报送" in told(department)[-1][1]
    assert flows.remind(department.settings).messages == 0
    (mail,) = (m for m in read_mail(department.engine) if m.period == "reminder")
    content = (department.settings.outbox_dir / mail.path).read_bytes()
    message = message_from_bytes(content, policy=default)
    assert message["To"] == OWNER
    assert "逾期 2 天" in message.get_body(("plain",)).get_content()
