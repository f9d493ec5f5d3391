"""Against a real SMTP server: what is taken, what may be tried again, what never will be."""

import socket
from contextlib import contextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from pipelines.errors import SettingRefused
from pipelines.mail.smtp import MailNotTaken, parse_smtp_url, send_message

SENDER, RECIPIENT = "baselib@example.gov.cn", "owner@example.gov.cn"
MESSAGE = b"Subject: report\r\n\r\nbody\r\n"


class Mailbox:
    def __init__(self, recipient_answer="250 OK"):
        self.taken = []
        self.recipient_answer = recipient_answer

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append(envelope.content)
        return "250 taken"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(mailbox, **options):
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def test_a_message_is_taken_once():
    mailbox = Mailbox()
    with serving(mailbox) as port:
        server = parse_smtp_url(f"smtp://127.0.0.1:{port}")
        send_message(server, SENDER, RECIPIENT, MESSAGE)
    assert len(mailbox.taken) == 1


@pytest.mark.parametrize(
    ("answer", "permanent"), [("451 greylisted", False), ("550 no such user", True)]
)
def test_a_refusal_says_whether_asking_again_can_help(answer, permanent):
    with serving(Mailbox(answer)) as port, pytest.raises(MailNotTaken, match=answer[4:]) as caught:
        send_message(parse_smtp_url(f"smtp://127.0.0.1:{port}"), SENDER, RECIPIENT, MESSAGE)
    assert caught.value.permanent is permanent


def test_login_with_the_wrong_password_is_permanent():
    def authenticate(server, session, envelope, mechanism, data):
        right = data.login == b"baselib" and data.password == b"p@ss"
        return AuthResult(success=right, handled=False)

    options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
    mailbox = Mailbox()
    with serving(mailbox, **options) as port:
        right = parse_smtp_url(f"smtp://baselib:p%40ss@127.0.0.1:{port}")
        send_message(right, SENDER, RECIPIENT, MESSAGE)
        wrong = parse_smtp_url(f"smtp://baselib:guess@127.0.0.1:{port}")
        with pytest.raises(MailNotTaken) as caught:
            send_message(wrong, SENDER, RECIPIENT, MESSAGE)
    assert caught.value.permanent
    assert len(mailbox.taken) == 1


def test_nobody_listening_may_pass():
    server = parse_smtp_url(f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(MailNotTaken) as caught:
        send_message(server, SENDER, RECIPIENT, MESSAGE)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "url", ["http://secret.example.cn", "smtp://:secret@", "secret.example.cn"]
)
def test_another_url_is_refused_without_showing_it(url):
    with pytest.raises(SettingRefused, match="BASELIB_SMTP_URL") as caught:
        parse_smtp_url(url)
    assert "secret" not in str(caught.value)
