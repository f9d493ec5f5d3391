"""``baselib rollback``: what was published earlier is published again."""

import sys
from typing import Annotated

import typer

from pipelines.cli.identity.id_changes import not_blank
from pipelines.cli.options import LIBRARY_HELP, Home, Sources
from pipelines.settings import load_settings


def rollback(
    library: Annotated[str, typer.Argument(help=LIBRARY_HELP)],
    to: Annotated[str, typer.Option(help="The run whose publication is restored.")],
    by: Annotated[str, typer.Option(help="Who answers for it.", callback=not_blank)],
    reason: Annotated[str, typer.Option(help="Why; it is kept for ever.", callback=not_blank)],
    sources: Sources = None,
    home: Home = None,
) -> None:
    """Publish again what an earlier run published; the next publication then asks a person."""
    from pipelines.flows.library.roll_back import roll_back

    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    done = roll_back(settings, library, to, by=by, reason=reason)
    changes = ", ".join(f"{op} {count:,}" for op, count in done.changed.items()) or "no entity"
    sys.stdout.write(
        f"{done.library}: published again as in run {done.restored_run}, {done.entities:,} "
        f"entities; {changes}. It is publication {done.run}. The next run is published only after "
        "an approval.\n"
    )
