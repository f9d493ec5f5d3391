"""Reminders: an owner is told once that the delivery which was due has not come."""

from datetime import date

from sqlalchemy import Engine

from pipelines.batch import CHINA, batch_date, batch_key
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.errors import BaselibError, DeliveryUnfinished
from pipelines.extract import require_whole_delivery
from pipelines.flows.shared.results import ReminderResult
from pipelines.flows.shared.session import moment
from pipelines.flows.source.attention import sources_to_look_at
from pipelines.flows.source.report.notice import send_notice
from pipelines.report.owner.notice import Overdue, render_reminder
from pipelines.runtime.private_home import make_private
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_timings
from pipelines.warehouse.quality.outbox import REMINDER, has_failure_notice


def remind(settings: Settings) -> ReminderResult:
    """Write to the owners of sources that are late, once for each delivery; a repeat adds none.

    Whoever was told that his delivery could not be taken since it was due needs no reminder.
    """
    make_private(settings.home)
    today = moment(settings).astimezone(CHINA).date()
    sources = usable_sources(settings)
    engine = connect(settings)
    try:
        late = [e for e in sources_to_look_at(settings, engine) if e.state == "late"]
        messages = sum(
            _remind(settings, engine, sources[each.source], each.batch, today) for each in late
        )
    finally:
        engine.dispose()
    return ReminderResult(str(today), len(late), messages)


def _remind(settings: Settings, engine: Engine, source: Source, batch: str, today: date) -> int:
    last = batch_date(batch)
    due = last + source.frequency
    if has_failure_notice(engine, source.name, since=batch):
        return 0
    overdue = Overdue(last, due, today)
    waiting = _what_waits(engine, source, batch)
    mail = render_reminder(overdue, source, settings.report_contact, waiting)
    return send_notice(settings, engine, source, REMINDER, due.strftime("%Y%m%d"), mail)


def _what_waits(engine: Engine, source: Source, batch: str) -> DeliveryUnfinished | None:
    """A delivery of a later batch that was tried, lies there, and is not whole."""
    tried = {each.run for each in read_timings(engine) if each.subject == source.name}
    newest = max(tried, key=batch_key, default=batch)
    if source.server.kind != "file" or batch_key(newest) <= batch_key(batch):
        return None
    try:
        require_whole_delivery(source, newest)
    except DeliveryUnfinished as unfinished:
        return unfinished
    except BaselibError:
        return None
    return None
