"""``baselib verify``: prove that what is published follows from raw."""

import sys
from typing import Annotated

import typer

from pipelines.cli.options import Home, Sources
from pipelines.flows.verify import verify as verify_run
from pipelines.settings import load_settings


def verify(
    run: Annotated[
        str | None, typer.Argument(help="A run; the last publication of each library if none.")
    ] = None,
    sources: Sources = None,
    home: Home = None,
) -> None:
    """Replay from raw in a scratch home, and compare ids and core files byte for byte."""
    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    for each in verify_run(settings, run):
        if each.given:
            sys.stdout.write(
                f"{each.library}, run {each.run}: {each.entities:,} entities, taken as given: it is"
                f" where a replay begins since the last {each.given}.\n"
            )
            continue
        sys.stdout.write(
            f"{each.library}, run {each.run}: {each.entities:,} entities, {each.files} core files "
            f"identical after a replay of {each.runs_replayed} run(s) from raw.\n"
        )
