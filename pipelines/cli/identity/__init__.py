"""``baselib identity``: how records are recognised as the same entity."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.identity import explain, id_changes, queue, sheet
from pipelines.cli.options import LIBRARY_HELP, Home
from pipelines.settings import load_settings

app = typer.Typer(help="How records are recognised as the same entity.", no_args_is_help=True)
explain.register(app)
queue.register(app)
sheet.register(app)
id_changes.register(app)


@app.callback()
def identity() -> None:
    """How records are recognised as the same entity."""


@app.command()
def train(
    library: Annotated[str, typer.Argument(help=LIBRARY_HELP)],
    out: Annotated[Path | None, typer.Option("--out", help="File to write the model to.")] = None,
    home: Home = None,
) -> None:
    """Train the model of the matching score, as a proposal to review; no run does it by itself."""
    from pipelines.flows.library.train import train as train_model

    target = train_model(load_settings(home=home), library, out)
    sys.stdout.write(
        f"Wrote {target}. It takes effect when it has been reviewed and replaces "
        f"pipelines/identity/scores/models/{target.name}; see docs/identity.md.\n"
    )
