"""Against a real SMTP server: what is taken, what may be tried again, what never will be."""

import random
import socket
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import MailServerUnusable, SettingRefused
from pipelines.mail.smtp import (
    MailInDoubt,
    MailRefused,
    SmtpServer,
    Timeouts,
    _wire_form,
    parse_smtp_url,
    send_message,
)

sys.path.insert(0, str(Path(__file__).parent))
from post_office import HOST, Mailbox, certificate, free_port, serving

SENDER, RECIPIENT = "共享办 <baselib@example.gov.cn>", "owner@example.gov.cn"
MESSAGE = b"Subject: report\r\n\r\nbody\r\n"
QUICK = Timeouts(reply=1.0, end_of_message=1.0, quit=0.2)


def send(port, message=MESSAGE, hand_over=lambda: None, **server):
    fields = {"host": HOST, "security": "none", "user": None, "password": None, "timeouts": QUICK}
    where = SmtpServer(port=port, **(fields | server))
    send_message(where, SENDER, RECIPIENT, message, hand_over)


def test_a_message_is_taken_once_and_as_it_was():
    mailbox, moments = Mailbox(), []
    message = b"Subject: x\n\n.\n..two\nline\r\nlast"
    with serving(mailbox) as port:
        send(port, message, lambda: moments.append(len(mailbox.taken)))
    assert mailbox.taken == [b"Subject: x\r\n\r\n.\r\n..two\r\nline\r\nlast\r\n"]
    assert moments == [0]  # told before the server could take it


@settings(deadline=None)
@given(st.binary(max_size=200).map(lambda raw: raw.replace(b"\0", b"")))
def test_no_content_ends_a_message_early(content):
    wire = _wire_form(content)
    assert wire.endswith(b"\r\n")
    assert b"\r\n.\r\n" not in b"\r\n" + wire
    lines = wire.removesuffix(b"\r\n").split(b"\r\n")
    back = b"\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    assert back == content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n")


@pytest.mark.parametrize(
    ("answer", "permanent"), [("451 greylisted", False), ("550 no such user", True)]
)
def test_a_refusal_says_whether_asking_again_can_help(answer, permanent):
    with serving(Mailbox(rcpt=answer)) as port, pytest.raises(MailRefused, match=answer) as caught:
        send(port)
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(
    ("answer", "permanent"), [("452 disk full", False), ("554 looks like spam", True)]
)
def test_a_refusal_after_the_content_is_an_answer_and_no_doubt(answer, permanent):
    mailbox = Mailbox(end=answer)
    with serving(mailbox) as port, pytest.raises(MailRefused, match=answer) as caught:
        send(port)
    assert caught.value.permanent is permanent
    assert mailbox.taken == []


@pytest.mark.parametrize("answer", ["500 what is that", "550 not from you"])
def test_a_sender_that_is_refused_is_the_servers_matter(answer):
    with serving(Mailbox(mail=answer)) as port, pytest.raises(MailServerUnusable, match=answer):
        send(port)


@pytest.mark.parametrize(
    ("answer", "permanent"), [("452 disk full", False), ("552 too large", True)]
)
def test_a_size_that_is_refused_with_the_sender_is_the_messages_matter(answer, permanent):
    with serving(Mailbox(mail=answer)) as port, pytest.raises(MailRefused, match=answer) as caught:
        send(port)
    assert caught.value.permanent is permanent


def test_a_recipient_whose_mail_is_forwarded_is_a_recipient():
    mailbox = Mailbox(rcpt="251 will forward")
    with serving(mailbox) as port:
        send(port)
    assert mailbox.taken == [MESSAGE]


@pytest.mark.parametrize("trouble", ["hang_at", "drop_at"])
def test_trouble_before_the_end_of_a_message_leaves_no_doubt(trouble):
    handed = []
    mailbox = Mailbox(**{trouble: "RCPT"})
    with serving(mailbox) as port, pytest.raises(MailRefused) as caught:
        send(port, hand_over=lambda: handed.append(1))
    assert not caught.value.permanent
    assert handed == []


@pytest.mark.parametrize("trouble", ["hang_at", "drop_at"])
def test_no_answer_after_the_end_of_a_message_is_a_doubt(trouble):
    mailbox, handed = Mailbox(**{trouble: "end"}), []
    with serving(mailbox) as port, pytest.raises(MailInDoubt):
        send(port, hand_over=lambda: handed.append(1))
    assert handed == [1]
    assert len(mailbox.taken) == 1  # it had arrived: to send it again would have made two


def test_a_server_that_scans_a_message_is_waited_for_longer_than_for_a_reply():
    mailbox, timeouts = Mailbox(scans_for=1.0), Timeouts(reply=0.5, end_of_message=30, quit=0.2)
    with serving(mailbox) as port:
        send(port, timeouts=timeouts)
    assert mailbox.taken == [MESSAGE]


def test_a_sender_that_dies_at_the_last_moment_has_sent_nothing():
    mailbox = Mailbox()

    def die():
        raise KeyboardInterrupt

    with serving(mailbox) as port, pytest.raises(KeyboardInterrupt):
        send(port, hand_over=die)
    assert mailbox.taken == []


def test_a_server_that_breaks_off_in_the_content_has_not_taken_it():
    """It answers everything up to the content, reads a little of it, and is gone."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 here\r\n")
            for answer in (b"250 here\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                connection.recv(4096)
                connection.sendall(answer)
            connection.recv(100)

    thread = threading.Thread(target=serve)
    thread.start()
    handed = []
    with pytest.raises(MailRefused) as caught:
        send(
            listener.getsockname()[1],
            MESSAGE + b"x" * 20_000_000,
            hand_over=lambda: handed.append(1),
        )
    thread.join()
    listener.close()
    assert not caught.value.permanent
    assert handed == []


def test_a_big_message_arrives_whole():
    content = random.Random(1).randbytes(12_000_000).hex().encode()
    lines = b"\r\n".join(content[i : i + 900] for i in range(0, len(content), 900))
    mailbox = Mailbox()
    with serving(mailbox, data_size_limit=40_000_000) as port:
        send(port, MESSAGE + lines + b"\r\n", timeouts=Timeouts(10, 30, 1))
    assert mailbox.taken == [MESSAGE + lines + b"\r\n"]


def test_a_message_larger_than_the_server_takes_is_not_even_begun():
    mailbox = Mailbox()
    with serving(mailbox, data_size_limit=1000) as port, pytest.raises(MailRefused) as caught:
        send(port, MESSAGE + b"x" * 2000)
    assert caught.value.permanent
    assert "BASELIB_MAIL_SIZE_LIMIT" in str(caught.value)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_login_over_tls(security, tmp_path, monkeypatch):
    context, trusted = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    mailbox = Mailbox()
    login = {"user": "baselib", "password": "p@ss"}
    options = {security: context, "login": tuple(login.values())}
    if security == "tls":
        options |= {"login": None}  # aiosmtpd offers no login inside implicit TLS
    with serving(mailbox, **options) as port:
        send(port, security=security, **(login if security == "starttls" else {}))
    assert mailbox.taken == [MESSAGE]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_nobody_vouches_for_is_refused(security, tmp_path):
    context, _ = certificate(tmp_path)
    mailbox = Mailbox()
    with (
        serving(mailbox, **{security: context}) as port,
        pytest.raises(MailServerUnusable, match="CERTIFICATE"),
    ):
        send(port, security=security)
    assert mailbox.taken == []


# What the library warns of is what is tested: a password is wrong on any connection.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_the_wrong_password_is_the_servers_matter_and_no_messages_fault():
    mailbox = Mailbox()
    with serving(mailbox, login=("baselib", "p@ss")) as port:
        right = parse_smtp_url(f"smtp://baselib:p%40ss@{HOST}:{port}")
        send_message(right, SENDER, RECIPIENT, MESSAGE)
        wrong = parse_smtp_url(f"smtp://baselib:guess@{HOST}:{port}")
        with pytest.raises(MailServerUnusable) as caught:
            send_message(wrong, SENDER, RECIPIENT, MESSAGE)
    assert "guess" not in str(caught.value)
    assert len(mailbox.taken) == 1


def test_nobody_listening_is_the_servers_matter():
    with pytest.raises(MailServerUnusable):
        send(free_port())


def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(MailServerUnusable):
        send(mute.getsockname()[1], timeouts=Timeouts(0.3, 0.3, 0.1))


@pytest.mark.parametrize(
    "url", ["http://secret.example.cn", "smtp://:secret@", "secret.example.cn"]
)
def test_another_url_is_refused_without_showing_it(url):
    with pytest.raises(SettingRefused, match="BASELIB_SMTP_URL") as caught:
        parse_smtp_url(url)
    assert "secret" not in str(caught.value)
