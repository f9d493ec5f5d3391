"""``baselib governance``: registers and evaluation that the policy asks for, out of facts."""

import sys
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.governance import requests, returns
from pipelines.cli.governance.give import To, give, tell
from pipelines.cli.options import Home, Sources
from pipelines.flows.governance.annual import draft_annual_report, write_annual_report
from pipelines.flows.governance.assessments import assessment_register
from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.governance.dashboard import read_dashboard
from pipelines.flows.governance.duty_ledger import derive_ledger
from pipelines.flows.governance.duty_mails import remind_duties
from pipelines.flows.governance.facts import element_register, evaluation_facts
from pipelines.flows.governance.open_data import (
    check_open_data,
    open_data_sets,
    publish_open_data,
)
from pipelines.flows.governance.register_sheet import site_sheet
from pipelines.flows.governance.sharing.onboarding import write_onboarding
from pipelines.flows.governance.submitted_sheets import judge_projects
from pipelines.flows.governance.systems import SystemReport, report_systems
from pipelines.governance.dashboard import dashboard_page
from pipelines.governance.evaluation import evaluate
from pipelines.governance.onboarding.upward import MOST_DATA_SOURCE
from pipelines.governance.opendata.risk import Risk
from pipelines.governance.outputs import (
    candidate_table,
    duty_table,
    element_table,
    evaluation_table,
    filing_table,
    integration_table,
    inventory_table,
)
from pipelines.governance.tables import OutputTable
from pipelines.settings import load_settings
from pipelines.standards.rules import Language

app = typer.Typer(
    help="Registers and evaluation that the policy asks for, out of measured facts.",
    no_args_is_help=True,
)
app.add_typer(requests.app, name="requests")
app.add_typer(returns.app, name="returns")


@app.command()
def elements(to: To = None, home: Home = None, sources: Sources = None) -> None:
    """一数一源一标准: who is authoritative for each element, who also holds it and agrees."""
    settings = load_settings(home=home, sources=sources)
    give(element_table(element_register(settings)), to)


@app.command()
def evaluation(
    year: Annotated[
        int | None, typer.Option("--year", min=2000, max=9999, help="This one if not given.")
    ] = None,
    to: To = None,
    home: Home = None,
    sources: Sources = None,
) -> None:
    """评价考核: indicators E1 to E12 per department, each with its formula and figures."""
    settings = load_settings(home=home, sources=sources)
    today = today_of(settings)
    begin = date(year or today.year, 1, 1)
    if begin > today:
        raise typer.BadParameter("That year has not begun.", param_hint="--year")
    until = min(today, date(begin.year, 12, 31))
    figures = evaluate(evaluation_facts(settings, begin, until))
    give(evaluation_table(figures, begin.isoformat(), until.isoformat()), to)


@app.command()
def report(
    to: Annotated[Path, typer.Option("--to", help="File to write, .docx or .pdf.")],
    year: Annotated[
        int | None, typer.Option("--year", min=2000, max=9999, help="This one if not given.")
    ] = None,
    inventory: Annotated[
        Path | None,
        typer.Option("--systems", help="Sheet of systems; that of the site if not given."),
    ] = None,
    home: Home = None,
    sources: Sources = None,
) -> None:
    """年度报告: a draft of the yearly report with charts and annexes."""
    settings = load_settings(home=home, sources=sources)
    wanted = year or today_of(settings).year
    if wanted > today_of(settings).year:
        raise typer.BadParameter("That year has not begun.", param_hint="--year")
    systems_of = inventory or site_sheet(settings, "systems")
    write_annual_report(settings, draft_annual_report(settings, wanted, systems_of), to)
    sys.stdout.write(f"{to}\n")


_TABLES: Mapping[str, Callable[[SystemReport], OutputTable]] = {
    "inventory": lambda report: inventory_table(report.systems),
    "zombies": lambda report: candidate_table(report.candidates),
    "integration": lambda report: integration_table(report.integration),
}


@app.command()
def systems(
    sheet: Annotated[Path, typer.Argument(help="Sheet of systems, workbook or text.")],
    show: Annotated[
        str, typer.Option("--list", help="inventory, zombies or integration.")
    ] = "inventory",
    to: To = None,
    home: Home = None,
    sources: Sources = None,
) -> None:
    """系统清册, 僵尸系统, 整合共享清单 out of a sheet; exit code 1 where it has faults."""
    if show not in _TABLES:
        raise typer.BadParameter(f"Give one of {', '.join(_TABLES)}.", param_hint="--list")
    report = report_systems(load_settings(home=home, sources=sources), sheet)
    give(_TABLES[show](report), to)
    tell(report.defects, report.faults)


@app.command()
def projects(
    sheet: Annotated[Path, typer.Argument(help="Sheet of projects, workbook or text.")],
    inventory: Annotated[
        Path | None,
        typer.Option("--systems", help="Sheet of systems; that of the site if not given."),
    ] = None,
    to: To = None,
    home: Home = None,
    sources: Sources = None,
) -> None:
    """备案: which projects comply, and what the others lack."""
    settings = load_settings(home=home, sources=sources)
    judged = judge_projects(settings, sheet, inventory or site_sheet(settings, "systems"))
    give(filing_table(judged.verdicts), to)
    tell(judged.defects, ())


@app.command()
def duties(
    sheet: Annotated[
        Path | None, typer.Argument(help="Sheet with further duties, workbook or text.")
    ] = None,
    to: To = None,
    home: Home = None,
    sources: Sources = None,
) -> None:
    """台账: due days by working days, what is late and what a request lacks."""
    settings = load_settings(home=home, sources=sources)
    judged = derive_ledger(settings, sheet)
    give(duty_table(judged.duties, today_of(settings).isoformat()), to)
    tell(judged.defects, judged.faults)


@app.command()
def remind(home: Home = None, sources: Sources = None) -> None:
    """Note what changed in the catalogue, and mail departments their late duties; do it daily."""
    settings = load_settings(home=home, sources=sources)
    done = remind_duties(settings)
    sys.stdout.write(
        f"{done.noticed} change(s) noticed, {done.late} late, {done.messages} mail(s) written.\n"
    )
    for title in done.unknown:
        sys.stdout.write(f"{title}: no address (email of its department in catalogue.yml).\n")


@app.command()
def assessments(to: To = None, home: Home = None, sources: Sources = None) -> None:
    """影响评估: the register, and what handles personal items without one; then exit code 1."""
    register = assessment_register(load_settings(home=home, sources=sources))
    give(register.table, to)
    raise typer.Exit(1 if register.missing else 0)


@app.command()
def dashboard(
    to: Annotated[Path, typer.Option("--to", help="File to write, .html.")],
    language: Annotated[Language, typer.Option("--lang")] = "zh",
    home: Home = None,
    sources: Sources = None,
) -> None:
    """运营大屏: one page of facts with a ranking whose formula stands beside it."""
    settings = load_settings(home=home, sources=sources)
    to.write_text(dashboard_page(read_dashboard(settings), language), encoding="utf-8")
    sys.stdout.write(f"{to}\n")


@app.command()
def evidence(
    folder: Annotated[Path, typer.Argument(help="A new folder; it holds who read what.")],
    since: Annotated[datetime, typer.Option("--since", formats=["%Y-%m-%d"])],
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"])],
    home: Home = None,
) -> None:
    """审计: log, seals, grants, decisions, publications of a period, with a verifier."""
    from pipelines.serve.audit.evidence import write_evidence

    settings = load_settings(home=home)
    done = write_evidence(settings, folder, since.date(), until.date())
    for name, rows in done.rows.items():
        sys.stdout.write(f"{name}: {rows:,} rows\n")
    sys.stdout.write(f"Keep this digest elsewhere: {done.digest}\n")
    sys.stdout.write(f"Check: python3 {folder}/check.py {folder}\n")


@app.command()
def onboarding(
    folder: Annotated[Path, typer.Argument(help="A new folder; it holds personal data.")],
    base: Annotated[
        str, typer.Option("--base", help="Address of the service as the platform reaches it.")
    ] = "https://baselib.example.gov.cn",
    data_source: Annotated[
        str, typer.Option("--data-source", help="Code that the platform gave, of three signs.")
    ] = "",
    home: Home = None,
    sources: Sources = None,
) -> None:
    """共享对接: catalogue, mount file, interfaces, status, registration, up_* rows."""
    from pipelines.serve.api.app import create_app

    if len(data_source) > MOST_DATA_SOURCE:
        told = f"The platform takes {MOST_DATA_SOURCE} signs at most."
        raise typer.BadParameter(told, param_hint="--data-source")
    settings = load_settings(home=home, sources=sources)
    openapi = create_app(settings).openapi()
    for name, rows in write_onboarding(settings, folder, openapi, base, data_source).items():
        sys.stdout.write(f"{name}: {rows:,} rows\n")


@app.command("open-data")
def open_data(
    name: Annotated[str | None, typer.Argument(help="A data set; all if not given.")] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Write the next edition, if it may be shown.")
    ] = False,
    home: Home = None,
) -> None:
    """公共数据集: what a data set would disclose; with --publish, its next edition."""
    settings = load_settings(home=home)
    names = [name] if name else list(open_data_sets(settings))
    refused = False
    for each in names:
        checked = check_open_data(settings, each)
        sys.stdout.write(f"{each}: {_risk(checked.risk)}\n")
        for reason in checked.reasons:
            sys.stdout.write(f"  refused: {reason}\n")
        refused = refused or bool(checked.reasons)
        if publish and not checked.reasons:
            sys.stdout.write(f"  {publish_open_data(settings, each)}\n")
    raise typer.Exit(1 if refused else 0)


def _risk(risk: Risk) -> str:
    return (
        f"{risk.entities:,} entities, {risk.unique:,} alone in their combination; "
        f"{risk.groups:,} groups shown, the smallest has {risk.smallest or 0:,} "
        f"(to name one: {risk.highest:.1%}); {risk.suppressed_share:.1%} left out"
    )
