"""Adds the pages of baselib to Airflow: the city, its sources, libraries, stewards and mails.

Every task imports this file, so what the page needs is imported when somebody looks at it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from plugins.tasks.timetables import NextTime

Message = MutableMapping[str, Any]


async def pages(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """The pages as an ASGI application."""
    from plugins.pages.all import app

    await app(scope, receive, send)


def _menu(name: str, path: str) -> dict[str, str]:
    """An entry of the menu. The address is relative to Airflow's own, whatever its prefix is."""
    return {
        "name": name,
        "href": f"baselib/{path}",
        "url_route": f"baselib-{path}",
        "destination": "nav",
        "category": "browse",
    }


def _beside(destination: str) -> dict[str, str]:
    """A tab on the page of a DAG or of a run of it."""
    return {
        "name": "baselib",
        "href": "baselib/dag/{DAG_ID}",
        "url_route": f"baselib-{destination}",
        "destination": destination,
    }


class BaselibPlugin(AirflowPlugin):
    """Entries in the menu, tabs on the DAGs' pages, and the application behind them."""

    name = "baselib"
    timetables: ClassVar = [NextTime]
    fastapi_apps: ClassVar = [{"name": "baselib", "app": pages, "url_prefix": "/baselib"}]
    external_views: ClassVar = [
        _menu("基础库 · City", "city"),
        _menu("人工判定 · Steward", "steward"),
        _menu("质量报告 · Mails", "mails"),
        _menu("批次 · Batches", "batches"),
        _menu("目录与评价 · Governance", "governance"),
        _beside("dag"),
        _beside("dag_run"),
    ]
