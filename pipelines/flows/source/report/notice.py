"""Notices to data owners about deliveries that were not taken: at once, and once for each cause."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from pipelines.contracts.source import Source
from pipelines.errors import BaselibError
from pipelines.flows.shared.session import moment
from pipelines.flows.source.report.write import write_message
from pipelines.mail.message import Attachment, build_message, message_id
from pipelines.report.owner.notice import render_trouble, trouble_of
from pipelines.report.owner.render import Rendered
from pipelines.settings import Settings
from pipelines.warehouse import NewMail, has_mail, queue_mail
from pipelines.warehouse.quality.outbox import FAILED


@contextmanager
def telling_owner(
    settings: Settings, warehouse: Engine, source: Source, batch: str
) -> Iterator[None]:
    """Write to the owner what is wrong with a delivery that the block refuses to take.

    What he cannot mend (a secret, a full disk) is not told; nor what may mend itself, such as a
    file that is still being written.
    """
    try:
        yield
    except BaselibError as wrong:
        trouble = trouble_of(wrong, source)
        if trouble is not None:
            mail = render_trouble(trouble, source, batch, settings.report_contact)
            with suppress(OperationalError, OSError):  # must not hide what ended the block
                send_notice(settings, warehouse, source, f"{FAILED} {trouble.cause}", batch, mail)
        raise


def send_notice(
    settings: Settings,
    warehouse: Engine,
    source: Source,
    kind: str,
    batch: str,
    mail: Rendered,
    attachments: Sequence[Attachment] = (),
) -> int:
    """Put a notice into the outbox for each owner who does not have it; how many messages.

    Args:
        settings: Sender, outbox folder and the day that is today.
        warehouse: Where the outbox is kept.
        source: Whose owners.
        kind: Of the notice; an owner gets one of a kind about a batch.
        batch: What it is about.
        mail: What it says.
        attachments: Files to go with it; they may be deleted afterwards.
    """
    about = {"period": kind, "source": source.name, "batch": batch}
    return sum(
        _queue(settings, warehouse, mail, recipient, source.reporting.language, about, attachments)
        for recipient in source.owner.emails
        if not has_mail(warehouse, **about, recipient=recipient)
    )


def _queue(
    settings: Settings,
    warehouse: Engine,
    mail: Rendered,
    recipient: str,
    language: str,
    about: dict[str, str],
    attachments: Sequence[Attachment],
) -> int:
    now: datetime = moment(settings)
    identifier = message_id(about["period"], about["source"], about["batch"], recipient)
    content = build_message(
        sender=settings.mail_from,
        recipient=recipient,
        identifier=identifier,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        attachments=attachments,
        dated=now,
        language="en" if language == "en" else "zh-CN",
    )
    path = write_message(settings, about["source"], about["batch"], identifier, content)
    part = NewMail(
        **about,
        recipient=recipient,
        part=1,
        parts=1,
        message_id=identifier,
        subject=mail.subject,
        path=path,
    )
    # About no batch: it reports nothing that is in one, so a digest still has to.
    return int(queue_mail(warehouse, [part], [], now))
