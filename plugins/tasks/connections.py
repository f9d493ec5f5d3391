"""Airflow connections as settings of baselib."""

from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from pipelines.mail.connection import smtp_settings


def mail_server() -> dict[str, Any]:
    """The settings that the Airflow connection ``baselib_smtp`` gives, if a site declared one."""
    try:
        return smtp_settings(Connection.get("baselib_smtp"))
    except AirflowNotFoundException:
        return {}
