"""Verification by replay: what is published follows from raw, byte for byte.

In a scratch home with a database of its own, every run that led to a publication is repeated in
order: with the batches that it read, staged from raw as it was delivered, with the corrections and
people's decisions that it was given. Then the files of ``core`` must be the same, byte for byte.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import ibis
import ibis.expr.types as ir
from sqlalchemy import Engine, text

from pipelines.contracts import load_sources
from pipelines.flows.library.build import merge, publish, resolve_with
from pipelines.flows.library.resolve import rules_digest
from pipelines.flows.shared.decisions import DECISION_ORDER
from pipelines.flows.shared.errors import NeverPublished, ReplayDiffers
from pipelines.flows.shared.run_inputs import inputs_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.source.ingest import stage
from pipelines.libraries import Library, load_libraries
from pipelines.runtime.files import link_or_copy
from pipelines.runtime.private_home import make_private
from pipelines.settings import Settings
from pipelines.warehouse import (
    PublicationRecord,
    migrate,
    read_batches,
    read_publications,
    stop_embedded,
)
from pipelines.warehouse.quality.id_changes import read_resolutions
from pipelines.warehouse.server.programs import let_server_pass

_KEYS = {"": ["entity_id"], "_source": ["source", "source_key"], "_redirect": ["entity_id"]}


@dataclass(frozen=True)
class Verified:
    """One publication that a replay made again, byte for byte."""

    library: str
    run: str
    files: int
    entities: int
    runs_replayed: int


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
        steps = _history(session, max(each.published_at for each in targets))
        with _scratch_home(settings) as scratch:
            return list(_replay(session, scratch, steps, targets))


def _targets(
    publications: Sequence[PublicationRecord], run: str | None
) -> Sequence[PublicationRecord]:
    """The last publication of each library, of all or of that run."""
    wanted = [each for each in publications if run is None or each.run == run]
    return list({each.library: each for each in wanted}.values())


def _history(session: Session, until: datetime) -> Sequence[_Step]:
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
    return sorted((step for step in steps if step.at <= until), key=lambda step: step.at)


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
        if step.is_own:
            merge(scratch, step.library.name, step.run)
            publish(scratch, step.library.name, step.run)
        if step.publication in targets:
            yield _compared(session, scratch, step, step.publication, replayed)


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
    return added


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
    """Resolve with the decisions that the run was given."""
    table = f"identity.{step.library.entity}_decision"
    with open_session(scratch) as replay:
        if session.lake.has(table, step.run):
            decided = session.lake.read(replay.con, table, step.run)
            replay.lake.write(replay.con, decided, table, batch=step.run, order_by=DECISION_ORDER)
        resolve_with(replay, step.library, step.run, _decisions(replay, table, step.run))


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
    files = 0
    with open_session(scratch) as replay:
        for suffix, keys in _KEYS.items():
            table = f"core.{step.library.entity}{suffix}"
            snapshot = publication.snapshot_ids[table]
            published = session.lake.files(table, snapshot_id=snapshot)
            replayed_files = replay.lake.files(table)
            if _digests(published) != _digests(replayed_files):
                ours = session.lake.read(replay.con, table, snapshot_id=snapshot)
                theirs = replay.lake.read(replay.con, table)
                where = _first_difference(replay, ours, theirs, keys)
                raise ReplayDiffers(
                    step.library.name, step.run, table, where, _same_rules(session, step)
                )
            files += len(published)
    rows = publication.row_counts[step.library.entity]
    return Verified(step.library.name, step.run, files, rows, replayed)


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
    home = settings.home / f"verify-{uuid4().hex[:8]}"
    make_private(settings.home)
    make_private(home)
    let_server_pass(settings.home, home)
    scratch = settings.model_copy(
        update={"home": home, "database_url": None, "id_budget": 1.0, "deletion_budget": 1.0}
    )
    try:
        key = home / "identity.key"
        key.touch(mode=0o600)
        key.write_bytes((settings.home / "identity.key").read_bytes())
        migrate(scratch)
        yield scratch
    finally:
        stop_embedded(scratch)
        shutil.rmtree(home, ignore_errors=True)
