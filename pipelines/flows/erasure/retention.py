"""Retention: what a contract lets us keep for a time only is dropped when that time is over.

A batch is kept from its date on for as long as its contract says. Afterwards only what still counts
stays: of a source that delivers everything each time its newest batch, of one that delivers changes
the newest version of each record. The rest goes from raw, staged and quarantine, and with it the
copy of the delivery. What was published of it stays in the history: that is the library's.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from shutil import rmtree

import ibis.expr.types as ir

from pipelines.batch import batch_date, batch_key
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.flows.erasure import rewrite
from pipelines.flows.shared.batches import all_rows
from pipelines.flows.shared.replay_start import ledger_now
from pipelines.flows.shared.results import ExpiryResult
from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.lake import Lake
from pipelines.libraries import load_libraries
from pipelines.records import current_records
from pipelines.settings import Settings
from pipelines.warehouse.people.erasures import record_gap
from pipelines.warehouse.quality.audit_events import Event, note_event
from pipelines.warehouse.quality.equal_batches import read_equal_batches

_PLACE = ("_batch", "_file", "_line")


def expire(settings: Settings) -> ExpiryResult:
    """Drop what every contract lets us keep no longer; nothing is done where nothing is too old."""
    with open_session(settings) as session:
        due = [
            (source, batches)
            for source in load_sources(settings).values()
            if (batches := _old_batches(session, source))
        ]
        dropped: dict[str, int] = {}
        for library in load_libraries().values():
            ours = [(source, each) for source, each in due if source.library == library.name]
            if not ours:
                continue
            with ExitStack() as held:
                rewrite.hold(session, held, [library, *(source for source, _ in ours)])
                read = rewrite.latest_inputs(session, library)
                gone = {source.name: _drop(session, source, each) for source, each in ours}
                dropped |= {name: rows for name, rows in gone.items() if rows}
                changed = {name for name in dropped if session.lake.has(f"staged.{name}")}
                rewrite.point_inputs(session, library, read, changed)
                for name in gone.keys() & dropped.keys():
                    _forget(session, name)
        if dropped:
            record_gap(session.warehouse, "retention", ledger_now(session))
            _note(session, dropped)
        return ExpiryResult(dropped)


def _old_batches(session: Session, source: Source) -> list[str]:
    """Batches with rows of their own that are older than the contract lets us keep them."""
    if source.retention is None:
        return []
    first = moment(session.settings).date() - source.retention + timedelta(days=1)
    batches = session.lake.batches(f"raw.{source.name}")
    return [batch for batch in batches if batch_date(batch) < first]


def _drop(session: Session, source: Source, old: Sequence[str]) -> int:
    """Drop what does not count any more; rows of raw that are gone."""
    name, keep = source.name, None
    if source.delivery == "snapshot":
        old = [batch for batch in old if batch not in _needed(session, name)]
    elif session.lake.has(f"staged.{name}"):
        keep = current_records(all_rows(session, "staged", name), "delta").select(*_PLACE)
    rows = 0
    with ExitStack() as kept:
        counted = kept.enter_context(session.materialised(keep)) if keep is not None else None
        for layer in rewrite.LAYERS:
            table = f"{layer}.{name}"
            if session.lake.has(table):
                gone = rewrite.rewrite_batches(session, table, _of(counted), old)
                rows += sum(gone.values()) if layer == "raw" else 0
    for batch in old:
        rmtree(session.settings.landing_dir / name / batch, ignore_errors=True)
    return rows


def _of(kept: ir.Table | None) -> rewrite.Keep:
    if kept is None:
        return lambda table: table.filter(False)
    return lambda table: table.semi_join(kept, _PLACE)


def _needed(session: Session, source: str) -> set[str]:
    """The batch that is the truth of a source today, and the newest that was landed."""
    needed = set()
    for layer in rewrite.LAYERS:
        batches = session.lake.batches(f"{layer}.{source}")
        equal = read_equal_batches(session.warehouse, source)
        newest = max([*batches, *equal], key=batch_key, default=None)
        if newest is not None:
            needed.add(equal.get(newest, newest))
    return needed


def _forget(session: Session, source: str) -> None:
    lake: Lake = session.lake
    for layer in rewrite.LAYERS:
        if lake.has(f"{layer}.{source}"):
            lake.forget(f"{layer}.{source}")


def _note(session: Session, dropped: dict[str, int]) -> None:
    with session.warehouse.begin() as connection:
        for source, rows in dropped.items():
            event = Event("retention", "ok", actor="baselib", request=source, rows=rows)
            note_event(connection, event)
