"""Placeholders, variables and passwords in the paths and URLs of a contract.

A contract may name variables of the environment, ``${BASELIB_<NAME>}``, so that one contract serves
several sites. It is written by other people than those who run baselib: what it names is sent where
it says, so settings and secrets are none of the variables that it may name.
"""

import re
from urllib.parse import urlsplit

from pipelines.contracts.faults import Faults
from pipelines.settings import Settings

HOME = "${BASELIB_HOME}"
SECRET = re.compile(r"[A-Z][A-Z0-9_]*")
_PLACEHOLDER = re.compile(r"(?<!\$)\{([^{}]*)\}")
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_NAME = re.compile(r"BASELIB_[A-Z0-9_]+")
_PASSWORD = re.compile(r"^[^/?#]*//[^/@:]*:[^/@]*@", re.IGNORECASE)


def check_placeholders(where: str, text: str, allowed: set[str], faults: Faults) -> None:
    """Refuse placeholders that nobody fills in, and braces without their other half."""
    for name in _PLACEHOLDER.findall(text):
        faults.one_of(where, name, allowed, "a placeholder")
    rest = _PLACEHOLDER.sub("", _VARIABLE.sub("", text))
    if "{" in rest or "}" in rest:
        faults.add(where, text, "A brace is not closed or not opened.", "Write {batch} in full.")


def check_variables(where: str, text: str, faults: Faults) -> None:
    """Refuse variables that are not meant for contracts."""
    for name in _VARIABLE.findall(text):
        if not _is_for_contracts(name):
            faults.add(
                where,
                f"${{{name}}}",
                "This variable is not for contracts.",
                "Name one that begins with BASELIB_ and is neither a setting nor a secret; a "
                "password is named by the property secret.",
            )


def _is_for_contracts(name: str) -> bool:
    setting = name.removeprefix("BASELIB_").lower() in Settings.model_fields
    return bool(_NAME.fullmatch(name)) and not setting and not name.startswith("BASELIB_SECRET_")


def without_placeholders(url: str) -> str:
    """A URL as it may look when everything is filled in."""
    return _VARIABLE.sub("x", _PLACEHOLDER.sub("x", url))


def check_url(where: str, url: str, faults: Faults) -> None:
    """Refuse what is no URL: blanks, a port that is no number, brackets that do not match."""
    plain = without_placeholders(url)
    try:
        parts = urlsplit(plain)
        usable = parts.port is None or parts.port > 0
        usable = usable and all(c.isprintable() and not c.isspace() for c in plain)
    except ValueError:
        usable = False
    if not usable:
        problem = "Its host or port cannot be read, or it has blanks."
        faults.add(where, hidden(url), problem, "Write scheme://host:port/path.")


def refuse_password(where: str, url: str, faults: Faults) -> None:
    """Refuse a URL with a password in it; the fault does not show it."""
    if _PASSWORD.match(url):
        faults.add(
            where,
            hidden(url),
            "There is a password in the URL.",
            "Take it out, name it with the "
            "property secret: NAME, and set BASELIB_SECRET_NAME in the environment.",
        )


def hidden(url: str) -> str:
    """A URL without what stands before its host."""
    return re.sub(r"://.*@", "://…@", url, flags=re.DOTALL)


def check_secret(name: str | None, where: str, faults: Faults) -> str | None:
    """The name of a secret; what is no name may be the secret itself, and is not shown."""
    if name is None or SECRET.fullmatch(name):
        return name
    faults.add(
        where,
        "…",
        "This must be the name of a secret, in capitals.",
        "Write for example HEALTH_DB, and set BASELIB_SECRET_HEALTH_DB.",
    )
    return None
