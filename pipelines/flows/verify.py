"""Verification by replay: what is published follows from raw, byte for byte.

In a scratch home with a database of its own, every run that led to a publication is repeated in
order: with the batches that it read, staged from raw as it was delivered, with the corrections and
people's decisions that it was given. Then the files of ``core`` must be the same, byte for byte.
"""

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import ibis
import ibis.expr.types as ir
from sqlalchemy import Engine, text

from pipelines.contracts import load_sources
from pipelines.errors import TableMissing
from pipelines.flows.library.build import merge, publish, resolve_with
from pipelines.flows.library.resolve import rules_digest
from pipelines.flows.library.roll_back import restore
from pipelines.flows.shared.decisions import DECISION_ORDER
from pipelines.flows.shared.errors import NeverPublished, ReplayDiffers
from pipelines.flows.shared.replay_start import copy_ledger
from pipelines.flows.shared.run_inputs import inputs_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.source.ingest import stage
from pipelines.libraries import Library, load_libraries
from pipelines.runtime.files import link_or_copy
from pipelines.runtime.held_folder import abandoned_folders, held_folder
from pipelines.runtime.private_home import make_private
from pipelines.settings import Settings
from pipelines.warehouse import (
    PublicationRecord,
    migrate,
    read_batches,
    read_publications,
)
from pipelines.warehouse.people.erasures import Gap, last_gap
from pipelines.warehouse.quality.equal_batches import record_equal_batch
from pipelines.warehouse.quality.id_changes import read_resolutions
from pipelines.warehouse.server.embedded import EmbeddedServer
from pipelines.warehouse.server.programs import let_server_pass

_KEYS = {"": ["entity_id"], "_source": ["source", "source_key"], "_redirect": ["entity_id"]}


@dataclass(frozen=True)
class Verified:
    """One publication that a replay made again, byte for byte.

    ``given``: why it was not, if it is what a replay begins with: an erasure, or retention.
    """

    library: str
    run: str
    files: int
    entities: int
    runs_replayed: int
    given: str = ""


@dataclass(frozen=True)
class _Step:
    """One thing that happened: a run was resolved, or a run was published."""

    at: datetime
    library: Library
    run: str
    publication: PublicationRecord | None = None
    is_own: bool = True  # False: it followed from another library's, whose entities it links to


def verify(settings: Settings, run: str | None = None) -> list[Verified]:
    """Replay from raw everything that led to the publications of ``run``, or to the last ones.

    Returns:
        One entry per library that was published in it.

    Raises:
        NeverPublished: nothing was, or not in that run.
        ReplayDiffers: with the first difference; no values of records, only where they are.
    """
    with open_session(settings) as session:
        targets = _targets(read_publications(session.warehouse), run)
        if not targets:
            raise NeverPublished(run)
        gap = last_gap(session.warehouse)
        given = [_given(each, gap) for each in targets if gap and each.published_at <= gap.at]
        targets = [each for each in targets if not gap or each.published_at > gap.at]
        if not targets:
            return given
        steps = _history(session, max(each.published_at for each in targets), gap)
        with _scratch_home(settings) as scratch:
            if gap:
                with open_session(scratch) as replay:
                    copy_ledger(session, replay, gap.tables)
            return given + list(_replay(session, scratch, steps, targets))


def _given(published: PublicationRecord, gap: Gap) -> Verified:
    rows = published.row_counts.get(load_libraries()[published.library].entity, 0)
    return Verified(published.library, published.run, 0, rows, 0, gap.why)


def _targets(
    publications: Sequence[PublicationRecord], run: str | None
) -> Sequence[PublicationRecord]:
    """The last publication of each library, of all or of that run."""
    wanted = [each for each in publications if run is None or each.run == run]
    return list({each.library: each for each in wanted}.values())


def _history(session: Session, until: datetime, gap: Gap | None) -> Sequence[_Step]:
    libraries = load_libraries()
    resolved = {
        (each.library, each.run): each.resolved_at
        for each in read_resolutions(session.warehouse)
        if each.resolved_at is not None
    }
    steps = [_Step(at, libraries[library], run) for (library, run), at in resolved.items()]
    steps += [
        _Step(
            each.published_at,
            libraries[each.library],
            each.run,
            each,
            is_own=_before(resolved.get((each.library, each.run)), each.published_at),
        )
        for each in read_publications(session.warehouse)
    ]
    wanted = [step for step in steps if step.at <= until and (not gap or step.at > gap.at)]
    return sorted(wanted, key=lambda step: step.at)


def _before(resolved: datetime | None, published: datetime) -> bool:
    return resolved is not None and resolved <= published


def _replay(
    session: Session,
    scratch: Settings,
    steps: Sequence[_Step],
    targets: Sequence[PublicationRecord],
) -> Iterator[Verified]:
    staged: set[tuple[str, str]] = set()
    replayed = 0
    for step in steps:
        if step.publication is None:
            staged |= _stage_inputs(session, scratch, step, staged)
            _resolve(session, scratch, step)
            replayed += 1
            continue
        if step.publication.restores is not None:
            _go_back(session, scratch, step, step.publication)
        elif step.is_own:
            merge(scratch, step.library.name, step.run)
            publish(scratch, step.library.name, step.run)
        if step.publication in targets:
            yield _compared(session, scratch, step, step.publication, replayed)


def _go_back(
    session: Session, scratch: Settings, step: _Step, publication: PublicationRecord
) -> None:
    """Restore in the replay what was restored."""
    published = read_publications(session.warehouse, step.library.name)
    (earlier,) = (each for each in published if each.id == publication.restores)
    with open_session(scratch) as replay:
        restore(replay, step.library, step.run, earlier.run, by="verify", reason="replay")


def _stage_inputs(
    session: Session, scratch: Settings, step: _Step, staged: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Copy to the scratch lake the raw batches that the run read, and stage them."""
    sources = load_sources(session.settings)
    added = set()
    for row in inputs_of_run(session, step.library, step.run):
        name = row["source"]
        for batch in row["batches"]:
            if (name, batch) not in staged:
                _copy_raw(session, scratch, name, batch)
                stage(scratch, sources[name], batch)
                added.add((name, batch))
        _note_equal(scratch, name, row["equal"])
    return added


def _note_equal(scratch: Settings, source: str, equal: Mapping[str, str]) -> None:
    """Batches that said what one of those said, so that the replay reads them as the run did."""
    if not equal:
        return
    with open_session(scratch) as replay:
        for batch, root in equal.items():
            (record,) = read_batches(replay.warehouse, source, root)
            record_equal_batch(
                replay.warehouse, record, batch, files=(), fingerprint="", remarks=()
            )


def _copy_raw(session: Session, scratch: Settings, source: str, batch: str) -> None:
    table = f"raw.{source}"
    scratch.scratch_dir.mkdir(parents=True, exist_ok=True)
    copies = []
    for file in session.lake.files(table, batch):
        copy = scratch.scratch_dir / f"{uuid4().hex}.parquet"
        copies.append(link_or_copy(file, copy))
    with open_session(scratch) as replay:
        properties = session.lake.properties(table, batch)
        replay.lake.write_files(copies, table, batch=batch, properties=properties)
        _copy_corrections(session.warehouse, replay.warehouse, source, batch)


def _copy_corrections(published: Engine, replay: Engine, source: str, batch: str) -> None:
    """What the owner had answered when the batch was staged."""
    (record,) = read_batches(published, source, batch)
    asked = text("SELECT * FROM quality.correction WHERE source = :source AND made_at <= :at")
    with published.connect() as connection:
        found = connection.execute(asked, {"source": source, "at": record.staged_at}).mappings()
        rows = [dict(row) for row in found]
    with replay.begin() as connection:
        # The scratch server is our own: corrections are wanted there without their issues.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("DELETE FROM quality.correction WHERE source = :source"), {"source": source}
        )
        if rows:
            names = list(rows[0])
            into = ", ".join(names)
            values = ", ".join(f":{name}" for name in names)
            connection.execute(
                text(
                    f"INSERT INTO quality.correction ({into})"  # noqa: S608 - names of a schema
                    f" OVERRIDING SYSTEM VALUE VALUES ({values})"
                ),
                rows,
            )


def _resolve(session: Session, scratch: Settings, step: _Step) -> None:
    """Resolve with the batches and the decisions that the run was given."""
    table = f"identity.{step.library.entity}_decision"
    with open_session(scratch) as replay:
        if session.lake.has(table, step.run):
            decided = session.lake.read(replay.con, table, step.run)
            replay.lake.write(replay.con, decided, table, batch=step.run, order_by=DECISION_ORDER)
        decisions = _decisions(replay, table, step.run)
        read = {
            row["source"]: row["batches"] for row in inputs_of_run(session, step.library, step.run)
        }
        resolve_with(replay, step.library, step.run, decisions, read)


def _decisions(replay: Session, table: str, run: str) -> ir.Table | None:
    if not replay.lake.has(table, run):
        return None
    return replay.lake.read(replay.con, table, run).drop("_batch")


def _compared(
    session: Session,
    scratch: Settings,
    step: _Step,
    publication: PublicationRecord,
    replayed: int,
) -> Verified:
    rows = publication.row_counts[step.library.entity]
    with open_session(scratch) as replay:
        if not _is_kept(session, publication):
            files = _compare_fingerprints(session, replay, step, publication)
        else:
            files = _compare_files(session, replay, step, publication)
    return Verified(step.library.name, step.run, files, rows, replayed)


def _is_kept(session: Session, publication: PublicationRecord) -> bool:
    """Whether the lake still has every file of it (see ``snapshot_days``)."""
    try:
        for table, snapshot in publication.snapshot_ids.items():
            session.lake.files(table, snapshot_id=snapshot)
    except TableMissing:
        return False
    return True


def _compare_files(
    session: Session, replay: Session, step: _Step, publication: PublicationRecord
) -> int:
    files = 0
    for suffix, keys in _KEYS.items():
        table = f"core.{step.library.entity}{suffix}"
        snapshot = publication.snapshot_ids[table]
        published = session.lake.files(table, snapshot_id=snapshot)
        if _digests(published) != _digests(replay.lake.files(table)):
            ours = session.lake.read(replay.con, table, snapshot_id=snapshot)
            theirs = replay.lake.read(replay.con, table)
            where = _first_difference(replay, ours, theirs, keys)
            raise ReplayDiffers(
                step.library.name, step.run, table, where, _same_rules(session, step)
            )
        files += len(published)
    return files


def _compare_fingerprints(
    session: Session, replay: Session, step: _Step, publication: PublicationRecord
) -> int:
    """Files that have expired are known by their digest; where they differed nobody can say."""
    (*_, replayed) = read_publications(replay.warehouse, step.library.name)
    tables = [f"core.{step.library.entity}{suffix}" for suffix in _KEYS]
    if replayed.fingerprint != publication.fingerprint:
        where = "their digest; the files themselves have expired (BASELIB_SNAPSHOT_DAYS)"
        names = ", ".join(tables)
        raise ReplayDiffers(step.library.name, step.run, names, where, _same_rules(session, step))
    return sum(len(replay.lake.files(table)) for table in tables)


def _same_rules(session: Session, step: _Step) -> bool:
    """Whether declaration, model and code are those that the run was resolved with."""
    resolutions = read_resolutions(session.warehouse, step.library.name)
    rules_of_run = {each.run: each.rules for each in resolutions}
    return rules_of_run.get(step.run) == rules_digest(step.library)


def _digests(files: Sequence[Path]) -> list[str]:
    digests = []
    for file in files:
        with file.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return sorted(digests)


def _first_difference(
    replay: Session, ours: ir.Table, theirs: ir.Table, keys: Sequence[str]
) -> str:
    """Where two tables part, in the order of their keys: no value of a record, no key of one."""
    if list(ours.columns) != list(theirs.columns):
        other = sorted(set(ours.columns) ^ set(theirs.columns))
        return f"columns {', '.join(other)}"
    same = ours.columns
    # A set difference and no join on all columns: there, NULL differs from NULL.
    differences = [a.difference(b) for a, b in ((ours, theirs), (theirs, ours))]
    sides = [
        rows.mutate(side=ibis.literal(side))
        for rows, side in zip(differences, ("published", "replayed"), strict=True)
    ]
    found = sides[0].union(sides[1], distinct=False)
    first = replay.con.to_pyarrow(found.order_by([*keys, "side"]).limit(2)).to_pylist()
    if not first:
        return "the same rows in other bytes"
    one, other = first[0], first[-1]
    if len(first) < 2 or any(one[key] != other[key] for key in keys):
        return f"{_named(one)}: only {one['side']}"
    differing = [name for name in same if one[name] != other[name]]
    ids = ""
    if "entity_id" in differing:
        ids = f" ({one['entity_id']} published, {other['entity_id']} replayed)"
    return f"{_named(one)}: {', '.join(differing)} differ{ids}"


def _named(row: dict[str, object]) -> str:
    parts = [f"{name} {row[name]}" for name in ("entity_id", "source") if row.get(name)]
    return "row of " + ", ".join(parts)


@contextmanager
def _scratch_home(settings: Settings) -> Iterator[Settings]:
    """A home with the site's secret and contracts, and a database of its own; gone afterwards."""
    make_private(settings.home)
    for left in abandoned_folders(settings.home, "verify"):
        _remove_home(left)
    with held_folder(settings.home, "verify") as home:
        let_server_pass(settings.home, home)
        changes = {"home": home, "database_url": None, "id_budget": 1.0, "deletion_budget": 1.0}
        scratch = settings.model_copy(update=changes)
        try:
            key = home / "identity.key"
            key.touch(mode=0o600)
            key.write_bytes((settings.home / "identity.key").read_bytes())
            EmbeddedServer(home / "postgres").make_throwaway()
            migrate(scratch)
            yield scratch
        finally:
            _remove_home(home)


def _remove_home(home: Path) -> None:
    """Stop the server of a scratch home, which outlives the process that started it; delete it."""
    EmbeddedServer(home / "postgres").stop(for_good=True)
    shutil.rmtree(home, ignore_errors=True)
