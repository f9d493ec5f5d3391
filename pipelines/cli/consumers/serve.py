"""``baselib serve``: the service over HTTP."""

import subprocess
import sys
from typing import Annotated

import typer

from pipelines.cli.options import Home
from pipelines.runtime.child_environment import drop_secrets, without_secrets
from pipelines.settings import Settings, load_settings

_SEALS = 60  # seconds between seals


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; TLS is the proxy's.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8090,
    home: Home = None,
) -> None:
    """Answer consumers that have a grant (docs/consumers.md), and seal the log every minute."""
    import uvicorn

    from pipelines.serve.api.app import create_app
    from pipelines.serve.audit.seal import seal_log

    drop_secrets()
    settings = load_settings(home=home)
    seal_log(settings)
    app = create_app(settings)
    # A process of its own: the service itself cannot read what it has noted.
    sealer = subprocess.Popen(  # noqa: S603 - our own command
        _sealer(settings), env=without_secrets(), stdin=subprocess.DEVNULL
    )
    try:
        uvicorn.run(app, host=host, port=port, access_log=False, log_level="warning")
    finally:
        sealer.terminate()
        sealer.wait()


def _sealer(settings: Settings) -> list[str]:
    verb = ["audit", "seal", "--every", str(_SEALS), "--home", str(settings.home)]
    return [sys.executable, "-m", "pipelines", *verb]
