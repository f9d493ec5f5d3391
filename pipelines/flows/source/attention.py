"""Sources that need a look: the last batch failed or was stopped, the next is late, none came."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from pipelines.batch import CHINA, batch_date, batch_key
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import moment
from pipelines.settings import Settings
from pipelines.warehouse import BatchRecord, read_batches, read_stopped_batches, read_timings


@dataclass(frozen=True)
class Attention:
    """One source, the batch that it is about, and what is the matter with it."""

    source: str
    batch: str
    state: str  # failed | stopped | unchecked | late | missing
    reason: str


def sources_to_look_at(settings: Settings, warehouse: Engine) -> list[Attention]:
    """What went wrong with the newest batch of each source, and who should have delivered.

    A source that never delivered is missing where others of its library have delivered.
    """
    tried: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for timing in read_timings(warehouse):
        tried[timing.subject][timing.run].add(timing.stage)
    batches: dict[str, dict[str, BatchRecord]] = defaultdict(dict)
    for record in read_batches(warehouse):
        batches[record.source][record.batch] = record
    today = moment(settings).astimezone(CHINA).date()
    declared = usable_sources(settings)
    fed = {declared[name].library for name in batches if name in declared}
    found: list[Attention] = []
    for source in sorted({*batches, *(name for name in declared if name in tried)}):
        failed = _failed(source, tried[source], batches[source])
        told = {each.batch for each in failed}
        found += failed
        found += _stopped(warehouse, source, batches[source])
        unchecked = _unchecked(source, declared.get(source), batches[source])
        found += [each for each in unchecked if each.batch not in told]
        found += _late(declared.get(source), batches[source], today)
    found += [
        Attention(name, "", "missing", "has not delivered yet")
        for name, source in declared.items()
        if source.library in fed and not batches[name] and name not in tried
    ]
    return sorted(found, key=lambda each: each.source)


def _failed(
    source: str, tried: Mapping[str, set[str]], batches: Mapping[str, BatchRecord]
) -> list[Attention]:
    newest = max([*tried, *batches], key=batch_key)
    record = batches.get(newest)
    if record is None or record.landed is None:
        return [Attention(source, newest, "failed", "was not landed")]
    if record.staged is None and "stage" in tried.get(newest, ()):
        return [Attention(source, newest, "failed", "was landed, and not staged")]
    return []


def _unchecked(
    source: str, declared: Source | None, batches: Mapping[str, BatchRecord]
) -> list[Attention]:
    """What no library reads before it is checked; of snapshots an older one is not missed."""
    newest = max(batches, key=batch_key, default=None)
    adds_up = declared is not None and declared.delivery == "delta"
    return [
        Attention(source, batch, "unchecked", f"{_how_far(record)}; is read by no library")
        for batch, record in batches.items()
        if record.awaits_check and (adds_up or batch == newest)
    ]


def _how_far(record: BatchRecord) -> str:
    return "was not staged to its end" if record.staged is None else "was staged, and not checked"


def _stopped(warehouse: Engine, source: str, batches: Mapping[str, BatchRecord]) -> list[Attention]:
    newest = max(batches, key=batch_key, default=None)
    if newest is None or newest not in read_stopped_batches(warehouse, source):
        return []
    return [Attention(source, newest, "stopped", "a critical expectation failed; is not published")]


def _late(
    source: Source | None, batches: Mapping[str, BatchRecord], today: date
) -> list[Attention]:
    """A source that has delivered before and is due again; what never came has no date to miss."""
    if source is None or not batches:
        return []
    newest = max(batches, key=batch_key)
    due = batch_date(newest) + source.frequency
    days = (today - due).days
    if days <= 0:
        return []
    return [Attention(source.name, newest, "late", f"the next was due on {due}, {days} day(s) ago")]
