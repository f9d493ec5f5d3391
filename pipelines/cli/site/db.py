"""``baselib db``: the PostgreSQL behind the libraries."""

import os
import sys
from typing import Annotated

import typer

from pipelines.cli.options import Home
from pipelines.runtime.child_environment import without_secrets
from pipelines.settings import load_settings
from pipelines.warehouse import database_url, migrate, stop_embedded
from pipelines.warehouse.server.programs import psql_path

app = typer.Typer(help="The PostgreSQL behind the libraries.", no_args_is_help=True)


@app.command()
def url(home: Home = None) -> None:
    """Print the URL to connect to; starts the embedded server if need be."""
    sys.stdout.write(f"{database_url(load_settings(home=home))}\n")


@app.command()
def upgrade(home: Home = None) -> None:
    """Bring schemas, tables, views and roles up to date."""
    migrate(load_settings(home=home))


@app.command()
def psql(
    command: Annotated[
        list[str] | None, typer.Option("-c", help="Run this and exit; may be repeated.")
    ] = None,
    home: Home = None,
) -> None:
    """Open psql on the database."""
    arguments = [str(psql_path()), database_url(load_settings(home=home))]
    for each in command or ():
        arguments += ["-c", each]
    os.execve(arguments[0], arguments, without_secrets())  # noqa: S606 - psql from the lock file, no shell


@app.command()
def stop(home: Home = None) -> None:
    """Stop the embedded server."""
    stop_embedded(load_settings(home=home))
