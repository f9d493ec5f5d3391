"""``baselib identity export|import``: the steward's questions as a spreadsheet, out and back in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import LIBRARY_HELP, Home
from pipelines.flows.steward.sheet import MOST_QUESTIONS, export_questions, import_answers
from pipelines.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add both commands to ``baselib identity``."""
    app.command("export")(export_sheet)
    app.command("import")(import_sheet)


def percentage(text: str) -> float:
    """``5%`` or ``0.05``, as a share between 0 and 1."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no share: write 5% or 0.05") from None
    if not 0 < share <= 1:
        raise typer.BadParameter(f"{text!r} is not between 0 and 100%")
    return share


def export_sheet(
    library: Annotated[str, typer.Argument(help=LIBRARY_HELP)],
    to: Annotated[Path, typer.Option("--to", help="The .xlsx file to write.")],
    limit: Annotated[int, typer.Option(help="At most so many questions.")] = MOST_QUESTIONS,
    second_opinion: Annotated[
        float | None,
        typer.Option(parser=percentage, help="A sample of answered questions, without answers."),
    ] = None,
    audit: Annotated[
        int | None, typer.Option(help="So many links that nobody asked about, by stratum.")
    ] = None,
    home: Home = None,
) -> None:
    """Write questions to a spreadsheet, masked, both records side by side."""
    if second_opinion is not None and audit is not None:
        raise typer.BadParameter("ask for a second opinion or for an audit, in a sheet of its own")
    settings = load_settings(home=home)
    written = export_questions(
        settings, library, to, limit=limit, second_opinion=second_opinion, audit=audit
    )
    sys.stdout.write(f"{to}: {written:,} questions. Fill in 结论 and 理由, then import it.\n")


def import_sheet(
    file: Annotated[Path, typer.Argument(help="The sheet, filled in.", exists=True)],
    by: Annotated[str, typer.Option("--by", help="The steward who filled it in.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write the decisions.")] = False,
    home: Home = None,
) -> None:
    """Show what a sheet would decide; with --apply, decide it."""
    done = import_answers(load_settings(home=home), file, by=by, apply=apply)
    for row in done.refused:
        sys.stdout.write(f"row {row.line}: {row.kind}: {row.problem}\n")
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(done.refused_by_kind.items()))
    sys.stdout.write(
        f"{done.rows} rows = {len(done.accepted)} accepted + {done.unanswered} unanswered"
        f" + {len(done.refused)} refused{f' ({kinds})' if kinds else ''}\n"
    )
    if not done.applied:
        sys.stdout.write("Preview: nothing was written. Repeat with --apply.\n")
    elif done.accepted:
        sys.stdout.write(f"They take effect with: baselib run {done.library}\n")
