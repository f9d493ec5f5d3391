"""What did not arrive in a month, or was stopped, and how good the rest is: for the leaders."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Engine

from pipelines.batch import batch_date, batch_key
from pipelines.contracts.source import Source
from pipelines.flows.source.attention import sources_to_look_at
from pipelines.report.leaders.city import Trouble
from pipelines.settings import Settings
from pipelines.warehouse import read_batches, read_mail, read_stopped_batches
from pipelines.warehouse.quality.outbox import FAILED
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
    before, is due at least once a month, and delivered nothing. Where something came and could not
    be taken, that is told instead.
    """
    refused = _refused(engine, sources, month)
    found = [*_stopped(engine, sources, month), *refused.values()]
    if (today.year, today.month) == (month.year, month.month):
        for each in sources_to_look_at(settings, engine):
            source = sources.get(each.source)
            if source and each.state in ("late", "missing") and each.source not in refused:
                found.append(_trouble(source, each.state, each.batch))
    else:
        found += _silent(engine, sources, month, refused)
    return sorted(found, key=lambda each: (each.department, each.dataset, each.batch))


def _refused(engine: Engine, sources: Mapping[str, Source], month: date) -> Mapping[str, Trouble]:
    """Sources of which the last that came in a month could not be taken: its owner was told so.

    A run that found nothing to land has failed, too, and is no delivery.
    """
    landed: dict[str, str] = {}
    for record in read_batches(engine):
        if record.landed is not None and batch_date(record.batch) < _after(month):
            landed[record.source] = max(landed.get(record.source, ""), record.batch, key=batch_key)
    found: dict[str, str] = {}
    for mail in read_mail(engine):
        if mail.period.startswith(FAILED) and mail.source in sources:
            within = month <= batch_date(mail.batch) < _after(month)
            newer = batch_key(mail.batch) > batch_key(landed.get(mail.source, ""))
            if within and newer:
                found[mail.source] = max(found.get(mail.source, ""), mail.batch, key=batch_key)
    return {name: _trouble(sources[name], "failed", batch) for name, batch in found.items()}


def _after(month: date) -> date:
    """The first day of the month after."""
    return (month + timedelta(days=31)).replace(day=1)


def _stopped(engine: Engine, sources: Mapping[str, Source], month: date) -> Iterator[Trouble]:
    for source in sources.values():
        for batch in sorted(read_stopped_batches(engine, source.name)):
            day = batch_date(batch)
            if (day.year, day.month) == (month.year, month.month):
                yield _trouble(source, "stopped", batch)


def _silent(
    engine: Engine, sources: Mapping[str, Source], month: date, refused: Collection[str]
) -> Iterator[Trouble]:
    delivered: dict[str, list[date]] = {}
    for record in read_batches(engine):
        delivered.setdefault(record.source, []).append(batch_date(record.batch))
    for name, days in delivered.items():
        source = sources.get(name)
        before = [day for day in days if day < month]
        within = [day for day in days if (day.year, day.month) == (month.year, month.month)]
        if name in refused or not source or source.frequency.days > 31:
            continue
        if before and not within:
            yield _trouble(source, "late", max(before).strftime("%Y%m%d"))


def _trouble(source: Source, kind: str, batch: str) -> Trouble:
    return Trouble(source.owner.department, source.title, kind, batch)  # type: ignore[arg-type]
