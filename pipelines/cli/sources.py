"""``baselib sources``: list, check and begin source contracts."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.cli.options import LIBRARY_HELP, Home, Sources
from pipelines.contracts import check_sources, load_sources, notes_on_sources
from pipelines.errors import ContractExists, ContractsRefused
from pipelines.settings import load_settings

app = typer.Typer(help="List, check and begin source contracts.", no_args_is_help=True)


@app.command("list")
def list_sources(sources: Sources = None, home: Home = None) -> None:
    """List every source: library, owner, delivery and schedule."""
    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    table = Table("source", "数据集", "library", "owner", "delivery", "schedule", box=None)
    sources_by_name = load_sources(settings)
    for source in sources_by_name.values():
        table.add_row(
            source.name,
            source.title,
            source.library,
            source.owner.department,
            source.delivery,
            source.schedule or "by hand",
        )
    Console().print(table)
    for fault in sources_by_name.faults:
        sys.stderr.write(f"baselib: {fault}\n")


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="A folder of contracts.")] = None,
    home: Home = None,
) -> None:
    """Find everything that is wrong with the contracts, at once."""
    settings = load_settings(home=home, sources=(folder,) if folder else None)
    if faults := check_sources(settings):
        raise ContractsRefused(faults)
    declared = load_sources(settings)
    for note in notes_on_sources(declared):
        sys.stdout.write(f"note: {note}\n")
    sys.stdout.write(f"{len(declared)} contract(s), no fault.\n")


@app.command()
def new(
    sample: Annotated[Path, typer.Argument(help="A file as the department delivers it.")],
    name: Annotated[str, typer.Option(help="<department>__<dataset>, in English.")],
    library: Annotated[str, typer.Option(help=LIBRARY_HELP)],
    to: Annotated[Path | None, typer.Option(help="Folder for the contract.")] = None,
) -> None:
    """Write a commented contract by looking at a sample of the data."""
    from pipelines.extract.skeleton import new_contract

    contract = new_contract(sample, name, library)
    folder = to or load_settings().sources[0] / library
    file = folder / f"{name}.yml"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(contract)
    except FileExistsError:
        raise ContractExists(str(file)) from None
    check = f"baselib sources check {to}" if to else "baselib sources check"
    sys.stdout.write(
        f"{file} written. Read what was guessed, fill in the marked lines, then: {check}\n"
    )
