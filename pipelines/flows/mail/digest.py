"""Digests: one mail for all data sets of an owner, when the period that he wants has ended."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from pipelines.batch import CHINA, batch_date, batch_key
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Period, Source
from pipelines.flows.shared.results import DigestResult
from pipelines.flows.shared.session import Workplace, moment, open_workplace
from pipelines.flows.source.report import Letter, send_later
from pipelines.flows.source.report_content import Composed, compose, has_report
from pipelines.report.owner.model import Report
from pipelines.report.owner.periods import Span, ended_before
from pipelines.settings import Settings
from pipelines.warehouse import has_mail, read_batches, reported_batches
from pipelines.warehouse.quality.owner_months import refresh_owner_months

PERIODS: Final[Sequence[Period]] = ("daily", "weekly", "monthly")
EVERYTHING = "*"


def digest(settings: Settings) -> DigestResult:
    """Write the digests of periods that have ended into the outbox; a repeat adds none.

    A digest tells of what its owner has not been told yet: of a snapshot the latest batch, of a
    delta every batch. A batch that comes late is told of in the next one. Without any there is no
    mail. First ``quality.owner_month`` is counted anew for all sources: what was told, answered or
    became overdue since they were tracked.

    Raises:
        CalendarUnknown: what is overdue cannot be said; every digest has been written.
    """
    today = moment(settings).astimezone(CHINA).date()
    with open_workplace(settings) as place:
        try:
            refresh_owner_months(place.warehouse, today)
        finally:  # a calendar that is out of date keeps no mail back
            messages = _write_digests(place, today)
    return DigestResult(str(today), messages)


def _write_digests(place: Workplace, today: date) -> int:
    sources = usable_sources(place.settings).values()
    known: dict[tuple[str, str], Composed] = {}  # owners may share a source
    messages = 0
    for period in PERIODS:
        span = ended_before(period, today)
        wanted = [source for source in sources if source.reporting.period == period]
        for recipient, theirs in _by_recipient(wanted).items():
            messages += _digest(place, period, span, recipient, theirs, known)
    return messages


def _by_recipient(sources: Sequence[Source]) -> Mapping[str, Sequence[Source]]:
    owned: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        for recipient in source.owner.emails:
            owned[recipient].append(source)
    return owned


def _digest(
    place: Workplace,
    period: Period,
    span: Span,
    recipient: str,
    sources: Sequence[Source],
    known: dict[tuple[str, str], Composed],
) -> int:
    until = span.last.strftime("%Y%m%d")
    about = {"period": period, "source": EVERYTHING, "batch": until}
    if has_mail(place.warehouse, **about, recipient=recipient):
        return 0
    told = reported_batches(place.warehouse, recipient)
    composed: list[Composed] = []
    waiting: list[Source] = []
    for source in sources:
        batches = _new_batches(place, source, span, told)
        if not batches:
            waiting.append(source)
        for batch in batches:
            key = (source.name, batch)
            if key not in known:
                known[key] = compose(place, source, batch)
            composed.append(known[key])
    if not composed:
        return 0
    letter = Letter(
        period=period,
        source=EVERYTHING,
        batch=until,
        dated=span.last,
        report=Report(
            owner=sources[0].owner,
            sources=[each.told for each in composed],
            period=period,
            since=span.first,
            until=span.last,
            language=sources[0].reporting.language,
            contact=place.settings.report_contact,
            waiting=waiting,
        ),
        composed=composed,
    )
    return send_later(place, letter, [recipient])


def _new_batches(
    place: Workplace, source: Source, span: Span, told: set[tuple[str, str]]
) -> Sequence[str]:
    """Batches up to the period's end of which the recipient has not been told, oldest first.

    To a new recipient only the period itself is news.
    """
    staged = [
        record.batch
        for record in read_batches(place.warehouse, source.name)
        if record.staged is not None and batch_date(record.batch) <= span.last
    ]
    before = {batch for name, batch in told if name == source.name}
    latest = max(map(batch_key, before), default="")
    new = [
        batch
        for batch in staged
        if batch not in before
        and (bool(before) or batch_date(batch) >= span.first)
        and has_report(place, source, batch)
    ]
    if source.delivery == "snapshot":  # an older state of the same records is no news
        return [batch for batch in new if batch_key(batch) > latest][-1:]
    return new
