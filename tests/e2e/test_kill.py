"""kill -9 in the middle of a stage, run again: the same tables as without the kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.contracts import load_sources
from pipelines.flows.run import run_libraries
from pipelines.lake import open_lake
from pipelines.libraries import load_library
from pipelines.settings import load_settings
from pipelines.warehouse import connect, count_mail, migrate, stop_embedded
from pipelines.warehouse.quality.outbox import STATES

BATCH = "20260630"
CONTRACT = """\
apiVersion: v3.2.0
kind: DataContract
id: civil_affairs__register
name: 登记
version: 1.0.0
status: active
domain: population
tenant: 示范市民政局
servers:
  - {server: production, type: local, path: "register_{batch}.csv", format: csv, encoding: utf-8}
schema:
  - name: register
    physicalName: 登记
    customProperties: [{property: delivery, value: snapshot}]
    properties:
      - {name: source_key, physicalName: 编号, primaryKey: true, required: true}
      - {name: person_name, physicalName: 姓名, semanticType: person_name}
      - {name: citizen_id, physicalName: 号码, semanticType: citizen_id}
team:
  name: 登记科
  members: [{username: owner@example.gov.cn, role: data owner}]
slaProperties:
  - {property: frequency, value: 1, unit: d, schedule: "0 2 * * *"}
customProperties: [{property: sharing_type, value: unconditional}]
"""
# Two spellings of one number, one wrong number, a row without a key, a line without its fields;
# and twenty people more, so that the batch as a whole is good enough to pass its gate.
ROWS = """\
编号,姓名,号码
1,张三,11010519491231002X
2,张 三,110105491231002
3,李四,110101199003079990
4,王五,110103196002299980
,无名氏,
5
""" + "".join(
    f"{10 + n},赵{name},\n" for n, name in enumerate("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉")
)
# The child dies the moment it is about to write that table, or just has written it.
CHILD = """\
import os, signal, sys
from pipelines.lake.lake import Lake
table, moment = sys.argv[1:]
write = Lake.write_files

def dying(self, paths, name, **rest):
    if (name, "before") == (table, moment):
        os.kill(os.getpid(), signal.SIGKILL)
    done = write(self, paths, name, **rest)
    if (name, "after") == (table, moment):
        os.kill(os.getpid(), signal.SIGKILL)
    return done

Lake.write_files = dying
from tests.e2e.test_kill import run_all
if __name__ == "__main__":  # not in the processes of a crew, which read this file, too
    run_all()
"""


def run_all():
    settings = load_settings()
    migrate(settings)
    sources = list(load_sources(settings).values())
    library = load_library("population")
    return run_libraries(settings, [library], sources, BATCH, lambda _what: None)


@pytest.fixture
def home(tmp_path, monkeypatch):
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    (contracts / "civil_affairs__register.yml").write_text(CONTRACT, encoding="utf-8")
    (contracts / f"register_{BATCH}.csv").write_text(ROWS, encoding="utf-8")
    monkeypatch.setenv("BASELIB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BASELIB_SOURCES", str(contracts))
    monkeypatch.setenv("BASELIB_TODAY", "2026-06-30")
    monkeypatch.setenv("BASELIB_JOBS", "1")
    yield tmp_path / "home"
    stop_embedded(load_settings())


def contents():
    """The current files of every table; they are named by their content."""
    lake = open_lake(load_settings())
    return {name: [path.name for path in lake.files(name)] for name in lake.tables()}


MOMENTS = [
    ("raw.civil_affairs__register", "before"),
    ("raw.civil_affairs__register", "after"),
    ("staged.civil_affairs__register", "after"),
    ("quarantine.civil_affairs__register", "after"),
    ("identity.person_event", "after"),
    ("identity.person_record", "after"),
    ("candidate.person_source", "before"),
    ("core.person", "after"),
]


def run_and_die(home, table, moment, jobs):
    root = Path(__file__).parents[2]
    script = home.with_name("child.py")
    script.write_text(CHILD, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script), table, moment],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "BASELIB_JOBS": str(jobs)},
        capture_output=True,
        check=False,
    )


def assert_a_repeated_run_is_whole():
    assert run_all().failures == {}
    repeated = contents()
    assert run_all().failures == {}
    assert contents() == repeated
    engine = connect(load_settings())
    assert count_mail(engine) == dict.fromkeys(STATES, 0) | {"pending": 1}
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM base.person), (SELECT count(*) FROM base.person_source),"
            " (SELECT landed || '=' || staged || '+' || superseded || '+' || quarantined"
            "  FROM quality.batch)"
        ).one()
    engine.dispose()
    assert tuple(found) == (23, 24, "26=24+0+2")


@pytest.mark.slow
@pytest.mark.parametrize(("table", "moment"), MOMENTS)
def test_a_killed_run_ends_in_the_same_tables_when_repeated(home, table, moment):
    killed = run_and_die(home, table, moment, jobs=1)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert_a_repeated_run_is_whole()


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_ends_in_the_same_tables_when_repeated(home):
    failed = run_and_die(home, "staged.civil_affairs__register", "after", jobs=2)
    assert failed.returncode == 1
    assert b"WorkerDied" in failed.stderr
    assert_a_repeated_run_is_whole()
