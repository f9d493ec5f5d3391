"""``baselib mail``: what is in the outbox, and what to do about reports that did not arrive."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.cli.options import Home
from pipelines.settings import load_settings
from pipelines.warehouse import connect, read_mail, settle_mail
from pipelines.warehouse.quality.outbox import STATES

app = typer.Typer(help="The outbox: reports that wait, were sent, or did not arrive.")

Numbers = Annotated[list[int], typer.Argument(help="Numbers as `baselib mail list` shows them.")]


@app.command("list")
def show(
    state: Annotated[
        list[str] | None, typer.Option(help=f"Only these: {', '.join(STATES)}.")
    ] = None,
    home: Home = None,
) -> None:
    """List messages with their state and the server's last answer."""
    engine = connect(load_settings(home=home))
    table = Table(box=None, pad_edge=False)
    for title in ("id", "state", "about", "part", "recipient", "attempts", "answer"):
        table.add_column(title)
    for mail in read_mail(engine, state or STATES):
        about = f"{mail.period} {mail.source} {mail.batch}"
        part = f"{mail.part}/{mail.parts}"
        row = (mail.id, mail.state, about, part, mail.recipient, mail.attempts, mail.last_error)
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table)
    engine.dispose()


@app.command()
def remind(home: Home = None) -> None:
    """Write to the owners whose delivery is late, once for each; for cron without Airflow."""
    from pipelines.flows import deliver
    from pipelines.flows import remind as write_reminders

    settings = load_settings(home=home)
    written = write_reminders(settings)
    sent = deliver(settings).sent
    sys.stdout.write(f"{written.late} late, {written.messages} reminder(s) written, {sent} sent.\n")


@app.command()
def retry(numbers: Numbers, home: Home = None) -> None:
    """Send failed or doubtful messages again, at the next delivery."""
    _settle(numbers, "pending", home)


@app.command()
def close(numbers: Numbers, home: Home = None) -> None:
    """Leave failed or doubtful messages as they are: they arrived, or are not wanted any more."""
    _settle(numbers, "closed", home)


def _settle(numbers: list[int], state: str, home: Home) -> None:
    engine = connect(load_settings(home=home))
    settled = settle_mail(engine, numbers, state)
    engine.dispose()
    sys.stdout.write(f"{settled} of {len(numbers)} message(s) are {state} now.\n")
    if settled < len(numbers):
        sys.stdout.write("The others are not failed or doubtful: see `baselib mail list`.\n")
