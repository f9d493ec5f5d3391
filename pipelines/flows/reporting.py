"""Tell the data owner: compose the quality report of a batch, and deliver what waits."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import ibis.expr.types as ir

from pipelines.batch import batch_date
from pipelines.contracts import Source
from pipelines.engines.duck import arrow_reader
from pipelines.flows.results import DeliveryResult, ReportResult
from pipelines.flows.workplace import Workplace, open_workplace
from pipelines.mail.message import build_message, message_id
from pipelines.mail.smtp import MailNotTaken, SmtpServer, parse_smtp_url, send_message
from pipelines.report.bad_rows import bad_rows, examples
from pipelines.report.model import (
    Counts,
    Example,
    FailedExpectation,
    QualityReport,
    group_findings,
)
from pipelines.report.render import render_html, render_text, subject
from pipelines.report.workbook import write_workbook
from pipelines.settings import Settings
from pipelines.warehouse import (
    ClaimedMail,
    claim_mail,
    connect,
    count_mail,
    queue_mail,
    read_batches,
    read_expectations,
    read_findings,
)

CHUNK_ROWS = 20_000
# Greylisting lets a sender in after a few minutes; a server that is down for a night, by morning.
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))


def report(settings: Settings, source: Source, batch: str) -> ReportResult:
    """Write one message per data owner about a batch into the outbox; a repeat adds none.

    A batch that could not be landed or staged has no report: the failed task tells the engineer.
    """
    with open_workplace(settings) as place, place.timed(source.name, batch, "report"):
        if not place.lake.has(f"quarantine.{source.name}", batch):
            return ReportResult(source.name, batch, 0, 0)
        staged = place.lake.read(place.con, f"staged.{source.name}", batch)
        quarantined = place.lake.read(place.con, f"quarantine.{source.name}", batch)
        with place.materialised(bad_rows(staged, quarantined, source)) as rows:
            told = _compose(place, source, batch, _examples(place, rows))
            workbook = _new_file(settings, f"{source.name}-{batch}.xlsx")
            ordered = rows.order_by(["file", "line", "column", "rule"])
            written = write_workbook(workbook, arrow_reader(place.con, ordered, CHUNK_ROWS), source)
        messages = sum(
            _queue(place, told, recipient, workbook) for recipient in source.owner.emails
        )
        return ReportResult(source.name, batch, written, messages)


def deliver(settings: Settings) -> DeliveryResult:
    """Send what waits in the outbox; without a mail server it stays there as ``.eml`` files."""
    engine = connect(settings)
    sent = 0
    if settings.smtp_url is not None:
        server = parse_smtp_url(settings.smtp_url.get_secret_value())
        while True:
            with claim_mail(engine) as claimed:
                if claimed is None:
                    break
                sent += _attempt(settings, server, claimed)
    waiting = count_mail(engine)
    engine.dispose()
    return DeliveryResult(sent, waiting["pending"], waiting["failed"])


def _compose(
    place: Workplace,
    source: Source,
    batch: str,
    shown: Mapping[tuple[str | None, str], Sequence[Example]],
) -> QualityReport:
    (record,) = read_batches(place.warehouse, source.name, batch)
    counts = Counts(
        landed=record.landed or 0,
        staged=record.staged or 0,
        superseded=record.superseded or 0,
        quarantined=record.quarantined or 0,
    )
    found = [
        (count.column_name or None, count.rule, count.row_count)
        for count in read_findings(place.warehouse, source.name, batch)
        if count.severity != "info"
    ]
    failed = [
        FailedExpectation(outcome.note_zh, outcome.severity, outcome.observed or "未能评估")
        for outcome in read_expectations(place.warehouse, subject=source.name, run=batch)
        if not outcome.success and outcome.severity != "info"
    ]
    remarks = [*record.remarks]
    if record.unmapped_columns:
        remarks.append(
            f"以下列未在数据契约中登记，仅原样保存：{'、'.join(record.unmapped_columns)}"
        )
    groups = group_findings(source, counts, found, shown)
    return QualityReport(source, batch, counts, groups, failed, remarks)


def _examples(
    place: Workplace, rows: ir.Table
) -> Mapping[tuple[str | None, str], Sequence[Example]]:
    shown: dict[tuple[str | None, str], list[Example]] = defaultdict(list)
    ordered = examples(rows).order_by(["column", "rule", "file", "line"])
    for row in place.con.to_pyarrow(ordered).to_pylist():
        shown[row["column"], row["rule"]].append(Example(row["file"], row["line"], row["value"]))
    return shown


def _queue(place: Workplace, told: QualityReport, recipient: str, workbook: Path) -> bool:
    source, batch = told.source.name, told.batch
    identifier = message_id(source, batch, recipient)
    message = build_message(
        sender=place.settings.mail_from,
        recipient=recipient,
        identifier=identifier,
        subject=subject(told),
        text=render_text(told),
        html=render_html(told),
        attachments=[workbook],
        dated=datetime.combine(batch_date(batch), datetime.min.time(), UTC),
    )
    path = _new_file(place.settings, f"{source}-{batch}-{identifier[1:9]}.eml")
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    draft.write_bytes(message)
    draft.replace(path)  # a reader of the outbox never sees half a message
    return queue_mail(
        place.warehouse,
        source=source,
        batch=batch,
        recipient=recipient,
        subject=subject(told),
        path=path.name,
    )


def _attempt(settings: Settings, server: SmtpServer, claimed: ClaimedMail) -> int:
    """Send one message and note what became of it; answers how many were sent."""
    mail = claimed.mail
    try:
        message = (settings.outbox_dir / mail.path).read_bytes()
        send_message(server, settings.mail_from, mail.recipient, message)
    except MailNotTaken as refused:
        again = not refused.permanent and mail.attempts < len(RETRIES)
        claimed.failed(str(refused), RETRIES[mail.attempts] if again else None)
        return 0
    claimed.sent()
    return 1


def _new_file(settings: Settings, name: str) -> Path:
    settings.outbox_dir.mkdir(parents=True, exist_ok=True)
    return settings.outbox_dir / name
