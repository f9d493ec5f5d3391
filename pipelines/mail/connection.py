"""An SMTP connection as Airflow keeps it, as the URL that mail is sent by.

Airflow's own extras say how it is protected (``disable_ssl``, ``disable_tls``). In clear only where
both are set: whoever fills in host and login gets encryption (RFC 8314, 3.3).
"""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from pipelines.errors import SettingRefused

_NAME = "the Airflow connection baselib_smtp"
_SCHEMES = ("smtp", "smtps", "smtp+starttls")
_IMPLICIT_TLS = 465  # the port on which a server expects TLS from the first byte
_YES, _NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", "", "none"}


class Connection(Protocol):
    """What is read of an Airflow connection."""

    conn_type: str | None
    host: str | None
    port: int | None
    login: str | None
    password: str | None

    @property
    def extra_dejson(self) -> dict[str, object]:
        """Its extra fields."""


def smtp_settings(one: Connection) -> dict[str, object]:
    """The settings that a connection stands for: server, and sender where it names one."""
    extras = one.extra_dejson
    url = smtp_url_of(one.conn_type, one.host, one.port, one.login, one.password, extras)
    return {"smtp_url": url, "mail_from": extras.get("from_email") or None}


def smtp_url_of(
    kind: str | None,
    host: str | None,
    port: int | None,
    login: str | None,
    password: str | None,
    extras: Mapping[str, object],
) -> str:
    """The connection as a URL of ``pipelines.mail.smtp``, with its login.

    Args:
        kind: Airflow's connection type: ``smtp``, or a scheme that says the protection itself.
        host: The server.
        port: ``None`` for the usual one of the protection.
        login: ``None`` for a server that asks for none.
        password: Of the login.
        extras: Airflow's extra fields; those that are not about sending are left alone.

    Raises:
        SettingRefused: no host, another type, or an extra that would not be honoured.
    """
    scheme = (kind or "").lower().replace("_", "-")
    if scheme not in _SCHEMES:
        raise SettingRefused(_NAME, f"type {kind}", "Choose the type SMTP.")
    if not host:
        raise SettingRefused(_NAME, "no host", "Fill in the host of the mail server.")
    _refuse_unsupported(extras)
    if scheme == "smtp":
        scheme = _protection(port, extras)
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    user = f"{quote(login, safe='')}:{quote(password or '', safe='')}@" if login else ""
    return f"{scheme}://{user}{name}{f':{port}' if port else ''}"


def _protection(port: int | None, extras: Mapping[str, object]) -> str:
    without_tls, without_starttls = _flag(extras, "disable_ssl"), _flag(extras, "disable_tls")
    if without_tls and without_starttls:
        return "smtp"
    if without_starttls or (port == _IMPLICIT_TLS and not without_tls):
        return "smtps"
    return "smtp+starttls"


def _flag(extras: Mapping[str, object], name: str) -> bool:
    said = str(extras.get(name, False)).strip().lower()
    if said not in _YES | _NO:
        raise SettingRefused(_NAME, f"{name}: {said}", "Write true or false.")
    return said in _YES


def _refuse_unsupported(extras: Mapping[str, object]) -> None:
    if str(extras.get("auth_type", "basic")).lower() not in ("basic", "none", ""):
        raise SettingRefused(_NAME, "auth_type", "Use a login with a password.")
    if str(extras.get("ssl_context", "default")).lower() == "none":
        remedy = "Certificates are always checked: have the server's authority trusted."
        raise SettingRefused(_NAME, "ssl_context: none", remedy)
