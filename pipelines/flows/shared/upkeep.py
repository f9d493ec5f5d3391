"""Upkeep of the lake: snapshots superseded long ago go, and with them the files of no snapshot.

Once a day at most, for it reads the manifests of all tables; never while a backup copies files that
the database it has dumped refers to.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.lake.lock import idle_lock
from pipelines.settings import Settings
from pipelines.warehouse import read_publications

EVERY = timedelta(days=1)
LAKE_FILES = "the files of the lake"  # what a backup and the upkeep take turns about


@dataclass(frozen=True)
class Upkeep:
    """Snapshots that were dropped, and files that were deleted."""

    expired: int = 0
    orphans: int = 0


def keep_lake(settings: Settings) -> Upkeep:
    """Drop snapshots older than ``snapshot_days`` (0 drops none), and delete files of none."""
    mark = settings.lake_dir / ".swept"
    if not settings.lake_dir.is_dir() or not _is_due(mark):
        return Upkeep()
    with (
        open_session(settings) as session,
        idle_lock(session.lake.catalog.engine, LAKE_FILES) as is_ours,
    ):
        if not is_ours:
            return Upkeep()
        expired = _expire(session) if settings.snapshot_days else 0
        orphans = len(session.lake.remove_orphans())
    mark.touch()
    return Upkeep(expired, orphans)


def _expire(session: Session) -> int:
    before = moment(session.settings) - timedelta(days=session.settings.snapshot_days)
    named = named_snapshots(session)
    return sum(
        session.lake.expire(table, before, named.get(table, ())) for table in session.lake.tables()
    )


def named_snapshots(session: Session) -> Mapping[str, Collection[int]]:
    """Table to the snapshots of it that somebody may ask for, whatever their age.

    What runs read, of which `baselib verify` replays all; what the last publication of a library
    consists of; and the identity ledger before the last run, which that run would begin from again.
    """
    named: dict[str, set[int]] = defaultdict(set)
    last = {each.library: each for each in read_publications(session.warehouse)}
    for publication in last.values():
        for table, snapshot in publication.snapshot_ids.items():
            named[table].add(snapshot)
    for table in session.lake.tables():
        if table.startswith("identity.") and table.endswith("_input"):
            rows = session.lake.read(session.con, table).select("source", "snapshot_id").distinct()
            for row in session.con.to_pyarrow(rows).to_pylist():
                named[f"staged.{row['source']}"].add(row["snapshot_id"])
        if table.startswith("identity.") and table.endswith("_record"):
            previous = session.lake.properties(table, None).get("previous")
            named[table] |= {int(previous)} if previous else set()
    return named


def _is_due(mark: Path) -> bool:
    try:
        last = mark.stat().st_mtime
    except FileNotFoundError:
        return True
    return last < (datetime.now(UTC) - EVERY).timestamp()
