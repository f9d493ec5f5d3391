"""``baselib repair``: what owners answer about their issues, and what becomes of it."""

import csv
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Home, Sources
from pipelines.errors import SettingRefused
from pipelines.flows.mail.summary import write_summary
from pipelines.flows.owner.repair import ImportResult, Judged, import_answers
from pipelines.quality.answers import APPLIED, VERDICTS
from pipelines.settings import load_settings

app = typer.Typer(help="Take back what data owners answer.", no_args_is_help=True)

SHOWN = 20  # refused rows on the screen; --list has them all


@app.command("import")
def import_sheets(
    files: Annotated[list[Path], typer.Argument(help="Repair sheets: .xlsx or CSV, all parts.")],
    by: Annotated[str, typer.Option("--by", help="Who answers: department and person.")],
    apply: Annotated[bool, typer.Option("--apply", help="Keep the answers.")] = False,
    stage: Annotated[
        bool, typer.Option(help="Stage the batches again at once, so that they show it.")
    ] = True,
    listing: Annotated[
        Path | None, typer.Option("--list", help="Write every row's verdict to this CSV file.")
    ] = None,
    sources: Sources = None,
    home: Home = None,
) -> None:
    """Show what the answers of a repair sheet are worth; with --apply, keep those that hold."""
    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    result = import_answers(settings, files, by, apply=apply, stage_again=stage)
    _print_counts(result)
    refused = [row for row in result.rows if row.verdict not in (*APPLIED, "unchanged")]
    for row in refused[:SHOWN]:
        sys.stdout.write(f"  {row.place}: {_said(row)}\n")
    if len(refused) > SHOWN:
        sys.stdout.write(f"  … and {len(refused) - SHOWN:,} more; --list FILE has them all\n")
    if listing:
        _write_listing(listing, result.rows)
    for source, batch in result.staged_again:
        sys.stdout.write(f"staged again: {source}, batch {batch}\n")
    if not apply:
        sys.stdout.write("Nothing was kept. Repeat with --apply to keep what holds.\n")


def _print_counts(result: ImportResult) -> None:
    for verdict, words in VERDICTS.items():
        if result.counts.get(verdict):
            sys.stdout.write(f"{result.counts[verdict]:>9,}  {verdict:<16} {words}\n")


def _said(row: Judged) -> str:
    words = VERDICTS[row.verdict]
    return f"{words}：{row.because}" if row.because else words


def _write_listing(file: Path, rows: Sequence[Judged]) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["位置", "问题编号", "数据集", "字段", "结论", "原因"])
        for row in rows:
            cells = (row.place, row.fingerprint, row.source, row.column, VERDICTS[row.verdict])
            writer.writerow([*cells, row.because])


@app.command()
def summary(
    month: Annotated[str, typer.Option(help="YYYY-MM.")],
    to: Annotated[Path, typer.Option("--to", help="File to write: .html or .pdf.")],
    sources: Sources = None,
    home: Home = None,
) -> None:
    """One page for the leaders: what was found in a month, and who still has to act."""
    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    page = write_summary(settings, _month(month), to)
    for sentence in page.news:
        sys.stdout.write(f"{sentence}\n")
    sys.stdout.write(f"{to}\n")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise SettingRefused("--month", text, "Write YYYY-MM, for example 2026-06.") from None
