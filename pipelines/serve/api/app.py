"""The service: endpoints, limits on what comes in, and what every answer carries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import make_url
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.flows.shared.site_keys import site_keys
from pipelines.serve.api import dossier, follow, lookups, people, tokens, work_orders
from pipelines.serve.api.caller import Asking, Grants
from pipelines.serve.api.database import ServiceDatabase
from pipelines.serve.api.meter import Meter
from pipelines.serve.api.problems import Problem, add_problem_handlers
from pipelines.serve.api.verifying import Verifier
from pipelines.settings import Settings
from pipelines.warehouse import database_url

_LARGEST = 1 << 20  # bytes of a request; ten thousand ids are half of it
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=31536000"),
]


def service_url(settings: Settings) -> str:
    """The database as the service logs in: as ``serve_login``, never as its owner."""
    if settings.serve_url:
        return settings.serve_url.get_secret_value()
    owner = make_url(database_url(settings))
    plain = owner.set(username="serve_login", password=None)
    return plain.render_as_string(hide_password=False)


def create_app(settings: Settings) -> FastAPI:
    """The service of one site; its database is connected when it starts.

    Raises:
        DatabaseUnavailable: the embedded server cannot be started.
    """
    keys = site_keys(settings)
    database = ServiceDatabase(service_url(settings), keys.digests)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        database.pool.open()
        yield
        database.pool.close()

    app = FastAPI(
        title="baselib",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        description="Base libraries for consumers with a grant: docs/consumers.md.",
    )
    app.state.database, app.state.grants = database, Grants(database)
    app.state.meter, app.state.verifier = Meter(database), Verifier(database)
    app.state.token_key = keys.key("access tokens")
    app.state.audience = settings.serve_audience
    add_problem_handlers(app)
    app.add_api_route("/v1/grant", _grant, tags=["access"])
    app.add_api_route("/healthz", _healthy, include_in_schema=False)
    # Fixed paths before those with ids.
    for part in (tokens, work_orders, follow, people, dossier, lookups):
        app.include_router(part.router)
    app.add_middleware(_Bounded)
    return app


def _grant(who: Asking) -> dict[str, object]:
    """What the grant allows, as it was approved."""
    who.database.ask(who.note("grant"), lambda _: None)
    hidden = ("public_key",)
    return {name: value for name, value in who.grant.items() if name not in hidden}


def _healthy() -> dict[str, str]:
    """For whoever watches over the process; asks nothing of the database."""
    return {"state": "up"}


class _Bounded:
    """Refuse bodies that are too large, before they are read; set headers that browsers heed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        left = _LARGEST

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise Problem(413, "request-too-large", f"A request has {_LARGEST} bytes at most.")
            return message

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        if _length(scope) > _LARGEST:
            detail = f"A request has {_LARGEST} bytes at most."
            await Problem(413, "request-too-large", detail).response()(scope, receive, with_headers)
            return
        await self.app(scope, bounded, with_headers)


def _length(scope: Any) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
