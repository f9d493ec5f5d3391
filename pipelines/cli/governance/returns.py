"""``baselib governance returns``: packages for lower levels (回流), signed and encrypted."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.governance.give import To, give
from pipelines.cli.options import Home
from pipelines.flows.governance.sharing.returns import (
    make_package,
    return_table,
    send_packages,
    take_receipt,
    unpack,
)
from pipelines.settings import load_settings

app = typer.Typer(help="Packages for lower levels (回流).", no_args_is_help=True)


@app.command()
def make(
    recipient: Annotated[str, typer.Argument(help="As governance/returns.yml names it.")],
    home: Home = None,
) -> None:
    """Make the next package of a recipient out of what is published."""
    sys.stdout.write(f"{make_package(load_settings(home=home), recipient)}\n")


@app.command()
def send(
    to: Annotated[Path, typer.Argument(help="Folder that recipients fetch from.")],
    home: Home = None,
) -> None:
    """Copy every package without a receipt into a folder; do it daily, it is the retry."""
    for each in send_packages(load_settings(home=home), to):
        sys.stdout.write(f"{each.recipient}-{each.number}: sent {each.sent} time(s)\n")


@app.command()
def receipt(
    folder: Annotated[Path, typer.Argument(help="With receipt.json and receipt.sig.")],
    home: Home = None,
) -> None:
    """Take a recipient's receipt: the package is not sent again."""
    done = take_receipt(load_settings(home=home), folder)
    sys.stdout.write(f"{done.recipient}-{done.number}: received\n")


@app.command("open")
def open_it(
    folder: Annotated[Path, typer.Argument(help="A package.")],
    site: Annotated[Path, typer.Option("--site", help="The sender's returns.pub.")],
    key: Annotated[Path, typer.Option("--key", help="The recipient's private key.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the files.")],
) -> None:
    """For the recipient: check and decrypt a package, and write its receipt."""
    told = unpack(folder, site, key, to)
    sys.stdout.write(f"{told['id']}: {', '.join(f'{n} {c:,}' for n, c in told['files'].items())}\n")


@app.command("list")
def list_packages(to: To = None, home: Home = None) -> None:
    """The packages: rows, how often sent, receipts."""
    give(return_table(load_settings(home=home)), to)
