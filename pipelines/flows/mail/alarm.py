"""Alarms to the engineers: a run failed, said once for each cause, by mail or to a web hook."""

import hashlib
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

import httpx

from pipelines.errors import MailServerUnusable
from pipelines.mail.smtp import (
    MailInDoubt,
    MailRefused,
    SmtpServer,
    parse_smtp_url,
    send_message,
)
from pipelines.settings import Settings

AGAIN_AFTER = timedelta(hours=24)  # what lasts is said once a day
_PATIENCE = 10.0  # seconds for a web hook


@dataclass(frozen=True)
class Alarm:
    """What happened: ids, an error's own words (which hold no value of a record), where to look."""

    cause: str
    title: str
    text: str
    link: str


def raise_alarm(settings: Settings, alarm: Alarm) -> bool:
    """Tell the engineers, unless they heard of this cause within a day; answers whether it did.

    An alarm that reaches nobody is raised again at the next failure.
    """
    if not (settings.alarm_to or settings.alarm_webhook):
        return False
    note = _first_time(settings.home / "alarms", alarm.cause)
    if note is None:
        return False
    reached = [_mail(settings, alarm), _call_hook(settings, alarm)]
    if not any(reached):
        note.unlink(missing_ok=True)
    return any(reached)


def _first_time(folder: Path, cause: str) -> Path | None:
    """A note that this cause was told of, which only one process makes; ``None``: told before.

    A file and not a row: the database may be the cause.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    note = folder / hashlib.sha256(cause.encode()).hexdigest()[:24]
    try:
        if time.time() - note.stat().st_mtime > AGAIN_AFTER.total_seconds():
            note.unlink(missing_ok=True)
    except FileNotFoundError:
        pass
    try:
        os.close(os.open(note, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return None
    return note


def _mail(settings: Settings, alarm: Alarm) -> bool:
    if not settings.alarm_to or settings.smtp_url is None:
        return False
    server = parse_smtp_url(settings.smtp_url.get_secret_value())
    sent = [
        _send(server, settings, alarm, to.strip())
        for to in settings.alarm_to.split(",")
        if to.strip()
    ]
    return any(sent)


def _send(server: SmtpServer, settings: Settings, alarm: Alarm, to: str) -> bool:
    message = EmailMessage()
    message["From"], message["To"] = settings.mail_from, to
    message["Subject"] = f"[baselib] {alarm.title}"
    message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid("baselib")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{alarm.text}\n\n{alarm.link}\n")
    try:
        send_message(server, settings.mail_from, to, message.as_bytes())
    except (MailServerUnusable, MailRefused, MailInDoubt):
        return False
    return True


def _call_hook(settings: Settings, alarm: Alarm) -> bool:
    if settings.alarm_webhook is None:
        return False
    told = {"cause": alarm.cause, "title": alarm.title, "text": alarm.text, "link": alarm.link}
    try:
        url = settings.alarm_webhook.get_secret_value()
        return httpx.post(url, json=told, timeout=_PATIENCE, trust_env=False).is_success
    except httpx.HTTPError:
        return False
