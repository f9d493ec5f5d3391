"""Options that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

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
