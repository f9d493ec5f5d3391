"""``baselib export``: published tables as files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LIBRARY_HELP, Home
from pipelines.flows.library.export import export_core, export_crosswalk
from pipelines.settings import load_settings

app = typer.Typer(help="Write published tables to files.", no_args_is_help=True)

LibraryName = Annotated[str, typer.Argument(help=LIBRARY_HELP)]
To = Annotated[Path, typer.Option("--to", help="File to write; .parquet, .csv or .xlsx.")]


@app.command()
def crosswalk(library: LibraryName, to: To, home: Home = None) -> None:
    """Which entity each source record belongs to: source, source_key, entity_id."""
    rows = export_crosswalk(load_settings(home=home), library, to)
    sys.stdout.write(f"{to}: {rows:,} records\n")


@app.command()
def core(library: LibraryName, to: To, home: Home = None) -> None:
    """The golden records of a library. They hold personal data: mind where the file goes."""
    rows = export_core(load_settings(home=home), library, to)
    sys.stdout.write(f"{to}: {rows:,} entities\n")
