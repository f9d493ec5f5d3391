"""``baselib catalog``: the government information resource catalogue (政务信息资源目录)."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.governance.give import To, give
from pipelines.cli.options import Home, Sources
from pipelines.cli.words import counted
from pipelines.flows.governance.catalogue import derive_catalogue, publish_catalogue, today_of
from pipelines.flows.governance.filled_sheet import lint_sheet
from pipelines.flows.governance.reviews import review_entry, review_states, review_table
from pipelines.governance.resources.reviews import ENTRY_STATES, STEPS
from pipelines.settings import load_settings

app = typer.Typer(
    help="The resource catalogue (资源目录): derived from contracts and libraries.",
    no_args_is_help=True,
)


@app.command()
def build(home: Home = None, sources: Sources = None) -> None:
    """List the entries as they would be published today; writes nothing."""
    catalogue = derive_catalogue(load_settings(home=home, sources=sources))
    for entry in catalogue.entries:
        sys.stdout.write(f"{entry.code or '-':16}{entry.name}　{entry.provider}\n")
    sys.stdout.write(
        f"{counted(len(catalogue.entries), 'entry', 'entries')}, "
        f"{len(catalogue.new_codes)} with a new code, "
        f"{counted(len(catalogue.faults), 'fault', 'faults')}.\n"
    )


@app.command()
def lint(
    sheet: Annotated[Path | None, typer.Argument(help="A sheet that somebody filled in.")] = None,
    home: Home = None,
    sources: Sources = None,
) -> None:
    """Everything that is wrong with the entries, or with a filled-in sheet; then exit code 1."""
    settings = load_settings(home=home, sources=sources)
    if sheet is None:
        faults = derive_catalogue(settings).faults
    else:
        filled = lint_sheet(settings, sheet)
        faults = filled.faults
        for line, rule in filled.defects:
            sys.stdout.write(f"第 {line} 行：不是记录（{rule}）。\n")
        sys.stdout.write(f"{counted(filled.entries, 'entry', 'entries')} in {sheet.name}.\n")
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{counted(len(faults), 'fault', 'faults')}.\n")
    raise typer.Exit(1 if faults else 0)


@app.command()
def diff(home: Home = None, sources: Sources = None) -> None:
    """What changed since the last edition."""
    catalogue = derive_catalogue(load_settings(home=home, sources=sources))
    for change in catalogue.changes:
        sys.stdout.write(f"{change.kind:9}{change.origin}  {change.name}\n")
        for title, before, after in change.fields:
            sys.stdout.write(f"         {title}：{before or '（空）'} → {after or '（空）'}\n")
    since = f"edition {catalogue.last.number}" if catalogue.last else "nothing: none is published"
    sys.stdout.write(f"{counted(len(catalogue.changes), 'change', 'changes')} since {since}.\n")


@app.command()
def publish(home: Home = None, sources: Sources = None) -> None:
    """Write an edition: sheet, JSON, DCAT, CKAN and data dictionary, and the open part of each."""
    folder = publish_catalogue(load_settings(home=home, sources=sources))
    sys.stdout.write(f"{folder}\n" if folder else "Nothing changed since the last edition.\n")


@app.command()
def reviews(to: To = None, home: Home = None, sources: Sources = None) -> None:
    """The life cycle of the entries: state, last step, who took it."""
    settings = load_settings(home=home, sources=sources)
    give(review_table(review_states(settings), today_of(settings).isoformat()), to)


@app.command()
def review(
    step: Annotated[str, typer.Argument(help=f"One of {', '.join(STEPS)}.")],
    origin: Annotated[str, typer.Argument(help="Entry, as `catalog reviews` shows it.")],
    by: Annotated[str, typer.Option("--by", help="Who takes the step.")],
    note: Annotated[str, typer.Option(help="Why it is returned, extended or unpublished.")] = "",
    secrecy: Annotated[str, typer.Option(help="Number of the secrecy assessment.")] = "",
    privacy: Annotated[str, typer.Option(help="Number of the personal-information one.")] = "",
    home: Home = None,
    sources: Sources = None,
) -> None:
    """Take a step of an entry's life cycle: submit, register, request, approve, return …"""
    settings = load_settings(home=home, sources=sources)
    taken = review_entry(settings, step, origin, by=by, note=note, secrecy=secrecy, privacy=privacy)
    state = STEPS[taken.step][1]
    sys.stdout.write(f"{origin}: {ENTRY_STATES[state] if state else step}\n")
