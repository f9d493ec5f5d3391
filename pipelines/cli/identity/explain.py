"""``baselib identity explain``: why records are, or are not, one entity."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pipelines.cli.identity.queue import console, record_of
from pipelines.cli.options import Home
from pipelines.flows.steward.explain import Unmasking
from pipelines.flows.steward.explain import explain as explain_subject
from pipelines.report.font import chinese_font
from pipelines.report.steward.explanation import Explanation, render_explanation
from pipelines.report.steward.waterfall import draw
from pipelines.settings import load_settings

RECORDS_ABREAST = 4
MARKS = {"＝": "green", "≈": "yellow", "≠": "red"}


def register(app: typer.Typer) -> None:
    """Add the command to ``baselib identity``."""
    app.command()(explain)


def explain(
    subject: Annotated[
        list[str], typer.Argument(help="An entity id, a question, SOURCE:KEY, or two SOURCE:KEY.")
    ],
    png: Annotated[Path | None, typer.Option(help="Draw the match weights to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page of its own.")] = None,
    unmask: Annotated[
        bool, typer.Option("--unmask", help="Show values as they are; this is audited.")
    ] = False,
    by: Annotated[str, typer.Option(help="With --unmask: who looks.")] = "",
    purpose: Annotated[str, typer.Option(help="With --unmask: what for.")] = "",
    home: Home = None,
) -> None:
    """Show the records side by side, and why they are together: rules, weights, decisions."""
    settings = load_settings(home=home)
    subjects = [record_of(each) if ":" in each else each for each in subject]
    explained = explain_subject(settings, subjects, Unmasking(by, purpose) if unmask else None)
    _print(explained)
    font = chinese_font(settings.home / "fonts") if png or html else None
    if html and font:
        html.write_text(render_explanation(explained, font), encoding="utf-8")
        sys.stdout.write(f"{html}\n")
    if png and font:
        _write_pictures(explained, png, font)


def _write_pictures(explained: Explanation, png: Path, font: Path) -> None:
    for number, each in enumerate(explained.waterfalls, 1):
        path = png if number == 1 else png.with_stem(f"{png.stem}-{number}")
        path.write_bytes(draw(each, font))
        sys.stdout.write(f"{path}\n")
    if not explained.waterfalls:
        sys.stdout.write("No picture: a rule or a person decided here, not a score.\n")


def _print(it: Explanation) -> None:
    out = console()
    out.print(Text(f"{it.library.entity_title} {it.subject}", style="bold"))
    out.print(f"entity {', '.join(it.entity_ids)}")
    for old in it.redirects:
        out.print(f"redirected here: {old}")
    for link, number in it.followers.items():
        out.print(f"linked to it: {link} × {number}")
    if it.verdict:
        follows = ", ".join(f"#{each}" for each in it.chain)
        out.print(Text(f"decided: {it.verdict}, by {follows}", style="bold"))
    for first in range(0, len(it.records), RECORDS_ABREAST):
        out.print(_records(it, first))
    for waterfall in it.waterfalls:
        out.print(Text(waterfall.title, style="bold"))
        for weight in waterfall.weights:
            out.print(f"  {weight.bits:+6.1f}  {weight.name}：{weight.level}")
        out.print(
            f"  {waterfall.total:+6.1f}  合计（含先验 {waterfall.prior:+.1f}），"
            f"概率 {waterfall.probability:.4f}"
        )
    if it.events:
        out.print(_events(it))
    if it.decisions:
        out.print(_decisions(it))


def _records(it: Explanation, first: int) -> Table:
    abreast = it.records[first : first + RECORDS_ABREAST]
    table = Table(box=None, pad_edge=False, title_justify="left")
    table.add_column("")
    for each in abreast:
        table.add_column(f"[{each.number}] {each.record}", overflow="fold")
    if it.marks:
        table.add_column("")
    blank = [""] if it.marks else []
    if len(it.entity_ids) > 1:
        table.add_row("entity", *(each.entity_id for each in abreast), *blank)
    table.add_row("because", *(f"{each.rule} {each.linked}".strip() for each in abreast), *blank)
    if any(each.probability is not None for each in abreast):
        shown = ("" if e.probability is None else f"{e.probability:.4f}" for e in abreast)
        table.add_row("probability", *shown, *blank)
    if any(each.withheld for each in abreast):
        table.add_row("withheld", *(each.withheld for each in abreast), *blank)
    table.add_row("since", *(each.since_batch for each in abreast), *blank)
    for name, title in it.columns.items():
        sign, how = it.marks.get(name, ("", ""))
        mark = [Text(f"{sign} {how}".strip(), style=MARKS.get(sign, ""))] if it.marks else []
        table.add_row(title, *(each.values[name] or "" for each in abreast), *mark)
    return table


def _events(it: Explanation) -> Table:
    table = Table("run", "event", "id", "other id", "reason", box=None, pad_edge=False)
    for each in it.events:
        table.add_row(each.run, each.kind, each.entity_id, each.other_entity_id, each.reason)
    return table


def _decisions(it: Explanation) -> Table:
    table = Table(
        "#", "records", "verdict", "by", "when", "act", "reason", box=None, pad_edge=False
    )
    for each in it.decisions:
        decision = each.decision
        verdict = (
            decision.verdict
            if decision.opinion == "first"
            else (f"{decision.verdict} ({decision.opinion})")
        )
        if decision.revoked:
            verdict = f"{verdict}, revoked by {decision.revoked.by}: {decision.revoked.reason}"
        table.add_row(
            str(decision.id),
            f"{each.left} / {each.right}",
            verdict,
            decision.by,
            f"{decision.at:%Y-%m-%d %H:%M}",
            decision.act,
            decision.reason,
        )
    return table
