"""Build one quality report message as RFC 5322 bytes; no server is needed to read it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import sha256
from pathlib import Path

XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def message_id(source: str, batch: str, recipient: str) -> str:
    """The same report to the same person has the same id: a server or reader can see a repeat."""
    digest = sha256(f"{source}\n{batch}\n{recipient}".encode()).hexdigest()[:24]
    return f"<{digest}@baselib.invalid>"


def build_message(
    *,
    sender: str,
    recipient: str,
    identifier: str,
    subject: str,
    text: str,
    html: str,
    attachments: Sequence[Path],
    dated: datetime,
) -> bytes:
    """One multipart message: plain text, HTML beside it, workbooks attached.

    Args:
        sender: ``Name <address>``.
        recipient: The address from the contract; never one taken from data.
        identifier: See ``message_id``.
        subject: One line; line breaks are refused by the standard library.
        text: Plain text body.
        html: HTML body.
        attachments: Workbooks, by their own file names.
        dated: With a time zone.
    """
    name, address = parseaddr(sender)
    message = EmailMessage()
    message["From"] = Address(name, addr_spec=address)
    message["To"] = recipient
    message["Subject"] = subject
    message["Message-ID"] = identifier
    message["Date"] = format_datetime(dated.astimezone(UTC))
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    for attachment in attachments:
        maintype, subtype = XLSX
        message.add_attachment(
            attachment.read_bytes(), maintype=maintype, subtype=subtype, filename=attachment.name
        )
    return message.as_bytes()
