"""Options that several commands share, declared once."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.batch import batch_of
from pipelines.settings import Settings

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder for everything a run makes (BASELIB_HOME)."),
]
Sources = Annotated[
    list[Path] | None,
    typer.Option("--sources", help="Folder with source contracts; may be repeated."),
]
Batch = Annotated[
    str | None,
    typer.Option("--batch", help="Batch id, YYYYMMDD[-suffix]; today if not given."),
]
LIBRARY_HELP = "A library by its name; `baselib libraries list` shows them."


def batch_of_today(settings: Settings) -> str:
    """Today's batch id, by the clock of the city unless the settings say which day it is."""
    return settings.today.strftime("%Y%m%d") if settings.today else batch_of(datetime.now(UTC))
