"""``baselib identity``: how records are recognised as the same entity."""

import typer

from pipelines.cli import (
    identity_explain,
    identity_queue,
    identity_sheet,
    identity_survival,
)

app = typer.Typer(help="How records are recognised as the same entity.", no_args_is_help=True)
identity_explain.register(app)
identity_queue.register(app)
identity_sheet.register(app)
identity_survival.register(app)


@app.callback()
def identity() -> None:
    """How records are recognised as the same entity."""
