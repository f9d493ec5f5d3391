"""``baselib dispute``: doubt a published value, and end a dispute."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from pipelines.cli.options import Home
from pipelines.flows.owner import dispute as flow
from pipelines.flows.owner.work_orders import take_answers
from pipelines.settings import load_settings
from pipelines.warehouse import connect
from pipelines.warehouse.people.disputes import DisputeRefused, read_disputes

app = typer.Typer(help="Doubt a published value (异议) until its owner has answered.")

Number = Annotated[int, typer.Argument(help="As `baselib dispute list` shows it.")]
Who = Annotated[str, typer.Option("--by", help="Organisation and person.")]
Note = Annotated[str, typer.Option("--note", help="What was found out.")]


@app.callback(invoke_without_command=True)
def raise_dispute(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Option("--file", help="CSV with entity_id, column, reason.")
    ] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Id of the entity.")] = None,
    column: Annotated[str | None, typer.Option("--column", help="The doubtful column.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Organisation and person.")] = None,
    home: Home = None,
) -> None:
    """Mark values as disputed: --file, or --entity with --column and --reason."""
    if context.invoked_subcommand:
        return
    if by is None or (file is None) == (entity is None):
        raise DisputeRefused("dispute", "Give --by, and either --file or --entity.", "See --help.")
    one = flow.Doubt(entity or "", column or "", reason or "")
    doubts = flow.read_doubts(file) if file else [one]
    for doubt, raised in zip(
        doubts, flow.dispute(load_settings(home=home), doubts, by), strict=True
    ):
        sys.stdout.write(
            f"dispute {raised.number}: {doubt.entity_id} {doubt.column}, for {raised.source} to "
            f"answer by {raised.due_date}{'' if raised.new else ' (was raised before)'}\n"
        )


@app.command()
def answer(
    number: Number,
    how: Annotated[str, typer.Option(help="corrected or confirmed.")],
    note: Note,
    by: Who,
    home: Home = None,
) -> None:
    """The owner's answer: the value has been corrected at the source, or is right."""
    endings: dict[str, Literal["corrected", "confirmed"]] = {
        "corrected": "corrected",
        "confirmed": "confirmed",
    }
    if how not in endings:
        raise DisputeRefused(f"--how {how}", "This is no answer.", "Say corrected or confirmed.")
    flow.answer(load_settings(home=home), number, endings[how], who=by, note=note)


@app.command()
def withdraw(number: Number, note: Note, by: Who, home: Home = None) -> None:
    """Whoever raised a dispute takes it back."""
    flow.answer(load_settings(home=home), number, "withdrawn", who=by, note=note)


@app.command()
def take(home: Home = None) -> None:
    """Raise what consumers handed in through the service, take answers to work orders; daily."""
    settings = load_settings(home=home)
    for line in (*take_answers(settings), *flow.take_requests(settings)):
        sys.stdout.write(f"{line}\n")


@app.command("list")
def list_disputes(
    everything: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    home: Home = None,
) -> None:
    """Show open disputes: what is doubted, by whom, and who has to answer by when."""
    engine = connect(load_settings(home=home))
    table = Table("no", "entity", "column", "raised by", "for", "due", "state", box=None)
    for one in read_disputes(engine, None if everything else "open"):
        cells = (one.entity_id, one.column_name, one.raised_by, one.source, str(one.due_date))
        table.add_row(str(one.id), *cells, one.state)
    engine.dispose()
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table)
