"""Hand one message to a mail server, and say how it ended: taken, not taken, or not known.

SMTP has one gap that no client can close: after the line that ends the content (``.``), the server
may have taken the message although its answer is lost. Sending again could make two of it, not
sending could make none. So that moment is told apart from every other: ``hand_over`` is called just
before it, and what goes wrong after it is ``MailInDoubt``. What goes wrong before it left the
server with half a message, which it must throw away (RFC 5321, 4.1.1.4).
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
class Patience:
    """How long to wait for a server, in seconds."""

    answer: float = 60.0  # greylisting servers hold the line for up to 30 s before they answer
    taken: float = 600.0  # after the end of the message, while it is scanned (RFC 5321, 4.5.3.2.6)
    goodbye: float = 5.0


PATIENCE = Patience()


@dataclass(frozen=True)
class SmtpServer:
    """Where and how mail is handed over."""

    host: str
    port: int
    security: str  # "none" | "starttls" | "tls"
    user: str | None
    password: str | None
    patience: Patience = PATIENCE


class MailNotTaken(Exception):
    """The server did not take the message; ``permanent`` says that asking again cannot help."""

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
        MailNotTaken: this message was not taken; a 5xx answer is permanent, all else may pass.
        MailInDoubt: see there.
    """
    with _session(server) as session:
        with _not_taken():
            _address(session, parseaddr(sender)[1], recipient, len(message))
            _answer(session, "data", wanted=354)
            for block in _blocks(_wire_form(message)):
                session.send(block)
        hand_over()
        code, said = _end_of_message(session, server.patience)
        if code != 250:
            raise MailNotTaken(f"{code} {_text(said)}", permanent=code >= 500)


@contextmanager
def _session(server: SmtpServer) -> Iterator[smtplib.SMTP]:
    try:
        session = _connect(server)
    except (OSError, smtplib.SMTPException) as broken:
        raise MailServerUnusable(f"{server.host}:{server.port}", _said_by(broken)) from None
    try:
        yield session
    finally:
        with suppress(OSError, smtplib.SMTPException):
            if session.sock is not None:
                session.sock.settimeout(server.patience.goodbye)
                session.quit()
        session.close()


def _connect(server: SmtpServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    wait = server.patience.answer
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
        raise MailNotTaken(
            f"{_TOO_LARGE} {size:,} bytes; the server takes {int(limit):,}. "
            "Lower BASELIB_MAIL_SIZE_LIMIT.",
            permanent=True,
        )
    code, said = session.mail(sender, [f"size={size}"] if limit else [])
    if code >= 500 and code != _TOO_LARGE:
        raise MailServerUnusable("the sender", f"{code} {_text(said)}")
    if code != 250:
        raise MailNotTaken(f"{code} {_text(said)}", permanent=code >= 500)
    code, said = session.rcpt(recipient)
    if code not in (250, 251):
        raise MailNotTaken(f"{code} {_text(said)}", permanent=code >= 500)


def _answer(session: smtplib.SMTP, command: str, wanted: int) -> None:
    code, said = session.docmd(command)
    if code != wanted:
        raise MailNotTaken(f"{code} {_text(said)}", permanent=code >= 500)


def _end_of_message(session: smtplib.SMTP, patience: Patience) -> tuple[int, bytes]:
    try:
        if session.sock is not None:
            session.sock.settimeout(patience.taken)
        session.send(b".\r\n")
        return session.getreply()
    except (OSError, smtplib.SMTPException) as broken:
        raise MailInDoubt(_said_by(broken)) from None


@contextmanager
def _not_taken() -> Iterator[None]:
    """What breaks before the end of a message has kept the server from taking it."""
    try:
        yield
    except (OSError, smtplib.SMTPException) as broken:
        raise MailNotTaken(_said_by(broken), permanent=False) from None


def _wire_form(message: bytes) -> bytes:
    """Lines end with CR LF, and one that begins with a dot gets another (RFC 5321, 4.5.2)."""
    lines = _LEADING_DOT.sub(b"..", _LINE_END.sub(b"\n", message)).replace(b"\n", b"\r\n")
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _blocks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _BLOCK):
        yield content[start : start + _BLOCK]


def _said_by(broken: Exception) -> str:
    if isinstance(broken, smtplib.SMTPResponseException):
        return f"{broken.smtp_code} {_text(broken.smtp_error)}"
    return f"{type(broken).__name__}: {broken}"


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
