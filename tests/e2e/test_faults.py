"""Fault injection on real processes: whatever is done to a run, a repeat ends like a clean one.

A few faults run with every test; ``make faults`` runs them at every commit point.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipelines.lake import open_lake
from pipelines.runtime.stop_points import HOLD_AT, STOP_AT
from pipelines.settings import Settings, load_settings
from pipelines.warehouse import connect, count_mail, stop_embedded
from pipelines.warehouse.quality.outbox import STATES
from tests.e2e.ready_commands import Command

PROJECT = Path(__file__).parents[2]
BATCH = "20260630"
SOURCE = "civil_affairs__register"
MEMORY = Path("/dev/shm")
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
TABLES = (
    *(f"{layer}.{SOURCE}" for layer in ("raw", "staged", "quarantine")),
    *(f"identity.person_{name}" for name in ("input", "decision", "event", "dispute", "question")),
    "identity.person_record",
    *(f"candidate.person{name}" for name in ("", "_source", "_identifier", "_redirect")),
    *(f"core.person{name}" for name in ("", "_source", "_redirect", "_identifier")),
    *(f"identity.person_{name}" for name in ("finding", "agreement")),
)
EVERY_POINT = [
    *(f"{table} {moment}" for table in TABLES for moment in ("before", "placed", "after")),
    f"check {SOURCE} before",
    "publish population before",
    "publish population after",
    f"report {SOURCE} before",
]
MOMENTS = [  # from the first table to the last message
    f"raw.{SOURCE} before",
    f"staged.{SOURCE} before",
    "identity.person_record before",
    "publish population before",
    f"report {SOURCE} before",
]
EARLIER, BETWEEN = "20260628", "20260629"
# Before a person came, and when another had still another name.
EARLIER_ROWS = ROWS.replace("10,赵甲,\n", "").replace("11,赵乙,", "11,钱乙,")
FEW_POINTS = [f"raw.{SOURCE} placed", "core.person after"]


@dataclass
class Home:
    """A town of one source: a home of its own, and the command line to run in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return load_settings(home=self.folder)

    def arguments(self, batch: str = BATCH) -> list[str]:
        return ["run", "population", "--home", str(self.folder), "--batch", batch]

    def begin(self, *, batch: str = BATCH, **more: str) -> Command:
        """``baselib run`` as a process of its own."""
        return Command(self.arguments(batch), self.environment | more)

    def run(self, *, batch: str = BATCH, **more: str) -> tuple[int, str]:
        """Exit code and what was said."""
        return ended(self.begin(batch=batch, **more))

    def deliver(self, batch: str, rows: str) -> None:
        """Put a delivery where the contract looks for it."""
        file = self.folder.with_name("contracts") / f"register_{batch}.csv"
        file.write_text(rows, encoding="utf-8")

    def contents(self) -> dict[str, list[str]]:
        """The files of every table, which are named by their content."""
        with closing(open_lake(self.settings)) as lake:
            tables = [name for name in lake.tables() if not name.endswith("_input")]  # random ids
            return {name: [path.name for path in lake.files(name)] for name in tables}

    def published(self) -> tuple[object, ...]:
        """How much readers and owners see: entities, records, the batch's accounts, messages."""
        engine = connect(self.settings)
        with closing(engine.raw_connection()) as raw, raw.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM base.person), "
                "(SELECT count(*) FROM base.person_source), "
                "(SELECT landed || '=' || staged || '+' || superseded || '+' || quarantined "
                "FROM quality.batch)"
            )
            found = cursor.fetchone()
        assert count_mail(engine) == dict.fromkeys(STATES, 0) | {"pending": 1}
        engine.dispose()
        return tuple(found)


def new_home(folder: Path) -> Home:
    contracts = folder / "contracts"
    contracts.mkdir(parents=True)
    (contracts / f"{SOURCE}.yml").write_text(CONTRACT, encoding="utf-8")
    home = folder / "home"
    home.mkdir()
    (home / "identity.key").write_text("0" * 64, encoding="ascii")  # the same ids in every home
    made = Home(
        home,
        {
            "BASELIB_SOURCES": str(contracts),
            "BASELIB_TODAY": "2026-06-30",
            "BASELIB_JOBS": "1",
        },
    )
    made.deliver(BATCH, ROWS)
    return made


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[str]]]:
    """What a run that nobody disturbs comes to."""
    home = new_home(tmp_path_factory.mktemp("clean"))
    code, said = home.run()
    assert code == 0, said
    assert home.published() == (23, 24, "26=24+0+2")
    yield home.contents()
    stop_embedded(home.settings)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = new_home(tmp_path)
    yield made
    stop_embedded(made.settings)


def assert_a_repeat_ends_clean(home: Home, clean: dict[str, list[str]]) -> None:
    code, said = home.run()
    assert code == 0, said
    assert home.contents() == clean
    assert home.published() == (23, 24, "26=24+0+2")


@contextmanager
def held(home: Home, point: str, folder: Path, **more: str) -> Iterator[Command]:
    """A run that waits at a point; afterwards it is told to go on."""
    folder.mkdir()
    process = home.begin(**{STOP_AT: point, HOLD_AT: str(folder)}, **more)
    try:
        deadline = time.monotonic() + 300
        while not (folder / "reached").exists():
            assert not process.has_ended, process.end()
            assert time.monotonic() < deadline, f"{point} is never reached"
            time.sleep(0.05)
        yield process
    finally:
        (folder / "go").touch()


def ended(process: Command) -> tuple[int, str]:
    code, said = process.end()
    assert "Traceback" not in said, said
    return code, said


def test_a_run_that_is_killed_time_and_again_ends_like_a_clean_one(
    home: Home, clean: dict[str, list[str]]
):
    for point in FEW_POINTS:
        code, said = home.run(**{STOP_AT: point})
        assert code == -signal.SIGKILL, said
    assert_a_repeat_ends_clean(home, clean)


@pytest.mark.faults
@pytest.mark.parametrize("point", EVERY_POINT)
def test_a_run_that_is_killed_ends_like_a_clean_one_when_repeated(
    home: Home, clean: dict[str, list[str]], point: str
):
    code, said = home.run(**{STOP_AT: point})
    assert code == -signal.SIGKILL, said
    assert_a_repeat_ends_clean(home, clean)


@pytest.mark.faults
def test_a_run_whose_worker_is_killed_says_so_and_ends_clean_when_repeated(
    home: Home, clean: dict[str, list[str]]
):
    code, said = home.run(**{STOP_AT: f"staged.{SOURCE} after", "BASELIB_JOBS": "2"})
    assert code == 3
    assert "its process was killed" in said
    assert SOURCE in said
    assert_a_repeat_ends_clean(home, clean)


@pytest.mark.faults
@pytest.mark.parametrize("point", MOMENTS)
def test_a_run_goes_on_when_its_database_is_killed(
    home: Home, clean: dict[str, list[str]], tmp_path: Path, point: str
):
    """The verb is tried once more; the embedded server is started again by whoever needs it."""
    with held(home, point, tmp_path / "hold") as process:
        file = home.folder / "postgres" / "data" / "postmaster.pid"
        os.kill(int(file.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)
    code, said = ended(process)
    assert code == 0, said
    assert home.contents() == clean
    assert_a_repeat_ends_clean(home, clean)


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[str]]]:
    """What two deliveries come to that arrive whole and in order."""
    home = new_home(tmp_path_factory.mktemp("in_order"))
    home.deliver(EARLIER, EARLIER_ROWS)
    for batch in (EARLIER, BATCH):
        code, said = home.run(batch=batch)
        assert code == 0, said
    yield home.contents()
    stop_embedded(home.settings)


@pytest.mark.faults
def test_a_tenth_of_a_delivery_is_stopped_and_leaves_no_trace_in_what_is_published(
    home: Home, in_order: dict[str, list[str]]
):
    home.deliver(EARLIER, EARLIER_ROWS)
    home.deliver(BETWEEN, "".join(EARLIER_ROWS.splitlines(keepends=True)[:3]))
    assert home.run(batch=EARLIER)[0] == 0
    before = home.contents()
    code, said = home.run(batch=BETWEEN)
    assert (code, SOURCE in said) == (1, True), said
    after = home.contents()
    assert _published_tables(after) == _published_tables(before)
    assert home.run()[0] == 0
    assert _published_tables(home.contents()) == _published_tables(in_order)


@pytest.mark.faults
def test_a_batch_whose_check_is_killed_is_read_by_no_library_before_it_is_checked(
    home: Home, in_order: dict[str, list[str]]
):
    home.deliver(EARLIER, EARLIER_ROWS)
    assert home.run(batch=EARLIER)[0] == 0
    before = home.contents()
    code, said = home.run(**{STOP_AT: f"check {SOURCE} before", "BASELIB_JOBS": "2"})
    assert code == 3, said
    assert f"without: {SOURCE} (was staged, and not checked; is read by no library)" in said
    assert _published_tables(home.contents()) == _published_tables(before)
    assert home.run()[0] == 0
    assert _published_tables(home.contents()) == _published_tables(in_order)


@pytest.mark.faults
def test_an_old_batch_after_a_newer_one_ends_like_both_in_order(
    home: Home, in_order: dict[str, list[str]]
):
    home.deliver(EARLIER, EARLIER_ROWS)
    for batch in (BATCH, EARLIER):
        code, said = home.run(batch=batch)
        assert code == 0, said
    assert _published_tables(home.contents()) == _published_tables(in_order)


def _published_tables(contents: dict[str, list[str]]) -> dict[str, list[str]]:
    return {table: files for table, files in contents.items() if table.startswith("core.")}


@pytest.mark.faults
def test_a_clock_that_goes_back_a_day_between_a_kill_and_the_repeat_makes_no_difference(
    home: Home, clean: dict[str, list[str]]
):
    code, said = home.run(**{STOP_AT: f"staged.{SOURCE} placed"})
    assert code == -signal.SIGKILL, said
    code, said = home.run(BASELIB_TODAY="2026-06-29")
    assert code == 0, said
    assert home.contents() == clean
    assert_a_repeat_ends_clean(home, clean)


@pytest.mark.faults
def test_two_runs_at_once_end_like_one(home: Home, clean: dict[str, list[str]], tmp_path: Path):
    with held(home, f"staged.{SOURCE} before", tmp_path / "hold") as first:
        second = home.begin()
        time.sleep(5)  # the second waits for the first, or has not come so far
        assert not second.has_ended
    for process in (first, second):
        code, said = ended(process)
        assert code == 0, said
    assert home.contents() == clean


@pytest.mark.faults
@pytest.mark.skipif(not MEMORY.is_dir(), reason="there is no second file system here")
def test_scratch_and_lake_may_be_file_systems_of_their_own(home: Home, clean: dict[str, list[str]]):
    apart = Path(tempfile.mkdtemp(dir=MEMORY))
    try:
        (home.folder / "scratch").symlink_to(apart, target_is_directory=True)
        assert_a_repeat_ends_clean(home, clean)
    finally:
        shutil.rmtree(apart)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of its own in memory; only root may make one, and not everywhere."""
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        yield
    finally:
        subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)


@pytest.mark.faults
def test_a_disk_that_fills_up_is_told_and_leaves_nothing_half_written(
    home: Home, clean: dict[str, list[str]], tmp_path: Path
):
    with small_disk(home.folder / "scratch", "700m"):
        filler = home.folder / "scratch" / "filler"
        with held(home, f"raw.{SOURCE} after", tmp_path / "hold") as process:
            filler.write_bytes(b"x" * (699 * 1024 * 1024))
            with filler.open("ab", buffering=0) as more:
                while True:
                    try:
                        more.write(b"x" * 4096)
                    except OSError:
                        break
        code, said = ended(process)
        assert code == 3, said
        assert "no space is left" in said
        code, said = home.run()
        assert (code, "GB wanted" in said) == (3, True), said  # told before work begins
        filler.unlink()
        assert_a_repeat_ends_clean(home, clean)


@pytest.mark.faults
@pytest.mark.parametrize("name", ["lake", "landing", "scratch", "outbox", "logs"])
def test_a_folder_that_cannot_be_written_is_told_before_work_begins(home: Home, name: str):
    (home.folder / name).touch()  # for root, too, no folder can be made there
    code, said = home.run()
    assert code == 3
    assert f"{home.folder / name} cannot be written" in said
    assert not (home.folder / "postgres").exists()


@pytest.mark.faults
def test_nothing_but_words_reaches_a_pipe(home: Home):
    done = subprocess.run(
        [sys.executable, "-m", "pipelines", *home.arguments()],
        check=True,
        cwd=PROJECT,
        env=os.environ | home.environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert "\r" not in done.stdout + done.stderr
    assert "%" not in done.stderr
