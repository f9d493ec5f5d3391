"""Adds the page "Batches" to Airflow: what came in, what was built, what waits to be sent.

Every task imports this file, so what the page needs is imported when somebody looks at it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]


async def pages(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """The pages as an ASGI application."""
    from plugins.pages.batches import app

    await app(scope, receive, send)


class BaselibPlugin(AirflowPlugin):
    """One entry in the menu, and the application behind it."""

    name = "baselib"
    fastapi_apps: ClassVar = [{"name": "baselib", "app": pages, "url_prefix": "/baselib"}]
    external_views: ClassVar = [
        {
            "name": "Batches",
            "href": "/baselib/batches",
            "url_route": "batches",
            "destination": "nav",
            "category": "browse",
        }
    ]
