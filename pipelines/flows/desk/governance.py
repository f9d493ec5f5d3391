"""What the pages about catalogue, registers and evaluation show: the tables of the commands."""

from collections.abc import Callable, Mapping
from datetime import date

from pipelines.flows.governance.annual import entry_table
from pipelines.flows.governance.assessments import assessment_register
from pipelines.flows.governance.catalogue import derive_catalogue, today_of
from pipelines.flows.governance.duty_ledger import derive_ledger
from pipelines.flows.governance.facts import element_register, evaluation_facts
from pipelines.flows.governance.open_data import open_data_sets
from pipelines.flows.governance.register_sheet import site_sheet
from pipelines.flows.governance.reviews import review_states, review_table
from pipelines.flows.governance.sharing.onboarding import live_resources
from pipelines.flows.governance.sharing.requests import judged_requests
from pipelines.flows.governance.sharing.returns import return_table
from pipelines.flows.governance.submitted_sheets import judge_projects
from pipelines.flows.governance.systems import SystemReport, report_systems
from pipelines.governance.evaluation import evaluate
from pipelines.governance.onboarding.sheets import mount_table, registration_table, status_table
from pipelines.governance.outputs import (
    candidate_table,
    duty_table,
    element_table,
    evaluation_table,
    filing_table,
    integration_table,
    inventory_table,
)
from pipelines.governance.sharing.register import unmet_demand
from pipelines.governance.sharing.tables import demand_table, request_table
from pipelines.governance.tables import OutputTable
from pipelines.settings import Settings

_NO_SHEET = "没有登记表：请把登记表存为 governance 文件夹中的 {name}.xlsx 或 {name}.csv。"


def _evaluation(settings: Settings) -> OutputTable:
    today = today_of(settings)
    begin = date(today.year, 1, 1)
    figures = evaluate(evaluation_facts(settings, begin, today))
    return evaluation_table(figures, begin.isoformat(), today.isoformat())


def _duties(settings: Settings) -> OutputTable:
    return duty_table(derive_ledger(settings).duties, today_of(settings).isoformat())


def _requests(settings: Settings) -> OutputTable:
    return request_table(judged_requests(settings), today_of(settings).isoformat())


def _demand(settings: Settings) -> OutputTable:
    demands = unmet_demand(judged_requests(settings))
    return demand_table(demands, today_of(settings).isoformat())


def _reviews(settings: Settings) -> OutputTable:
    return review_table(review_states(settings), today_of(settings).isoformat())


def _mount(settings: Settings) -> OutputTable:
    return mount_table(derive_catalogue(settings).entries, live_resources(settings), "")


def _status(settings: Settings) -> OutputTable:
    entries, live = derive_catalogue(settings).entries, live_resources(settings)
    return status_table(entries, live, today_of(settings).isoformat())


def _registration(settings: Settings) -> OutputTable:
    return registration_table(derive_catalogue(settings).entries, live_resources(settings))


def _open_data(settings: Settings) -> OutputTable:
    live = live_resources(settings)
    return OutputTable(
        "公共数据集",
        ("名称", "标题", "基础库", "最小组", "更新周期", "许可", "最新版本", "行数"),
        [
            (
                name, each.title, each.library, each.k, each.cycle, each.licence,
                live[f"open {name}"].edition if f"open {name}" in live else "未发布",
                live[f"open {name}"].rows if f"open {name}" in live else None,
            )
            for name, each in open_data_sets(settings).items()
        ],
    )  # fmt: skip


def _of_systems(show: Callable[[SystemReport], OutputTable]) -> Callable[[Settings], OutputTable]:
    def table(settings: Settings) -> OutputTable:
        sheet = site_sheet(settings, "systems")
        return show(report_systems(settings, sheet)) if sheet else _none("systems")

    return table


def _projects(settings: Settings) -> OutputTable:
    sheet = site_sheet(settings, "projects")
    if sheet is None:
        return _none("projects")
    judged = judge_projects(settings, sheet, site_sheet(settings, "systems"))
    return filing_table(judged.verdicts)


def _none(name: str) -> OutputTable:
    return OutputTable("", (), [], _NO_SHEET.format(name=name))


# In the order of the menu; the names are those of words.yml with governance_ before them.
GOVERNANCE_TABLES: Mapping[str, Callable[[Settings], OutputTable]] = {
    "catalogue": lambda settings: entry_table(derive_catalogue(settings).entries),
    "reviews": _reviews,
    "open_data": _open_data,
    "elements": lambda settings: element_table(element_register(settings)),
    "requests": _requests,
    "demand": _demand,
    "duties": _duties,
    "evaluation": _evaluation,
    "systems": _of_systems(lambda report: inventory_table(report.systems)),
    "zombies": _of_systems(lambda report: candidate_table(report.candidates)),
    "integration": _of_systems(lambda report: integration_table(report.integration)),
    "projects": _projects,
    "mount": _mount,
    "status": _status,
    "registration": _registration,
    "returns": return_table,
    "assessments": lambda settings: assessment_register(settings).table,
}
