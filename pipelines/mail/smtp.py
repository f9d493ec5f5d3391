"""Send one message by SMTP; it ends accepted, refused, or in doubt.

SMTP has one gap that no client can close: after the line that ends the content (``.``), the server
may have taken the message although its answer is lost. Sending again could make two of it, not
sending could make none. So that moment is kept apart: ``hand_over`` is called just before it, and
what goes wrong after it is ``MailInDoubt``. What goes wrong before it left the server with half a
message, which it must throw away (RFC 5321, 4.1.1.4).
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from pipelines.errors import MailServerUnusable, SettingRefused

_BLOCK = 64 << 10  # bytes sent at a time; each may take as long as one answer
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"(?m)^\.")
_TOO_LARGE = 552


@dataclass(frozen=True)
class Timeouts:
    """Time limits of the dialogue with a server, in seconds."""

    reply: float = 60.0  # greylisting servers hold the line for up to 30 s before they answer
    end_of_message: float = 600.0  # the message is scanned meanwhile (RFC 5321, 4.5.3.2.6)
    quit: float = 5.0


TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class SmtpServer:
    """Where and how mail is handed over."""

    host: str
    port: int
    security: str  # "none" | "starttls" | "tls"
    user: str | None
    password: str | None
    timeouts: Timeouts = TIMEOUTS


class MailRefused(Exception):
    """The server refused the message; ``permanent`` says that asking again cannot help."""

    def __init__(self, problem: str, *, permanent: bool) -> None:
        super().__init__(problem)
        self.permanent = permanent


class MailInDoubt(Exception):
    """The whole message was handed over and no answer came: it may have been taken."""


def parse_smtp_url(url: str) -> SmtpServer:
    """Read ``smtp://``, ``smtp+starttls://`` or ``smtps://[user:password@]host[:port]``.

    Raises:
        SettingRefused: another scheme, or no host.
    """
    parts = urlsplit(url)
    kinds = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
    if parts.scheme not in kinds or not parts.hostname:
        raise SettingRefused(
            "BASELIB_SMTP_URL",
            "(hidden)",
            "Write smtp://host:25, smtp+starttls://user:password@host:587 or smtps://…:465.",
        )
    security, port = kinds[parts.scheme]
    return SmtpServer(
        parts.hostname,
        parts.port or port,
        security,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def send_message(
    server: SmtpServer,
    sender: str,
    recipient: str,
    message: bytes,
    hand_over: Callable[[], None] = lambda: None,
) -> None:
    """Hand ``message`` over; returns when the server has said that it has it.

    Args:
        server: Where; a connection is made for this message and closed after it.
        sender: ``Name <address>`` or an address.
        recipient: One address.
        message: RFC 5322, any line ends.
        hand_over: Called once, just before the server may take the message. If it raises, the
            server has not got the message.

    Raises:
        MailServerUnusable: no message can be sent this way: nobody answers, the certificate or the
            login is wrong, the sender is refused.
        MailRefused: this message was not taken; a 5xx answer is permanent, all else may pass.
        MailInDoubt: see there.
    """
    with _session(server) as session:
        with _refused_before_end():
            _address(session, parseaddr(sender)[1], recipient, len(message))
            _answer(session, "data", wanted=354)
            for block in _blocks(_wire_form(message)):
                session.send(block)
        hand_over()
        code, reply = _end_of_message(session, server.timeouts)
        if code != 250:
            raise MailRefused(f"{code} {_text(reply)}", permanent=code >= 500)


@contextmanager
def _session(server: SmtpServer) -> Iterator[smtplib.SMTP]:
    try:
        session = _connect(server)
    except (OSError, smtplib.SMTPException) as broken:
        raise MailServerUnusable(f"{server.host}:{server.port}", _reason_of(broken)) from None
    try:
        yield session
    finally:
        with suppress(OSError, smtplib.SMTPException):
            if session.sock is not None:
                session.sock.settimeout(server.timeouts.quit)
                session.quit()
        session.close()


def _connect(server: SmtpServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    wait = server.timeouts.reply
    if server.security == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=wait, context=context
        )
    else:
        session = smtplib.SMTP(server.host, server.port, timeout=wait)
    try:
        if server.security == "starttls":
            session.starttls(context=context)
        session.ehlo_or_helo_if_needed()
        if server.user and server.password:
            session.login(server.user, server.password)
    except BaseException:
        session.close()
        raise
    return session


def _address(session: smtplib.SMTP, sender: str, recipient: str, size: int) -> None:
    limit = session.esmtp_features.get("size", "")
    if limit.isdigit() and 0 < int(limit) < size:
        raise MailRefused(
            f"{_TOO_LARGE} {size:,} bytes; the server takes {int(limit):,}. "
            "Lower BASELIB_MAIL_SIZE_LIMIT.",
            permanent=True,
        )
    code, reply = session.mail(sender, [f"size={size}"] if limit else [])
    if code >= 500 and code != _TOO_LARGE:
        raise MailServerUnusable("the sender", f"{code} {_text(reply)}")
    if code != 250:
        raise MailRefused(f"{code} {_text(reply)}", permanent=code >= 500)
    code, reply = session.rcpt(recipient)
    if code not in (250, 251):
        raise MailRefused(f"{code} {_text(reply)}", permanent=code >= 500)


def _answer(session: smtplib.SMTP, command: str, wanted: int) -> None:
    code, reply = session.docmd(command)
    if code != wanted:
        raise MailRefused(f"{code} {_text(reply)}", permanent=code >= 500)


def _end_of_message(session: smtplib.SMTP, timeouts: Timeouts) -> tuple[int, bytes]:
    try:
        if session.sock is not None:
            session.sock.settimeout(timeouts.end_of_message)
        session.send(b".\r\n")
        return session.getreply()
    except (OSError, smtplib.SMTPException) as broken:
        raise MailInDoubt(_reason_of(broken)) from None


@contextmanager
def _refused_before_end() -> Iterator[None]:
    """What breaks before the end of a message has kept the server from taking it."""
    try:
        yield
    except (OSError, smtplib.SMTPException) as broken:
        raise MailRefused(_reason_of(broken), permanent=False) from None


def _wire_form(message: bytes) -> bytes:
    """Lines end with CR LF, and one that begins with a dot gets another (RFC 5321, 4.5.2)."""
    lines = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\n", message)).replace(b"\n", b"\r\n")
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _blocks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _BLOCK):
        yield content[start : start + _BLOCK]


def _reason_of(broken: Exception) -> str:
    if isinstance(broken, smtplib.SMTPResponseException):
        return f"{broken.smtp_code} {_text(broken.smtp_error)}"
    return f"{type(broken).__name__}: {broken}"


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
