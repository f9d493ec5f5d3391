"""``baselib repair``: what owners answer about their issues, and what becomes of it."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Home, Sources
from pipelines.contracts import load_sources
from pipelines.errors import SettingRefused
from pipelines.flows.mail.summary import write_summary
from pipelines.flows.owner.receipt import write_listing
from pipelines.flows.owner.repair import ImportResult, import_answers
from pipelines.quality.answers import VERDICTS
from pipelines.report.owner.answered import AnsweredLine
from pipelines.settings import load_settings

app = typer.Typer(help="Take back what data owners answer.", no_args_is_help=True)

SHOWN = 40  # lines on the screen; --list has them all


@app.command("import")
def import_sheets(
    files: Annotated[
        list[Path], typer.Argument(help="Repair sheets: .xlsx, .ods, .xls or CSV, all parts.")
    ],
    by: Annotated[str, typer.Option("--by", help="Who answers: department and person.")],
    apply: Annotated[bool, typer.Option("--apply", help="Keep the answers.")] = False,
    checked: Annotated[
        bool, typer.Option("--checked", help="Take what seemed to stand in the wrong place, too.")
    ] = False,
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
    result = import_answers(settings, files, by, apply=apply, checked=checked, stage_again=stage)
    _print_counts(result)
    _print_lines([row for row in result.rows if row.verdict != "unchanged"])
    if listing:
        write_listing(listing, result.rows, load_sources(settings))
    if result.receipts:
        sys.stdout.write(f"已写好答复回执 {result.receipts} 封，随下次发信寄出\n")
    for source, batch in result.staged_again:
        sys.stdout.write(f"已按答复重新整理：{source}，批次 {batch}\n")
    if result.counts.get("doubtful") and not checked:
        sys.stdout.write("疑似填错位置的未采纳；核对无误后加 --checked 重新导入。\n")
    if not apply:
        sys.stdout.write("以上为预览，尚未保存；确认后加 --apply 保存。\n")


def _print_counts(result: ImportResult) -> None:
    for verdict, words in VERDICTS.items():
        if result.counts.get(verdict):
            sys.stdout.write(f"{result.counts[verdict]:>9,}  {words}\n")


def _print_lines(rows: Sequence[AnsweredLine]) -> None:
    """In the sheet's order: where, which record, which column, old and new, and what became."""
    for row in rows[:SHOWN]:
        about = "　".join(each for each in (row.whose(), row.column, row.change) if each)
        mark = "√" if row.is_kept else "×"
        sys.stdout.write(f"{mark} {row.place}　{about}\n    {row.said()}\n")
    if len(rows) > SHOWN:
        sys.stdout.write(f"  …… 另有 {len(rows) - SHOWN:,} 行，用 --list 文件 列出全部\n")


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
