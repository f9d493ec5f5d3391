"""Reports to data owners: a mail about a batch, or about all data sets of an owner in a period.

A batch is compared with other sources only when its library is built. ``report`` writes the mail as
things are known; where the library follows later, ``report_stopped`` writes at once what no
comparison will add to, and ``flows/library/report.py`` the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import uuid4

from pipelines.batch import batch_date
from pipelines.contracts.source import Source
from pipelines.flows.shared.ownership import working_on
from pipelines.flows.shared.results import ReportResult
from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.flows.source.report.content import Composed, compose, has_report
from pipelines.mail.message import BASE64, Attachment, Picture, build_message, message_id
from pipelines.mail.packing import pack
from pipelines.report.owner.model import AttachedFile, Report
from pipelines.report.owner.render import Charts, Rendered, draw_charts, render, render_rest
from pipelines.runtime.stop_points import stop_point
from pipelines.settings import Settings
from pipelines.warehouse import NewMail, connect, has_mail, queue_mail, read_stopped_batches

_WORDS_BYTES = 100_000  # text, HTML and headers of a mail, generously


def report(settings: Settings, source: Source, batch: str) -> ReportResult:
    """Write the messages about a batch into the outbox; a repeat adds none, and no sheets.

    A batch that could not be landed or staged has no report: the failed task tells the engineer.
    A source whose owner wants a digest is reported to by ``digest``.
    """
    with (
        open_session(settings, keeps_sql=True) as session,
        working_on(session, source),
        session.timed(source.name, batch, "report"),
    ):
        if not has_report(session, source, batch) or source.reporting.period != "batch":
            return ReportResult(source.name, batch, 0, 0)
        # Nor is a sheet written anew beside the mail that speaks of it.
        if not _without_mail(session, "batch", source.name, batch, source.owner.emails):
            return ReportResult(source.name, batch, 0, 0)
        composed = compose(session, source, batch)
        letter = Letter(
            period="batch",
            source=source.name,
            batch=batch,
            dated=batch_date(batch),
            report=Report(
                owner=source.owner,
                sources=[composed.report],
                language=source.reporting.language,
                contact=settings.report_contact,
            ),
            composed=[composed],
        )
        messages = send_later(session, letter, source.owner.emails)
        return ReportResult(source.name, batch, composed.report.listed, messages)


def report_stopped(settings: Settings, source: Source, batch: str) -> ReportResult:
    """As ``report``, of a batch that a gate stopped: it takes part in no comparison."""
    engine = connect(settings)
    try:
        stopped = batch in read_stopped_batches(engine, source.name)
    finally:
        engine.dispose()
    return report(settings, source, batch) if stopped else ReportResult(source.name, batch, 0, 0)


@dataclass(frozen=True)
class Letter:
    """A report that is about to become messages: who sent what when is in the outbox then."""

    period: str
    source: str  # "*" for a digest
    batch: str
    dated: date
    report: Report
    composed: Sequence[Composed]


def send_later(session: Session, letter: Letter, recipients: Sequence[str]) -> int:
    """Put the letter into the outbox for those who do not have it yet; how many messages."""
    without_mail = _without_mail(session, letter.period, letter.source, letter.batch, recipients)
    if not without_mail:
        return 0
    charts = draw_charts(letter.report, session.settings.cache_dir)
    mails, final = _packed(session.settings, letter, charts)
    rendered = [render(final, charts)]
    rendered += [render_rest(final, number) for number in range(2, final.mails + 1)]
    return sum(_queue(session, letter, recipient, rendered, mails) for recipient in without_mail)


def _without_mail(
    session: Session, period: str, source: str, batch: str, recipients: Sequence[str]
) -> Sequence[str]:
    about = {"period": period, "source": source, "batch": batch}
    return [r for r in recipients if not has_mail(session.warehouse, **about, recipient=r)]


def _packed(
    settings: Settings, letter: Letter, charts: Charts
) -> tuple[Sequence[Sequence[Attachment]], Report]:
    """Which mail carries which file, and the report that says so."""
    files = [file for composed in letter.composed for file in composed.files]
    pictures = [chart for drawn in charts.values() for chart in drawn]
    taken = int(_WORDS_BYTES + sum(len(chart.png) for chart in pictures) * BASE64)
    mails = pack(
        [Attachment(file.path, file.name) for file in files],
        settings.mail_size_limit * 1_000_000,
        taken,
    )
    rows = {file.path: file.rows for file in files}
    attached = [
        AttachedFile(each.name, rows[each.path], number)
        for number, mail in enumerate(mails, start=1)
        for each in mail
    ]
    return mails, replace(letter.report, files=attached, mails=len(mails))


def _queue(
    session: Session,
    letter: Letter,
    recipient: str,
    rendered: Sequence[Rendered],
    mails: Sequence[Sequence[Attachment]],
) -> int:
    """All parts for one recipient, as files and as rows of the outbox; how many were added."""
    parts = []
    for number, (words, files) in enumerate(zip(rendered, mails, strict=True), start=1):
        identifier = message_id(letter.period, letter.source, letter.batch, recipient, number)
        content = build_message(
            sender=session.settings.mail_from,
            recipient=recipient,
            identifier=identifier,
            subject=words.subject,
            text=words.text,
            html=words.html,
            pictures=[Picture(cid, png) for cid, png in words.pictures],
            attachments=files,
            dated=datetime.combine(letter.dated, datetime.min.time(), UTC),
            language="en" if letter.report.language == "en" else "zh-CN",
        )
        parts.append(
            NewMail(
                period=letter.period,
                source=letter.source,
                batch=letter.batch,
                recipient=recipient,
                part=number,
                parts=len(mails),
                message_id=identifier,
                subject=words.subject,
                path=_write(session.settings, letter, identifier, content),
            )
        )
    stop_point(f"report {letter.source} before")
    about = [each.told for each in letter.composed]
    written = moment(session.settings)
    return len(parts) if queue_mail(session.warehouse, parts, about, written) else 0


def _write(settings: Settings, letter: Letter, identifier: str, content: bytes) -> str:
    """The message as a file of the outbox folder; a reader never sees half of one."""
    subject = letter.source if letter.source != "*" else letter.period
    return write_message(settings, subject, letter.batch, identifier, content)


def write_message(
    settings: Settings, subject: str, batch: str, identifier: str, content: bytes
) -> str:
    """A message as a file of the outbox folder, whose name is returned."""
    path = settings.outbox_dir / f"{subject}-{batch}-{identifier[1:9]}.eml"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    draft.write_bytes(content)
    draft.replace(path)
    return path.name
