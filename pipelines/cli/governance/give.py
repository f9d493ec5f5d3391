"""How the verbs of this room show tables, and what is wrong in a sheet."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.governance.cells import SheetFault
from pipelines.governance.tables import FILE_TYPES, OutputTable, write_table

To = Annotated[
    Path | None, typer.Option("--to", help="File to write, .xlsx, .csv or .json; else shown.")
]


def give(table: OutputTable, to: Path | None) -> None:
    """Write a table to a file, or show it."""
    if to is not None:
        if to.suffix not in FILE_TYPES:
            raise typer.BadParameter(f"Name a file that ends in {', '.join(FILE_TYPES)}.")
        write_table(table, to)
        sys.stdout.write(f"{to}: {len(table.rows):,} rows\n")
        return
    shown = Table(*table.columns, title=table.title, caption=table.note, box=None)
    for row in table.rows:
        shown.add_row(*("" if value is None else str(value) for value in row))
    Console(width=None if sys.stdout.isatty() else 200).print(shown)


def tell(defects: Sequence[tuple[int, str]], faults: Sequence[SheetFault]) -> None:
    """Say what is wrong in a sheet; exit code 1 where anything is."""
    for line, rule in defects:
        sys.stdout.write(f"第 {line} 行：不是记录（{rule}）。\n")
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    raise typer.Exit(1 if faults or defects else 0)
