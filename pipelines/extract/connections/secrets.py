"""Passwords and tokens come from the environment, by the name that a contract gives."""

import os
import re
from collections.abc import Iterable

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery

_VARIABLE = re.compile(r"\$\{(BASELIB_[A-Z0-9_]+)\}")


def secret_of(source: Source) -> str | None:
    """The source's password or token, where its contract names one.

    Raises:
        UnreadableDelivery: the environment does not have it.
    """
    if source.server.secret is None:
        return None
    return named_secret(source, source.server.secret)


def named_secret(source: Source, name: str) -> str:
    """The secret that a source's contract calls ``name``.

    Raises:
        UnreadableDelivery: the environment does not have it.
    """
    return _variable(source, f"BASELIB_SECRET_{name}")


def attachment_passwords(sources: Iterable[Source]) -> list[str]:
    """The passwords under which attachments went out, as far as the environment has them."""
    names = {source.reporting.secret for source in sources if source.reporting.secret}
    values = (os.environ.get(f"BASELIB_SECRET_{name}") for name in sorted(names))
    return [password for password in values if password]


def expanded(source: Source, text: str) -> str:
    """``text`` with each ``${BASELIB_…}`` replaced from the environment.

    Raises:
        UnreadableDelivery: the environment does not have one of them.
    """
    return _VARIABLE.sub(lambda match: _variable(source, match[1]), text)


def _variable(source: Source, name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise UnreadableDelivery(
            source.name, source.file.name, f"The environment variable {name} is not set.",
            _remedy(name),
        )  # fmt: skip
    return value


def _remedy(variable: str) -> str:
    where = "Set it where the pipeline runs (Airflow: in the workers' environment"
    secret = variable.removeprefix("BASELIB_SECRET_")
    if secret == variable:
        return f"{where})."
    return f"{where}, or as the password of a connection baselib_secret_{secret.lower()})."
