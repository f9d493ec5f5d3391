"""Airflow connections as settings of baselib, and as passwords of sources."""

import os
from collections.abc import Iterable
from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from pipelines.contracts.source import Source
from pipelines.mail.connection import smtp_settings


def mail_server() -> dict[str, Any]:
    """The settings that the Airflow connection ``baselib_smtp`` gives, if a site declared one."""
    try:
        return smtp_settings(Connection.get("baselib_smtp"))
    except AirflowNotFoundException:
        return {}


def provide_secrets(sources: Iterable[Source]) -> None:
    """Give this task the secrets that contracts name, as ``BASELIB_SECRET_<NAME>``.

    A secret that its environment lacks is the password of the Airflow connection
    ``baselib_secret_<name>``, where a site declared one. A task is a process of its own.
    """
    for name in {name for source in sources for name in _secrets_of(source)}:
        variable = f"BASELIB_SECRET_{name}"
        if not os.environ.get(variable) and (password := _password(name)):
            os.environ[variable] = password


def _secrets_of(source: Source) -> set[str]:
    return {name for name in (source.server.secret, source.reporting.secret) if name}


def _password(name: str) -> str | None:
    try:
        return Connection.get(f"baselib_secret_{name.lower()}").password
    except AirflowNotFoundException:
        return None
