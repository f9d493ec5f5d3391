"""An SMTP connection of Airflow sends in clear only where that was said."""

from types import SimpleNamespace

import pytest

from pipelines.errors import SettingRefused
from pipelines.mail.connection import smtp_settings, smtp_url_of
from pipelines.mail.smtp import parse_smtp_url


def security(port=587, kind="smtp", login="reports", **extras):
    server = parse_smtp_url(smtp_url_of(kind, "mail.example", port, login, "pw", extras))
    return server.security


def test_a_login_on_the_submission_port_is_encrypted():
    assert security(587) == "starttls"


@pytest.mark.parametrize(
    ("port", "extras", "expected"),
    [
        (25, {}, "starttls"),
        (465, {}, "tls"),
        (2525, {}, "starttls"),
        (None, {}, "starttls"),
        (587, {"disable_ssl": False, "disable_tls": False}, "starttls"),  # the form's defaults
        (465, {"disable_ssl": True}, "starttls"),
        (587, {"disable_tls": True}, "tls"),
        (25, {"disable_tls": True, "disable_ssl": True}, "none"),
        (25, {"disable_tls": "true", "disable_ssl": "True"}, "none"),
        (25, {"disable_tls": "false", "disable_ssl": "true"}, "starttls"),
        (25, {"auth_type": "Basic", "ssl_context": "Default"}, "starttls"),  # as people write it
    ],
)
def test_ports_and_extras_choose_the_protection(port, extras, expected):
    assert security(port, **extras) == expected
    assert security(port, login=None, **extras) == expected


@pytest.mark.parametrize(
    ("kind", "expected"), [("smtps", "tls"), ("smtp+starttls", "starttls"), ("SMTP", "starttls")]
)
def test_a_type_that_says_the_protection_itself_is_taken(kind, expected):
    assert security(kind=kind) == expected


def test_a_password_of_any_characters_arrives_as_it_is():
    url = smtp_url_of("smtp", "::1", 587, "a@b/c", "p:@/?#%s", {})
    server = parse_smtp_url(url)
    assert (server.host, server.port, server.user, server.password) == (
        *("::1", 587),
        *("a@b/c", "p:@/?#%s"),
    )


@pytest.mark.parametrize(
    ("kind", "host", "extras"),
    [
        ("http", "mail.example", {}),
        (None, "mail.example", {}),
        ("smtp", None, {}),
        ("smtp", "mail.example", {"auth_type": "oauth2"}),
        ("smtp", "mail.example", {"ssl_context": "none"}),
        ("smtp", "mail.example", {"disable_tls": "perhaps"}),
    ],
)
def test_what_cannot_be_honoured_is_refused_without_the_password(kind, host, extras):
    with pytest.raises(SettingRefused) as refused:
        smtp_url_of(kind, host, 587, "reports", "a-secret", extras)
    assert "a-secret" not in str(refused.value)


@pytest.mark.parametrize(("given", "sender"), [({"from_email": "a@b"}, "a@b"), ({}, None)])
def test_the_sender_of_a_connection_is_that_of_the_mails(given, sender):
    one = SimpleNamespace(
        conn_type="smtp", host="h", port=587, login="u", password="p", extra_dejson=given
    )
    assert smtp_settings(one) == {"smtp_url": "smtp+starttls://u:p@h:587", "mail_from": sender}
