"""``baselib backup`` and ``baselib restore``: database, lake and identity key together."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Home, Sources
from pipelines.settings import load_settings


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder; it will hold personal data.")],
    home: Home = None,
) -> None:
    """Write a verified backup of everything: database, lake, files, identity key."""
    from pipelines.flows.backup import back_up

    made = back_up(load_settings(home=home), folder)
    sys.stdout.write(
        f"{made.folder}: {made.files:,} files, {made.size / 1e6:,.1f} MB, {made.tables} tables of "
        "the lake, verified. It holds personal data and the identity key: keep it as such.\n"
    )


def restore(
    folder: Annotated[Path, typer.Argument(help="What `baselib backup` wrote.")],
    erasures: Annotated[
        Path | None,
        typer.Option(help="`audit/erasures.jsonl` as kept elsewhere: whom to erase again."),
    ] = None,
    home: Home = None,
    sources: Sources = None,
) -> None:
    """Restore a backup into a new home, and check that nothing is missing."""
    from pipelines.flows.backup import restore as restore_backup
    from pipelines.flows.erasure.again import erase_again

    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    done = restore_backup(folder, settings)
    again = erase_again(settings, erasures) if erasures else []
    sys.stdout.write(
        f"{done.folder}: {done.files:,} files and {done.tables} tables of the lake are back, all "
        "of them checked. Go on with `baselib status`.\n"
        + "".join(f"{one.entity_id} of {one.library}: erased again.\n" for one in again)
    )
