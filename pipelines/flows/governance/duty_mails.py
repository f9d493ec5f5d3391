"""Mails about late duties, through the outbox: each department once a week while any is late."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Engine

from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.governance.duty_ledger import derive_ledger, late_duties
from pipelines.flows.governance.reviews import notice_changes
from pipelines.flows.shared.session import moment
from pipelines.flows.source.report.write import write_message
from pipelines.governance.duties import DueDuty
from pipelines.governance.late_mail import render_late_duties
from pipelines.governance.resources.declared import CATALOGUE_NAME, Department, read_declaration
from pipelines.mail.message import build_message, message_id
from pipelines.report.owner.render import Rendered
from pipelines.runtime.private_home import make_private
from pipelines.settings import Settings
from pipelines.warehouse import NewMail, connect, has_mail, queue_mail
from pipelines.warehouse.quality.outbox import DUTY


@dataclass(frozen=True)
class DutyMails:
    """Changes of the catalogue that were noticed, late duties, mails, and who has no address."""

    noticed: int
    late: int
    messages: int
    unknown: list[str]


def remind_duties(settings: Settings) -> DutyMails:
    """Note what changed in the catalogue and mail what is late; nothing without a catalogue.

    Raises:
        DeclarationRefused: a declaration of the site cannot work.
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    if not (settings.governance / CATALOGUE_NAME).exists():
        return DutyMails(0, 0, 0, [])
    noticed = notice_changes(settings) if read_declaration(settings.governance).review else ()
    return replace(mail_late_duties(settings), noticed=len(noticed))


def mail_late_duties(settings: Settings) -> DutyMails:
    """Write to the share office of each department with late duties; a repeat adds none.

    Raises:
        DeclarationRefused: requests, reviews, yearly tasks or limits cannot work.
        DatabaseUnavailable: the warehouse cannot be reached.
    """
    make_private(settings.home)
    late = late_duties(derive_ledger(settings).duties)
    by_department: dict[str, list[DueDuty]] = defaultdict(list)
    for each in late:
        by_department[each.duty.texts["department"]].append(each)
    declared = read_declaration(settings.governance).departments
    names = {each.title: name for name, each in declared.items() if each.email}
    engine = connect(settings)
    try:
        messages = sum(
            _write(settings, engine, names[title], declared[names[title]], duties)
            for title, duties in by_department.items()
            if title in names
        )
    finally:
        engine.dispose()
    return DutyMails(0, len(late), messages, [t for t in by_department if t not in names])


def _write(
    settings: Settings, engine: Engine, name: str, department: Department, duties: list[DueDuty]
) -> int:
    today = today_of(settings)
    week = (today - timedelta(days=today.weekday())).strftime("%Y%m%d")
    about = {"period": DUTY, "source": name, "batch": week}
    if has_mail(engine, **about, recipient=department.email):
        return 0
    mail = render_late_duties(department.title, duties, today.isoformat(), settings.report_contact)
    return _queue(settings, engine, about, department.email, mail)


def _queue(
    settings: Settings, engine: Engine, about: dict[str, str], recipient: str, mail: Rendered
) -> int:
    identifier = message_id(about["period"], about["source"], about["batch"], recipient)
    content = build_message(
        sender=settings.mail_from,
        recipient=recipient,
        identifier=identifier,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        dated=moment(settings),
    )
    path = write_message(settings, about["source"], about["batch"], identifier, content)
    part = NewMail(**about, recipient=recipient, part=1, parts=1, message_id=identifier,
                   subject=mail.subject, path=path)  # fmt: skip
    return int(queue_mail(engine, [part], [], moment(settings)))
