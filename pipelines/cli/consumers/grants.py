"""``baselib grants``: reviewed files of who may read what, checked and applied."""

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Home, Sources
from pipelines.settings import Settings, load_settings

app = typer.Typer(help="Who may read what, for what purpose, until when.", no_args_is_help=True)
Folder = Annotated[
    Path | None, typer.Option("--grants", help="Folder with the grants (BASELIB_GRANTS).")
]
Name = Annotated[str, typer.Argument(help="A grant, <consumer>__<purpose>.")]


@app.command()
def check(home: Home = None, sources: Sources = None, grants: Folder = None) -> None:
    """Check the files of grants; every fault with its remedy. Exit code 2 if there is one."""
    from pipelines.errors.serving import GrantsRefused
    from pipelines.serve.grants.read import check_grants, read_grants

    settings = _settings(home, sources, grants)
    if faults := check_grants(settings):
        raise GrantsRefused(faults)
    sys.stdout.write(f"{len(read_grants(settings))} grant(s), no fault.\n")


@app.command()
def apply(
    by: Annotated[str, typer.Option("--by", help="Who applies them; kept in the log.")] = "",
    home: Home = None,
    sources: Sources = None,
    grants: Folder = None,
) -> None:
    """Make the database allow exactly what the files say; a grant without a file is revoked."""
    from pipelines.serve.grants.apply import apply_grants

    differences = apply_grants(_settings(home, sources, grants), by or getpass.getuser())
    changed = {each.grant: each.after for each in differences}
    for name, after in changed.items():
        sys.stdout.write(f"{name}: {'revoked' if after is None else 'applied'}\n")
    if not changed:
        sys.stdout.write("Nothing changed; views and roles are made anew.\n")


@app.command()
def diff(home: Home = None, sources: Sources = None, grants: Folder = None) -> None:
    """Show what apply would change. Exit code 1 if there is anything."""
    from pipelines.serve.grants.apply import diff_grants

    differences = diff_grants(_settings(home, sources, grants))
    for each in differences:
        what = f" {each.field}" if each.field else ""
        sys.stdout.write(f"{each.grant}{what}: {each.before} -> {each.after}\n")
    raise typer.Exit(1 if differences else 0)


@app.command()
def explain(name: Name, home: Home = None, sources: Sources = None, grants: Folder = None) -> None:
    """Say in sentences what a grant allows, for whoever approves it."""
    from pipelines.serve.grants.apply import explain_grant
    from pipelines.serve.grants.read import read_grant

    lines = explain_grant(read_grant(_settings(home, sources, grants), name))
    sys.stdout.write("\n".join(lines) + "\n")


@app.command()
def key(
    file: Annotated[Path, typer.Argument(help="A new file for the private key; keep it secret.")],
) -> None:
    """Make a consumer's key: the private one into FILE, the public one for the grant's file."""
    from pipelines.serve.grants.keys import make_key

    sys.stdout.write(make_key(file))


def _settings(home: Path | None, sources: list[Path] | None, grants: Path | None) -> Settings:
    given = tuple(sources) if sources else None
    return load_settings(home=home, sources=given, grants=grants)
