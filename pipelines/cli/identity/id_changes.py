"""``baselib identity approve`` and ``compare``: what happens to ids that others rely on."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LIBRARY_HELP, Home, Sources
from pipelines.flows.library.consequences.id_changes import approve_run
from pipelines.flows.library.consequences.what_if import compare_identity
from pipelines.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands to ``baselib identity``."""
    app.command()(approve)
    app.command()(compare)


def not_blank(value: str) -> str:
    """An option whose text is kept has one."""
    if not value.strip():
        raise typer.BadParameter("Write something: it is kept for ever.")
    return value


def approve(
    run: Annotated[str, typer.Argument(help="The run that was stopped.")],
    by: Annotated[str, typer.Option(help="Who answers for it.", callback=not_blank)],
    reason: Annotated[str, typer.Option(help="Why the ids may change.", callback=not_blank)],
    library: Annotated[str | None, typer.Option(help="Only this library.")] = None,
    home: Home = None,
) -> None:
    """Let exactly this run pass although it changes more published ids than its budget."""
    approved = approve_run(
        load_settings(home=home), run, by=by, reason=reason, library_name=library
    )
    for each in approved:
        found = each.id_stability
        sys.stdout.write(
            f"{each.library}, run {run}: {found.changed:,} of {found.ids:,} published ids may "
            f"change, {found.vanished:,} may vanish. Run it again to publish it.\n"
        )


def compare(
    library: Annotated[str, typer.Argument(help=LIBRARY_HELP)],
    declaration: Annotated[
        Path | None, typer.Option(help="A changed <library>.yml; by default the one in force.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="A model of scores; by default the one in force.")
    ] = None,
    sources: Sources = None,
    home: Home = None,
) -> None:
    """Show which ids the present code, or another declaration or model, would change."""
    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    result = compare_identity(settings, library, declaration, model)
    found = result.id_stability
    verdict = "within" if result.budget.allows(found) else "over"
    sys.stdout.write(
        f"{result.library}, records of run {result.run}: of {found.ids:,} ids {result.unchanged:,} "
        f"would stay as they are, {found.changed:,} would change ({found.share:.2%}; {verdict} "
        f"the budget of {result.budget.ids:.2%}), {found.vanished:,} would vanish, "
        f"{result.created:,} would be new. Nothing was kept.\n"
    )
    for change in found.changes:
        sys.stdout.write(f"{change.kind:<9} {change.ids:>9,}  {change.rule}\n")
        for each in result.examples[change.kind, change.rule]:
            other = f" -> {each.other_entity_id}" if each.other_entity_id else ""
            sys.stdout.write(f"{'':<20} {each.entity_id}{other} ({each.source})\n")
