"""What did not arrive in a month, or was stopped, and how good the rest is: for the leaders."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Engine

from pipelines.batch import batch_date
from pipelines.contracts.source import Source
from pipelines.flows.source.attention import sources_to_look_at
from pipelines.report.leaders.city import Trouble
from pipelines.settings import Settings
from pipelines.warehouse import read_batches, read_stopped_batches
from pipelines.warehouse.quality.scores import read_scores


def last_grades(engine: Engine, month: date) -> Mapping[str, str]:
    """The grade of each source's last batch in a month that was scored and not stopped."""
    grades: dict[str, str] = {}
    stopped: dict[str, set[str]] = {}
    for score in read_scores(engine, scope="source"):
        if score.subject not in stopped:
            stopped[score.subject] = read_stopped_batches(engine, score.subject)
        day = batch_date(score.run)
        within = (day.year, day.month) == (month.year, month.month)
        if within and score.run not in stopped[score.subject]:
            grades[score.subject] = score.grade
    return grades


def troubles_of(
    settings: Settings, engine: Engine, sources: Mapping[str, Source], month: date, today: date
) -> Sequence[Trouble]:
    """Data sets that were stopped in a month or did not come, by department.

    Of the month that is running what is so today; of one that is over, a source that had delivered
    before, is due at least once a month, and delivered nothing.
    """
    found = [*_stopped(engine, sources, month)]
    if (today.year, today.month) == (month.year, month.month):
        for each in sources_to_look_at(settings, engine):
            source = sources.get(each.source)
            if source and each.state in ("late", "missing", "failed"):
                found.append(_trouble(source, each.state, each.batch))
    else:
        found += _silent(engine, sources, month)
    return sorted(found, key=lambda each: (each.department, each.dataset, each.batch))


def _stopped(engine: Engine, sources: Mapping[str, Source], month: date) -> Iterator[Trouble]:
    for source in sources.values():
        for batch in sorted(read_stopped_batches(engine, source.name)):
            day = batch_date(batch)
            if (day.year, day.month) == (month.year, month.month):
                yield _trouble(source, "stopped", batch)


def _silent(engine: Engine, sources: Mapping[str, Source], month: date) -> Iterator[Trouble]:
    delivered: dict[str, list[date]] = {}
    for record in read_batches(engine):
        delivered.setdefault(record.source, []).append(batch_date(record.batch))
    for name, days in delivered.items():
        source = sources.get(name)
        before = [day for day in days if day < month]
        within = [day for day in days if (day.year, day.month) == (month.year, month.month)]
        if source and before and not within and source.frequency.days <= 31:
            yield _trouble(source, "late", max(before).strftime("%Y%m%d"))


def _trouble(source: Source, kind: str, batch: str) -> Trouble:
    return Trouble(source.owner.department, source.title, kind, batch)  # type: ignore[arg-type]
