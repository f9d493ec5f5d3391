"""``baselib doctor``: is what baselib stands on well, and what to do where it is not.

Nothing is mended: missing folders of the home are made, and each is tried with a file that is gone
again at once. Checks run one by one, and one that cannot be made says why.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine, text

from pipelines.errors import BaselibError, DatabaseOutdated, SystemFault
from pipelines.lake import Lake, open_lake
from pipelines.runtime.faults import explain_error
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_batches
from pipelines.warehouse.migrations import missing_migrations

LEAST_FREE = 500_000_000  # bytes: PostgreSQL's write-ahead log alone takes some hundred MB
CLOCK_STEP = timedelta(minutes=5)  # clocks of a cluster differ by seconds
PYTHON = (3, 11)
_LOCKS = """
SELECT DISTINCT a.pid, a.state, date_trunc('second', now() - a.xact_start)::text AS since,
       EXISTS (SELECT FROM pg_locks AS w WHERE w.pid = a.pid AND NOT w.granted) AS waits,
       a.xact_start
FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
WHERE l.locktype = 'relation' AND l.relation = to_regclass('internal.lock')
  AND a.pid <> pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY a.xact_start
"""


@dataclass(frozen=True)
class Finding:
    """What a check found: ``remedy`` is empty where all is well."""

    what: str
    state: str
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing need be done."""
        return not self.remedy


def examine(settings: Settings) -> list[Finding]:
    """Check home, disk, versions, database, catalogue, lake, locks and clock, in that order."""
    findings: list[Finding] = []
    for check in (_versions, _folders, _disks, _database):
        findings += _guarded(check, settings)
    return findings


def check_places(settings: Settings) -> None:
    """Before work begins: every folder can be written, and there is room for what it took last.

    Raises:
        SystemFault: names the first that is not so, and what to do.
    """
    folders = [*_folders(settings)]  # makes those that are missing
    for finding in (*_disks(settings), *folders):  # what is full cannot be written either
        if not finding.is_well:
            raise SystemFault(finding.what, finding.state, finding.remedy)


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> list[Finding]:
    name = check.__name__.strip("_")
    try:
        return list(check(settings))
    except Exception as error:  # noqa: BLE001 - a check that cannot be made is a finding
        return [Finding(name, str(explain_error(error, name, settings.home)), "See above.")]


def _versions(_settings: Settings) -> Iterator[Finding]:
    shown = f"Python {platform.python_version()}"
    shown += f", DuckDB {version('duckdb')}, PyIceberg {version('pyiceberg')}"
    old = sys.version_info[:2] < PYTHON
    yield Finding("versions", shown, "Use Python 3.11 or newer." if old else "")


def _folders(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    wanted = {
        "home": home,
        "lake": settings.lake_dir,
        "landing": settings.landing_dir,
        "scratch": settings.scratch_dir,
        "outbox": settings.outbox_dir,
        "logs": home / "logs",
    }
    for name, folder in wanted.items():
        problem = _unwritable(folder)
        remedy = f"Give the user who runs baselib the right to write to {folder}." * bool(problem)
        yield Finding(name, problem or str(folder), remedy)


def _unwritable(folder: Path) -> str:
    """Why nothing can be written there; the right to do so is no proof that it works."""
    probe = folder / f".probe-{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as refused:
        return f"{folder} cannot be written: {os.strerror(refused.errno or 0)}"
    return ""


def _disks(settings: Settings) -> Iterator[Finding]:
    """Free space, of each file system once, against what the newest day of the lake took."""
    needed = max(LEAST_FREE, 2 * written_last(settings.lake_dir))
    seen: set[int] = set()
    for folder in (settings.home, settings.lake_dir, settings.scratch_dir, settings.outbox_dir):
        if folder.exists() and (device := folder.stat().st_dev) not in seen:
            seen.add(device)
            free = shutil.disk_usage(folder).free
            state = f"{free / 1e9:.1f} GB free at {folder}, {needed / 1e9:.1f} GB wanted"
            remedy = "Free some, or put the folder on a larger disk." if free < needed else ""
            yield Finding("disk", state, remedy)


def written_last(lake: Path) -> int:
    """Bytes that the newest run wrote: all files of the day before the newest one."""
    found = [file.stat() for file in lake.rglob("*.parquet")] if lake.is_dir() else []
    newest = max((each.st_mtime for each in found), default=0.0)
    return sum(each.st_size for each in found if each.st_mtime > newest - 86400)


def _database(settings: Settings) -> Iterator[Finding]:
    """Everything behind the connection; without one there is one finding, and no more."""
    try:
        engine = connect(settings)
    except BaselibError as refused:
        yield Finding("database", str(refused), "See above, then run `baselib doctor` again.")
        return
    try:
        yield from _server(engine)
        yield from _clock(engine)
        yield from _locks(engine)
        with closing(open_lake(settings)) as lake:
            yield from _lake(lake)
    except DatabaseOutdated as outdated:
        yield Finding("database", str(outdated), "Run `baselib db upgrade`.")
    finally:
        engine.dispose()


def _server(engine: Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        shown = connection.execute(text("SHOW server_version")).scalar_one()
    yield Finding("database", f"PostgreSQL {shown}")
    missing = missing_migrations(engine)
    state = f"{len(missing)} migration(s) missing: {', '.join(missing)}" if missing else "current"
    yield Finding("tables", state, "Run `baselib db upgrade`." if missing else "")


def _clock(engine: Engine) -> Iterator[Finding]:
    """A clock that went back makes new batches older than those that were landed before."""
    if missing_migrations(engine):
        return
    now = datetime.now(UTC)
    with engine.connect() as connection:
        server: datetime = connection.execute(text("SELECT now()")).scalar_one()
    landed = [each.landed_at for each in read_batches(engine) if each.landed_at]
    latest = max([*landed, server])
    step = max(abs(server - now), latest - now)
    behind = step > CLOCK_STEP
    state = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    state += f"; the database or its newest batch says {latest:%Y-%m-%d %H:%M:%S}" if behind else ""
    yield Finding("clock", state, "Set the clock (NTP), then run again." if behind else "")


def _locks(engine: Engine) -> Iterator[Finding]:
    """Who works just now; nothing to mend, for a lock ends with the process that holds it."""
    with engine.connect() as connection:
        held = connection.execute(text(_LOCKS)).mappings().all()
    names = [
        f"server process {row['pid']} {'waits' if row['waits'] else 'works'} since {row['since']}"
        for row in held
    ]
    yield Finding("locks", "; ".join(names) or "nobody works just now")


def _lake(lake: Lake) -> Iterator[Finding]:
    tables: Sequence[str] = lake.tables()
    yield Finding("catalogue", f"{len(tables)} table(s)")
    lost = {table: files for table in tables if (files := lake.lost_files(table))}
    for table, files in lost.items():
        yield Finding(
            "lake",
            f"{table}: {len(files)} file(s) missing or cut short, first {files[0]}",
            _remedy_of(table),
        )
    if not lost:
        yield Finding("lake", "every file of every table is there")


def _remedy_of(table: str) -> str:
    room, _, name = table.partition(".")
    if room in {"raw", "staged", "quarantine"}:
        return f"Run the batch of {name} again (`baselib run --source {name} --batch …`)."
    return "Run the library again (`baselib run`), from resolve on."
