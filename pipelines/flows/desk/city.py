"""The city on one page: every source by day, every library with the batches it was built from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Engine

from pipelines.batch import CHINA, batch_date, batch_key
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.errors import BadBatchId
from pipelines.flows.shared.run_inputs import inputs_of_run
from pipelines.flows.shared.session import moment, open_session
from pipelines.flows.source.attention import Attention, sources_to_look_at
from pipelines.libraries import Library, libraries_in_order, load_libraries
from pipelines.settings import Settings
from pipelines.warehouse import (
    BatchRecord,
    PublicationRecord,
    connect,
    count_mail,
    read_batches,
    read_passed_over_batches,
    read_publications,
    read_stopped_batches,
)
from pipelines.warehouse.quality.id_changes import is_approved, read_comparisons
from pipelines.warehouse.quality.runs import content_run
from pipelines.warehouse.quality.scores import read_scores

DAYS = 14  # two weeks fit a screen, and show the same weekday twice


@dataclass(frozen=True)
class Cell:
    """One source on one day. ``state``: ok | stopped | unchecked | failed | late | none."""

    day: date
    state: str
    batch: str = ""
    score: float | None = None


@dataclass(frozen=True)
class SourceRow:
    """One source: its days, its newest batch, and what is the matter with it."""

    name: str
    title: str
    department: str
    library: str
    cells: Sequence[Cell]
    newest: BatchRecord | None
    attention: Sequence[Attention]


@dataclass(frozen=True)
class LibraryRow:
    """One library: its last publication, and what it was built from.

    ``built_from``: source to the batch that was newest then, ``None`` where it had none.
    ``lacking``: sources whose newest good batch is newer than that, or that it had nothing of.
    ``over_budget``: the run that waits for an approval, if one does.
    """

    name: str
    title: str
    last: PublicationRecord | None
    built_from: Mapping[str, str | None]
    lacking: Sequence[str]
    score: float | None
    over_budget: str | None


@dataclass(frozen=True)
class City:
    """Everything on the page."""

    days: Sequence[date]
    sources: Sequence[SourceRow]
    libraries: Sequence[LibraryRow]
    mail: Mapping[str, int]


def look_at_city(settings: Settings) -> City:
    """The sources of the last two weeks, and the libraries as they are published.

    Raises:
        DatabaseUnavailable: nothing answers at the URL of the settings.
    """
    engine = connect(settings)
    try:
        until = today(settings)
        days = [until - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
        return City(
            days,
            _sources(settings, engine, days),
            _libraries(settings, engine),
            count_mail(engine),
        )
    finally:
        engine.dispose()


def today(settings: Settings) -> date:
    """The day that counts as today, in China."""
    return moment(settings).astimezone(CHINA).date()


def days_of(
    source: Source | None,
    batches: Iterable[BatchRecord],
    stopped: set[str],
    scores: Mapping[str, float],
    days: Sequence[date],
) -> list[Cell]:
    """A source's days: the newest batch of each, and late from the day on which one was due."""
    newest: dict[date, BatchRecord] = {}
    for record in sorted(batches, key=lambda one: batch_key(one.batch)):
        newest[_day(record.batch)] = record
    return [
        _cell(newest[day], stopped, scores)
        if day in newest
        else Cell(day, "late" if _is_late(source, newest, day) else "none")
        for day in days
    ]


def _cell(record: BatchRecord, stopped: set[str], scores: Mapping[str, float]) -> Cell:
    state = "ok"
    if record.landed is None or record.staged is None:
        state = "failed"
    elif record.batch in stopped:
        state = "stopped"
    elif record.awaits_check:
        state = "unchecked"
    return Cell(_day(record.batch), state, record.batch, scores.get(record.batch))


def _is_late(source: Source | None, delivered: Iterable[date], day: date) -> bool:
    """What never came has no day to miss."""
    before = max((one for one in delivered if one < day), default=None)
    return source is not None and before is not None and day > before + source.frequency


def _day(batch: str) -> date:
    try:
        return batch_date(batch)
    except BadBatchId:  # of an earlier version
        return date.min


def _sources(settings: Settings, engine: Engine, days: Sequence[date]) -> list[SourceRow]:
    declared = usable_sources(settings)
    batches: dict[str, list[BatchRecord]] = defaultdict(list)
    for record in read_batches(engine):
        batches[record.source].append(record)
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    for score in read_scores(engine, scope="source"):
        scores[score.subject][score.run] = score.score
    attention: dict[str, list[Attention]] = defaultdict(list)
    for each in sources_to_look_at(settings, engine):
        attention[each.source].append(each)
    rows = []
    for name in sorted({*declared, *batches}):
        source, mine = declared.get(name), batches[name]
        cells = days_of(source, mine, read_stopped_batches(engine, name), scores[name], days)
        rows.append(
            SourceRow(
                name,
                source.title if source else name,
                source.owner.department if source else "",
                source.library if source else mine[-1].library,
                cells,
                mine[-1] if mine else None,
                attention[name],
            )
        )
    order = [library.name for library in libraries_in_order(load_libraries())]
    return sorted(rows, key=lambda row: (_place(order, row.library), row.name))


def _place(order: Sequence[str], library: str) -> int:
    return order.index(library) if library in order else len(order)


def _libraries(settings: Settings, engine: Engine) -> list[LibraryRow]:
    every = read_publications(engine)
    last = {one.library: one for one in every}
    compared = {one.library: one for one in read_comparisons(engine)}
    scores = {one.subject: one.score for one in read_scores(engine, scope="library")}
    rows = []
    for library in libraries_in_order(load_libraries()):
        waiting = compared.get(library.name)
        over = waiting and not waiting.is_within and not is_approved(engine, waiting)
        publication = last.get(library.name)
        mine = [one for one in every if one.library == library.name]
        built = built_from(settings, library, content_run(mine)) if mine else {}
        rows.append(
            LibraryRow(
                library.name,
                library.title,
                publication,
                built,
                _lacking(settings, engine, library, built) if publication else (),
                scores.get(library.name),
                waiting.run if waiting and over else None,
            )
        )
    return rows


def built_from(settings: Settings, library: Library, run: str) -> dict[str, str | None]:
    """The newest batch of each source that a run read; nothing if the run is no longer known."""
    with open_session(settings) as session:
        if not session.lake.has(f"identity.{library.entity}_input"):
            return {}
        found = inputs_of_run(session, library, run)
        return {row["source"]: max(row["batches"], key=batch_key, default=None) for row in found}


def _lacking(
    settings: Settings, engine: Engine, library: Library, built: Mapping[str, str | None]
) -> list[str]:
    mine = [one.name for one in usable_sources(settings).values() if one.library == library.name]
    return [name for name in mine if _is_behind(engine, name, built.get(name))]


def _is_behind(engine: Engine, source: str, used: str | None) -> bool:
    passed_over = read_passed_over_batches(engine, source)
    good = [
        one.batch
        for one in read_batches(engine, source)
        if one.staged is not None and one.batch not in passed_over
    ]
    newest = max(good, key=batch_key, default=None)
    return used is None or (newest is not None and batch_key(newest) > batch_key(used))
