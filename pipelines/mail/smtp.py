"""Hand one message to a mail server, and say whether a failure may pass."""

import smtplib
import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pipelines.errors import SettingRefused

TIMEOUT_SECONDS = 60  # greylisting servers hold the line for up to 30 s before they answer


@dataclass(frozen=True)
class SmtpServer:
    """Where and how mail is handed over."""

    host: str
    port: int
    security: str  # "none" | "starttls" | "tls"
    user: str | None
    password: str | None


class MailNotTaken(Exception):
    """The server did not take the message; ``permanent`` says that asking again cannot help."""

    def __init__(self, problem: str, *, permanent: bool) -> None:
        super().__init__(problem)
        self.permanent = permanent


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


def send_message(server: SmtpServer, sender: str, recipient: str, message: bytes) -> None:
    """Hand ``message`` over.

    Raises:
        MailNotTaken: what the server said; a 5xx answer is permanent, all else may pass.
    """
    try:
        with _connect(server) as session:
            if server.user and server.password:
                session.login(server.user, server.password)
            session.sendmail(sender, [recipient], message)
    except smtplib.SMTPRecipientsRefused as refused:
        code, said = refused.recipients[recipient]
        raise MailNotTaken(f"{code} {_text(said)}", permanent=code >= 500) from None
    except smtplib.SMTPResponseException as refused:
        problem = f"{refused.smtp_code} {_text(refused.smtp_error)}"
        raise MailNotTaken(problem, permanent=refused.smtp_code >= 500) from None
    except (OSError, smtplib.SMTPException) as broken:
        raise MailNotTaken(f"{type(broken).__name__}: {broken}", permanent=False) from None


def _connect(server: SmtpServer) -> smtplib.SMTP:
    if server.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    session = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    if server.security == "starttls":
        try:
            session.starttls(context=ssl.create_default_context())
        except Exception:
            session.close()
            raise
    return session


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
