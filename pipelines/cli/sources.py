"""``baselib sources``: list, check and begin source contracts."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.cli.options import LIBRARY_HELP, Batch, Home, Sources, batch_of_today
from pipelines.cli.words import counted
from pipelines.contracts import Sources as Declared
from pipelines.contracts import check_sources, load_source, load_sources, notes_on_sources
from pipelines.contracts.source import Source
from pipelines.errors import ContractExists, ContractsRefused
from pipelines.flows.source.trial import Trial, TriedColumn, try_sample
from pipelines.settings import Settings, load_settings
from pipelines.standards.rules import load_rules

PIPE_WIDTH = 200
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
    folder: Annotated[Path | None, typer.Argument(help="A contract, or a folder of them.")] = None,
    sample: Annotated[
        Path | None, typer.Option(help="Try the contract on this file, without landing it.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Only this contract; needed with --sample if there are several."),
    ] = None,
    batch: Batch = None,
    home: Home = None,
) -> None:
    """Find everything that is wrong with the contracts, at once; or try one on a file."""
    settings = load_settings(home=home, sources=(folder,) if folder else None)
    if sample is not None:
        _try(settings, _chosen(load_sources(settings), source), sample, batch)
        return
    if source is None and (faults := check_sources(settings)):
        raise ContractsRefused(faults)
    declared = {source: load_source(settings, source)} if source else load_sources(settings)
    for note in notes_on_sources(declared):
        sys.stdout.write(f"note: {note}\n")
    sys.stdout.write(f"{len(declared)} contract(s), no fault.\n")


def _chosen(declared: Declared, name: str | None) -> Source:
    """The contract to try: the one of that name, or the only one there is."""
    if name is None and len(declared) + len(declared.faulty) == 1:
        name = next(iter([*declared, *declared.faulty]))
    if name is None:
        raise typer.BadParameter(
            f"name one of these contracts: {', '.join(declared)}.", param_hint="--source"
        )
    return declared[name]


def _try(settings: Settings, source: Source, sample: Path, batch: str | None) -> None:
    """Show what a sample would become; code 1 where no row of it could be used."""
    trial = try_sample(settings, source, sample, batch or batch_of_today(settings))
    # A pipe has no width of its own, and nothing may be cut short there.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(
        f"{source.name}: {counted(trial.landed, 'row', 'rows')} = {trial.staged:,} staged + "
        f"{trial.superseded:,} superseded + {trial.quarantined:,} quarantined"
        f"{f'; encoding {trial.encoding}' if trial.encoding else ''}. Nothing was landed.",
        soft_wrap=True,
    )
    console.print(_columns_table(trial))
    for rule, rows in {**trial.reasons, **trial.row_findings}.items():
        console.print(f"{rows:,} row(s): {_problem(rule)}", soft_wrap=True)
    if trial.unmapped:
        console.print(f"Not mapped, kept in raw: {', '.join(trial.unmapped)}", soft_wrap=True)
    for remark in trial.remarks:
        console.print(f"Remark: {remark}", soft_wrap=True)
    console.print(_rows_table(trial))
    raise typer.Exit(0 if trial.staged or not trial.landed else 1)


def _columns_table(trial: Trial) -> Table:
    table = Table("column", "delivered as", "element", "without value", "findings", box=None)
    for each in trial.columns:
        column = each.column
        table.add_row(
            Text(column.name),
            Text(column.physical_name),
            column.element or "—",
            f"{each.missing:,}",
            _findings_of(each),
        )
    return table


def _findings_of(tried: TriedColumn) -> str:
    return "\n".join(f"{rows:,} {_problem(rule)}" for rule, rows in tried.findings.items()) or "—"


def _problem(rule: str) -> str:
    return f"{rule}: {load_rules()[rule].en}"


def _rows_table(trial: Trial) -> Table:
    """The first rows as they would be staged, a line for each column: there are more columns."""
    title = f"First {counted(len(trial.rows), 'row', 'rows')} as staged, masked"
    table = Table(title=title, title_justify="left", box=None, show_header=False)
    for _ in range(1 + len(trial.rows)):
        table.add_column(overflow="fold")
    for each in trial.columns:
        table.add_row(Text(each.column.name), *(Text(row[each.column.name]) for row in trial.rows))
    return table


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
