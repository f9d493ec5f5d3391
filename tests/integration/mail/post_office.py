"""A real SMTP server on this machine whose behaviour a test decides."""

import asyncio
import socket
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "localhost"


class Mailbox:
    """Takes messages; answers each step as told. ``hang_at``: "RCPT", "DATA" or "end"."""

    def __init__(
        self,
        rcpt="250 OK",
        end="250 taken",
        hang_at=None,
        drop_at=None,
        refuses=(),
        mail="250 OK",
        scans_for=0.0,
    ):
        self.taken = []
        self.recipients = []
        self.mail = mail
        self.scans_for = scans_for  # seconds between the end of a message and the answer
        self.rcpt, self.end, self.hang_at, self.drop_at = rcpt, end, hang_at, drop_at
        self.refuses = refuses
        self.greylisted = set()
        self.greylist = False

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if self.mail.startswith("250"):
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        await self._stop("RCPT", server)
        if address in self.refuses:
            return "550 no such user"
        if self.greylist and address not in self.greylisted:
            self.greylisted.add(address)
            return "451 4.7.1 greylisted, come again"
        if self.rcpt.startswith("25"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.end.startswith("250"):  # whoever takes it has it, even if the answer is lost
            self.taken.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        await asyncio.sleep(self.scans_for)
        await self._stop("end", server)
        return self.end

    async def _stop(self, step, server):
        if self.hang_at == step:
            await asyncio.sleep(3600)
        if self.drop_at == step:
            server.transport.abort()
            await asyncio.sleep(3600)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(mailbox, *, tls=None, starttls=None, login=None, **options):
    """The port of a running server; ``tls``, ``starttls``: contexts; ``login``: user, word."""
    if login is not None:
        options |= {
            "authenticator": lambda *_: AuthResult(
                success=(_[4].login, _[4].password) == tuple(w.encode() for w in login),
                handled=False,
            ),
            "auth_required": True,
            "auth_require_tls": starttls is not None,
        }
    if starttls is not None:
        options |= {"tls_context": starttls, "require_starttls": True}
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), ssl_context=tls, **options
    )
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def certificate(folder, host=HOST):
    """A self-signed certificate of ``host``: the server's context, and the file to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = folder / "cert.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted
