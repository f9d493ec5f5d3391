"""Deliver what waits in the outbox, each message once, and say which ones a person must look at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.errors import MailUndelivered
from pipelines.flows.shared.results import DeliveryResult
from pipelines.flows.shared.session import moment
from pipelines.governance.resources.declared import read_declaration
from pipelines.mail.smtp import (
    TIMEOUTS,
    MailInDoubt,
    MailRefused,
    SmtpServer,
    Timeouts,
    parse_smtp_url,
    send_message,
)
from pipelines.settings import Settings
from pipelines.warehouse import (
    ClaimedMail,
    QueuedMail,
    claim_mail,
    connect,
    count_mail,
    read_mail,
    read_stopped_batches,
)
from pipelines.warehouse.quality.issues.owner_months import record_sent
from pipelines.warehouse.quality.outbox import DUTY, UNDELIVERED

# Greylisting lets a sender in after a few minutes; a server that is down for a night, by morning.
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
EVERYTHING = "*"
_CUT_SHORT = "the sender ended while the server had the message; it may have arrived"


def deliver(settings: Settings, timeouts: Timeouts = TIMEOUTS) -> DeliveryResult:
    """Send what is due in the outbox; without a mail server it stays there as ``.eml`` files.

    A message that is refused holds up no other. Several may deliver at once.

    Raises:
        MailServerUnusable: nothing can be sent at all; every message waits as it was.
    """
    engine = connect(settings)
    sent = 0
    try:
        if settings.smtp_url is not None:
            url = settings.smtp_url.get_secret_value()
            server = replace(parse_smtp_url(url), timeouts=timeouts)
            sources = usable_sources(settings)
            while True:
                with claim_mail(engine) as claimed:
                    if claimed is None:
                        break
                    sent += _attempt(settings, server, claimed, sources)
        waiting = count_mail(engine)
    finally:
        engine.dispose()
    return DeliveryResult(sent, waiting["pending"], waiting["failed"], waiting["doubtful"])


def check_mail(settings: Settings) -> DeliveryResult:
    """Alarm: fail while there are messages that nobody will send again by himself.

    Raises:
        MailUndelivered: lists them; ``baselib mail`` shows why and decides about them.
    """
    engine = connect(settings)
    try:
        counts = count_mail(engine)
        undelivered = read_mail(engine, UNDELIVERED)
    finally:
        engine.dispose()
    if undelivered:
        raise MailUndelivered([_known_as(mail) for mail in undelivered])
    return DeliveryResult(0, counts["pending"], 0, 0)


def _attempt(
    settings: Settings, server: SmtpServer, claimed: ClaimedMail, sources: Mapping[str, Source]
) -> int:
    """Send one message and note what became of it; answers how many were sent."""
    mail = claimed.mail
    if claimed.interrupted:
        claimed.doubt(_CUT_SHORT)
        return 0
    if claimed.mail.period == DUTY:
        if claimed.mail.recipient not in _share_office(settings, claimed.mail.source):
            claimed.refuse(f"catalogue.yml does not name this recipient for {claimed.mail.source}")
            return 0
    elif strange := _not_entitled(claimed, sources):
        claimed.refuse(f"the contract of {strange} does not name this recipient as data owner")
        return 0
    try:
        message = (settings.outbox_dir / mail.path).read_bytes()
    except FileNotFoundError:
        claimed.refuse(f"{mail.path} is not in the outbox folder")
        return 0
    attempt = claimed.attempt()
    try:
        send_message(server, settings.mail_from, mail.recipient, message, attempt.hand_over)
    except MailRefused as refused:
        again = not refused.permanent and mail.attempts < len(RETRIES)
        attempt.failed(str(refused), RETRIES[mail.attempts] if again else None)
        return 0
    except MailInDoubt as doubt:
        attempt.doubted(f"handed over, and no answer came: {doubt}")
        return 0
    # First: whoever reads this mail has been told, even if this process ends before it says so.
    for source, batches in claimed.about.items():
        _record_sent(settings, claimed, source, batches)
    attempt.sent()
    return 1


def _record_sent(
    settings: Settings, claimed: ClaimedMail, source: str, batches: Sequence[str]
) -> None:
    """The mail told its owner of every issue that it lists; of a stopped batch it lists none."""
    stopped = read_stopped_batches(claimed.engine, source)
    if listed := [batch for batch in batches if batch not in stopped]:
        composed = claimed.mail.created_at
        record_sent(claimed.engine, source, listed[-1], moment(settings), listed, composed)


def _not_entitled(claimed: ClaimedMail, sources: Mapping[str, Source]) -> str:
    """A source in the message whose contract, as it is now, does not name the recipient."""
    own = [] if claimed.mail.source == EVERYTHING else [claimed.mail.source]
    for name in claimed.about or own:
        source = sources.get(name)
        if source is None or claimed.mail.recipient not in source.owner.emails:
            return name
    return "" if claimed.about or own else "no source"


def _share_office(settings: Settings, department: str) -> Sequence[str]:
    """Who is told of late duties of a department, as it is declared now."""
    declared = read_declaration(settings.governance).departments.get(department)
    return [declared.email] if declared and declared.email else []


def _known_as(mail: QueuedMail) -> str:
    about = "digest" if mail.source == "*" else mail.source
    return f"{mail.id} {mail.state}: {about}, {mail.batch}, part {mail.part} of {mail.parts}"
