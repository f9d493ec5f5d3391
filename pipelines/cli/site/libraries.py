"""``baselib libraries``: list and check the declared libraries."""

import sys

import typer
from rich.console import Console
from rich.table import Table

from pipelines.cli.words import counted
from pipelines.libraries import libraries_in_order, load_libraries

app = typer.Typer(help="List and check the libraries that are declared.", no_args_is_help=True)


@app.command("list")
def list_libraries() -> None:
    """List every library in the order in which they are built."""
    table = Table(
        "library", "基础库", "entity", "identified by", "points to", "declared in", box=None
    )
    for library in libraries_in_order(load_libraries()):
        linked = dict.fromkeys(link.library for link in library.links)
        table.add_row(
            library.name,
            library.title,
            library.entity,
            library.identity.strong,
            ", ".join(linked),
            str(library.file),
        )
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)


@app.command()
def check() -> None:
    """Refuse a declaration that cannot work, of a library or a data element, with the remedy."""
    from pipelines.clean.parsing.registry import parser_for, refuse_unknown_companions
    from pipelines.identity.scores.model import load_model
    from pipelines.quality.contradiction import refuse_unknown_functions
    from pipelines.standards.elements import load_elements

    elements, libraries = load_elements().values(), load_libraries().values()
    for element in elements:
        parser_for(element)
    for library in libraries:
        refuse_unknown_companions(library)
        refuse_unknown_functions(library)
        load_model(library)
    sys.stdout.write(
        f"{counted(len(libraries), 'library', 'libraries')}, "
        f"{counted(len(elements), 'data element', 'data elements')}, no fault.\n"
    )
