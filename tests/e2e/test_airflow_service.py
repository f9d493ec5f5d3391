"""Airflow as a service: a back-fill takes its days in order, and a lost database loses no run."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from pipelines.orchestrate.environment import SERVICE
from pipelines.orchestrate.run import await_dags, plan_of
from pipelines.orchestrate.service.stack import AirflowStack
from pipelines.settings import PROJECT, Settings, load_settings
from pipelines.warehouse import connect, migrate, stop_embedded

SOURCE = "public_security__household_registration"
DAG = f"ingest__{SOURCE}"
DAYS = ("20260628", "20260629", "20260630")
# Made up; the check digits are right.
ROWS = """\
户籍编号,公民身份号码,姓名,性别,民族,出生日期,婚姻状况,户籍地区划,户籍地址,户口性质,更新时间
HJ1,130624199001010010,张三,1,01,19900101,20,130624,示范街1号,居民家庭户口,2026-06-01 10:00:00
HJ2,130624199202020020,李四,2,01,19920202,20,130624,示范街2号,居民家庭户口,2026-06-01 10:00:00
"""
PATIENCE = 900  # seconds for three ingests with a database that is killed; 150 on two idle cores


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "sources").mkdir()
    (contract,) = (PROJECT / "sources").rglob(f"{SOURCE}.yml")
    shutil.copy(contract, folder / "sources")
    for day in DAYS:
        delivery = folder / "home" / "demo" / "public_security" / f"ga_hukou_{day}.csv"
        delivery.parent.mkdir(parents=True, exist_ok=True)
        delivery.write_text(ROWS, encoding="gb18030")
    made = load_settings(home=folder / "home", sources=(folder / "sources",))
    migrate(made)
    yield made
    stop_embedded(made)


@pytest.fixture(scope="module")
def stack(settings: Settings) -> Iterator[AirflowStack]:
    made = AirflowStack(settings)
    made.start(SERVICE)
    yield made
    made.stop()


def kill_database(settings: Settings) -> None:
    pid = int((settings.home / "postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)


def until(found: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found():
                return
        except Exception as failed:  # noqa: BLE001 - the API has no database for a while
            what = f"{what} ({type(failed).__name__})"[:300]
        assert time.monotonic() < deadline, what
        time.sleep(2)


@pytest.mark.slow
def test_a_back_fill_is_done_day_by_day_although_the_database_is_killed(settings, stack):
    with stack.client() as client:
        await_dags(client, plan_of(settings), stack.since)
        client._call(
            "POST",
            "/backfills",
            {
                "dag_id": DAG,
                "from_date": "2026-06-28T00:00:00+08:00",
                "to_date": "2026-06-30T23:59:00+08:00",
                "max_active_runs": 3,
                "reprocess_behavior": "none",
            },
        )

        def runs():
            return [run for run in client.runs() if run.dag_id == DAG]

        until(lambda: any(run.state == "running" for run in runs()), "nothing runs")
        kill_database(settings)
        until(lambda: len(runs()) == 3 and all(r.state == "success" for r in runs()), "not done")
        assert {run.kind for run in runs()} == {"backfill"}, "a run that nobody asked for began"
    assert _worked_in_order(settings)
    assert stack.ended_components() == []


def _worked_in_order(settings: Settings) -> bool:
    """Whether no batch was begun before the one before it was reported."""
    engine = connect(settings)
    asked = "SELECT run, min(started_at), max(started_at) FROM quality.stage_timing GROUP BY run"
    with engine.connect() as connection:
        spans: dict[str, tuple[datetime, datetime]] = {
            run: (first, last) for run, first, last in connection.execute(text(asked)).all()
        }
    engine.dispose()
    first, second, third = (spans[day] for day in DAYS)
    return first[1] <= second[0] and second[1] <= third[0]


@pytest.mark.slow
def test_the_pages_are_behind_airflow_s_own_login(stack, tmp_path):
    user, password = stack.login
    with httpx.Client(base_url=stack.url, trust_env=False) as client:
        for path in ("city", "docs", "openapi.json"):
            assert client.get(f"/baselib/{path}").status_code == 401
        told = client.post("/auth/token", json={"username": user, "password": password}).json()
        client.headers["authorization"] = f"Bearer {told['access_token']}"
        shown = client.get("/baselib/city")
        assert shown.status_code == 200
        assert SOURCE in shown.text
        Path(os.environ.get("PAGE_PICTURES", tmp_path), "city.html").write_text(shown.text)
