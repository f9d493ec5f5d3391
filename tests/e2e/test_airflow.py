"""One source through a real Airflow, beside one that delivered nothing; and what a kill leaves."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from pipelines.orchestrate.environment import RUN
from pipelines.orchestrate.progress import display
from pipelines.orchestrate.run import end_leftovers, run_all
from pipelines.orchestrate.service.processes import recall
from pipelines.orchestrate.service.stack import AirflowStack
from pipelines.settings import PROJECT, Settings, load_settings
from pipelines.warehouse import connect, migrate, stop_embedded

BATCH = "20260630"
DELIVERED, SILENT = "public_security__household_registration", "health__practice_licenses"
# Made up; the check digits are right.
ROWS = """\
户籍编号,公民身份号码,姓名,性别,民族,出生日期,婚姻状况,户籍地区划,户籍地址,户口性质,更新时间
HJ1,130624199001010010,张三,1,01,19900101,20,130624,示范街1号,居民家庭户口,2026-06-01 10:00:00
HJ2,130624199202020020,李四,2,01,19920202,20,130624,示范街2号,居民家庭户口,2026-06-01 10:00:00
HJ3,130624199303030033,王五,1,01,19930303,10,130624,示范街3号,居民家庭户口,2026-06-01 10:00:00
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("city")
    (folder / "sources").mkdir()
    for name in (DELIVERED, SILENT):
        (contract,) = (PROJECT / "sources").rglob(f"{name}.yml")
        shutil.copy(contract, folder / "sources")
    delivery = folder / "home" / "demo" / "public_security" / f"ga_hukou_{BATCH}.csv"
    delivery.parent.mkdir(parents=True)
    delivery.write_text(ROWS, encoding="gb18030")
    made = load_settings(home=folder / "home", sources=(folder / "sources",))
    migrate(made)
    yield made
    stop_embedded(made)


@pytest.fixture(scope="module")
def stack(settings: Settings) -> Iterator[AirflowStack]:
    made = AirflowStack(settings)
    made.start(RUN)
    yield made
    made.stop()


@pytest.mark.slow
def test_what_was_delivered_is_published_and_what_was_not_is_named(settings, stack):
    with display(0) as shown:
        outcome = run_all(settings, stack, BATCH, shown)
    assert outcome.states == {
        f"ingest__{DELIVERED}": "success",
        f"ingest__{SILENT}": "failed",
        "library__population": "success",
        "library__e_license": "not run",
        "quality_reports": "success",
    }
    (missing,) = (failure for failure in outcome.failures if failure.task_id == "land")
    assert missing.dag_id == f"ingest__{SILENT}"
    assert missing.reason.startswith("DeliveryMissing")
    assert _persons(settings) == ["张三", "李四", "王五"]
    assert list(settings.outbox_dir.rglob("*.eml"))


@pytest.mark.slow
def test_after_a_kill_it_starts_again_and_repeats_the_batch(settings, stack):
    before = _persons(settings)
    assert stack.start(RUN) is False  # it runs
    processes, _ = recall(settings.home / "airflow" / "stack.json")
    (scheduler,) = (one for one in processes if one.name == "scheduler")
    with stack.client() as client:
        client.trigger(f"ingest__{DELIVERED}", {"batch": BATCH})
    victim = scheduler.process
    victim.kill()
    victim.wait(timeout=30)
    assert stack.ended_components() == ["scheduler"]

    starting = datetime.now(UTC)
    assert stack.start(RUN) is True
    with stack.client() as client:
        end_leftovers(client, starting)
    with display(0) as shown:
        outcome = run_all(settings, stack, BATCH, shown)
    assert outcome.states["library__population"] == "success"
    assert _persons(settings) == before


def _persons(settings: Settings) -> list[str]:
    engine = connect(settings)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT person_name FROM base.person ORDER BY citizen_id"))
        return sorted(found.scalars())
