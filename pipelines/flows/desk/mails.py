"""The mails and the repair loop: what waits, what failed, who has answered, who is overdue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.flows.desk.city import today
from pipelines.settings import Settings
from pipelines.warehouse import QueuedMail, connect, count_mail, read_mail
from pipelines.warehouse.quality.issues.counts import IssueCounts, count_issues
from pipelines.warehouse.quality.outbox import UNDELIVERED

SHOWN = 100


@dataclass(frozen=True)
class MailView:
    """Everything on the page. ``loop``: issues of each source by where they are, worst first."""

    counts: Mapping[str, int]
    undelivered: Sequence[QueuedMail]
    others: Sequence[QueuedMail]
    loop: Sequence[tuple[str, Source | None, IssueCounts]]
    has_server: bool


def look_at_mails(settings: Settings) -> MailView:
    """What is known of mails and answers."""
    engine = connect(settings)
    declared = usable_sources(settings)
    try:
        mails = read_mail(engine)[::-1]
        issues = count_issues(engine, today(settings))
        loop = [(name, declared.get(name), counts) for name, counts in issues.items()]
        return MailView(
            count_mail(engine),
            [one for one in mails if one.state in UNDELIVERED],
            [one for one in mails if one.state not in UNDELIVERED][:SHOWN],
            sorted(loop, key=lambda row: (-row[2].overdue, -row[2].sent, row[0])),
            settings.smtp_url is not None,
        )
    finally:
        engine.dispose()
