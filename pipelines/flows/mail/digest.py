"""Digests: one mail for all data sets of an owner, when the period that he wants has ended."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from pipelines.batch import CHINA, batch_date, batch_key
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Period, Source
from pipelines.flows.shared.results import DigestResult
from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.flows.source.report.content import Composed, compose, has_report
from pipelines.flows.source.report.write import Letter, send_later
from pipelines.report.owner.model import Report
from pipelines.report.owner.periods import Span, ended_before
from pipelines.settings import Settings
from pipelines.warehouse import has_mail, read_batches, reported_batches
from pipelines.warehouse.quality.issues.owner_months import refresh_owner_months

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
    with open_session(settings) as session:
        try:
            refresh_owner_months(session.warehouse, today)
        finally:  # a calendar that is out of date keeps no mail back
            messages = _write_digests(session, today)
    return DigestResult(str(today), messages)


def _write_digests(session: Session, today: date) -> int:
    sources = usable_sources(session.settings).values()
    composed_before: dict[tuple[str, str], Composed] = {}  # owners may share a source
    messages = 0
    for period in PERIODS:
        span = ended_before(period, today)
        wanted = [source for source in sources if source.reporting.period == period]
        for recipient, theirs in _by_recipient(wanted).items():
            messages += _digest(session, period, span, recipient, theirs, composed_before)
    return messages


def _by_recipient(sources: Sequence[Source]) -> Mapping[str, Sequence[Source]]:
    owned: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        for recipient in source.owner.emails:
            owned[recipient].append(source)
    return owned


def _digest(
    session: Session,
    period: Period,
    span: Span,
    recipient: str,
    sources: Sequence[Source],
    composed_before: dict[tuple[str, str], Composed],
) -> int:
    until = span.last.strftime("%Y%m%d")
    about = {"period": period, "source": EVERYTHING, "batch": until}
    if has_mail(session.warehouse, **about, recipient=recipient):
        return 0
    reported = reported_batches(session.warehouse, recipient)
    composed: list[Composed] = []
    without_news: list[Source] = []
    for source in sources:
        batches = _new_batches(session, source, span, reported)
        if not batches:
            without_news.append(source)
        for batch in batches:
            key = (source.name, batch)
            if key not in composed_before:
                composed_before[key] = compose(session, source, batch)
            composed.append(composed_before[key])
    if not composed:
        return 0
    letter = Letter(
        period=period,
        source=EVERYTHING,
        batch=until,
        dated=span.last,
        report=Report(
            owner=sources[0].owner,
            sources=[each.report for each in composed],
            period=period,
            since=span.first,
            until=span.last,
            language=sources[0].reporting.language,
            contact=session.settings.report_contact,
            waiting=without_news,
        ),
        composed=composed,
    )
    return send_later(session, letter, [recipient])


def _new_batches(
    session: Session, source: Source, span: Span, reported: set[tuple[str, str]]
) -> Sequence[str]:
    """Batches up to the period's end of which the recipient has not been told, oldest first.

    To a new recipient only the period itself is news.
    """
    staged = [
        record.batch
        for record in read_batches(session.warehouse, source.name)
        if record.staged is not None and batch_date(record.batch) <= span.last
    ]
    before = {batch for name, batch in reported if name == source.name}
    latest = max(map(batch_key, before), default="")
    new = [
        batch
        for batch in staged
        if batch not in before
        and (bool(before) or batch_date(batch) >= span.first)
        and has_report(session, source, batch)
    ]
    if source.delivery == "snapshot":  # an older state of the same records is no news
        return [batch for batch in new if batch_key(batch) > latest][-1:]
    return new
