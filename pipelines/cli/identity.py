"""``baselib identity``: how records are recognised as the same entity."""

import typer

app = typer.Typer(help="How records are recognised as the same entity.", no_args_is_help=True)


@app.callback()
def identity() -> None:
    """How records are recognised as the same entity."""
