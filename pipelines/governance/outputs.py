"""Registers and evaluation as tables for people, with the formulas beside the figures."""

from collections.abc import Mapping, Sequence
from datetime import date

from pipelines.governance.duties import DUTY_COLUMNS, LIMITS, STATE_WORDS, DueDuty
from pipelines.governance.element_register import Holder, RegisteredElement
from pipelines.governance.evaluation import INDICATORS, NOT_RECORDED, Figure
from pipelines.governance.projects import PROJECT_COLUMNS, Verdict
from pipelines.governance.systems.inventory import SYSTEM_COLUMNS, System
from pipelines.governance.systems.zombies import Candidate
from pipelines.governance.tables import OutputTable, Value
from pipelines.standards.tenths import tenths

NOT_CONCERNED = "不适用"
_SCORE, _COUNTED = "E5", "E11"  # a mean and a count, no shares


def element_table(elements: Sequence[RegisteredElement]) -> OutputTable:
    """一数一源一标准: a row per golden column."""
    return OutputTable(
        "一数一源一标准清单",
        (
            *("基础库", "信息项", "字段名", "数据元标准", "数源部门", "其他提供部门及一致率"),
            *("未结异议", "说明"),
        ),
        [
            (
                each.library_title, each.title, each.column, each.standard, each.lead,
                "；".join(map(_held, each.beside)), each.disputes, "；".join(each.remarks),
            )
            for each in elements
        ],
        "一致率：最近一次比对中与基础库发布值一致的记录数 ÷ 可比对的记录数；"
        "数源部门：权威次序中第一个已接入的部门。",
    )  # fmt: skip


def _held(holder: Holder) -> str:
    share = holder.agreement
    told = "未比对" if share is None else f"{share:.1%}（{holder.agreed:,}/{holder.compared:,}）"
    return f"{holder.department_title}“{holder.title}”{told}"


def evaluation_table(
    figures: Mapping[str, Sequence[Figure]], begin: str, until: str
) -> OutputTable:
    """E1 to E12: a row per department and indicator, with formula and the figures behind it."""
    rows: list[Sequence[Value]] = []
    for department, mine in figures.items():
        for figure in mine:
            indicator = INDICATORS[figure.number]
            rows.append(
                (
                    department, figure.number, indicator.name, _shown(figure),
                    _count(figure.part), _count(figure.whole), indicator.formula,
                    "越低越好" if indicator.lower_is_better else "越高越好",
                )
            )  # fmt: skip
    return OutputTable(
        "政务信息共享评价指标",
        ("部门", "编号", "指标", "结果", "分子", "分母", "公式", "方向"),
        rows,
        f"{begin} 至 {until}。指标和公式为本系统自定，不是国家指标表；"
        f"“{NOT_RECORDED}”的指标没有事实来源，不作估计；“{NOT_CONCERNED}”的部门没有该项工作。",
    )


def indicator_table() -> OutputTable:
    """The indicators with their formulas, once."""
    return OutputTable(
        "政务信息共享评价指标和公式",
        ("编号", "指标", "公式", "方向"),
        [
            (n, each.name, each.formula, "越低越好" if each.lower_is_better else "越高越好")
            for n, each in INDICATORS.items()
        ],
        "指标和公式为本系统自定，不是国家指标表。",
    )


def figure_table(figures: Mapping[str, Sequence[Figure]], begin: str, until: str) -> OutputTable:
    """What stands behind each figure that there is; the others are no work of the department."""
    return OutputTable(
        "各部门评价指标依据",
        ("部门", "编号", "指标", "结果", "分子", "分母"),
        [
            (
                department, figure.number, INDICATORS[figure.number].name, _shown(figure),
                _count(figure.part), _count(figure.whole),
            )
            for department, mine in figures.items()
            for figure in mine
            if figure.part is not None and (figure.whole or figure.number == _COUNTED)
        ],
        f"{begin} 至 {until}。没有列出的指标，该部门没有该项工作或者尚无记录；"
        "E5 的分子为各数据源得分与记录数的乘积之和，E11 为件数。",
    )  # fmt: skip


def _shown(figure: Figure) -> str:
    if figure.number == _COUNTED:
        return NOT_RECORDED if figure.part is None else f"{figure.part:.0f} 件"
    if figure.value is None:
        return NOT_RECORDED if figure.part is None else NOT_CONCERNED
    return (
        f"{tenths(figure.value)} 分"
        if figure.number == _SCORE
        else f"{tenths(100 * figure.value)}%"
    )


def _count(value: float | None) -> Value:
    return None if value is None else round(value, 1)


def inventory_table(systems: Sequence[System]) -> OutputTable:
    """系统清册: every system with the fields of the policy, as its department described it."""
    return OutputTable(
        "政务信息系统清册",
        ("序号", *SYSTEM_COLUMNS.values()),
        [(n, *each.texts.values()) for n, each in enumerate(systems, start=1)],
        f"共 {len(systems)} 个系统。编制依据：国办发〔2017〕39号 二(一)。",
    )


def candidate_table(candidates: Sequence[Candidate]) -> OutputTable:
    """僵尸系统: a row per criterion that a system meets; the decision is left open."""
    return OutputTable(
        "疑似僵尸系统清单（供研究决定）",
        (
            *("系统名称", "责任单位", "符合的情形", "依据", "未掌握情况的情形"),
            "处理意见（清理、整合、保留及理由）",
        ),
        [
            (
                each.system.name, each.system.department, criterion, evidence,
                "、".join(each.unknown), "",
            )
            for each in candidates
            for criterion, evidence in each.hits.items()
        ],
        "情形见国办发〔2017〕39号 二(一)；可测指标和限值为本系统自定。"
        "符合情形不等于结论，处理意见由主管部门填写。",
    )  # fmt: skip


def integration_table(listed: Sequence[tuple[System, Sequence[str]]]) -> OutputTable:
    """整合共享清单: which systems are to be merged or connected, and why."""
    return OutputTable(
        "政务信息系统整合共享清单",
        ("系统名称", "责任单位", "所属处室", "理由", "整合去向", "完成时限"),
        [
            (each.name, each.department, each.texts["office"], "；".join(reasons), "", "")
            for each, reasons in listed
        ],
        "编制依据：国办发〔2017〕39号 二(二)。整合去向和时限由责任单位填写。",
    )


def filing_table(verdicts: Sequence[Verdict]) -> OutputTable:
    """备案: every project with what it lacks."""
    return OutputTable(
        "政务信息化项目备案审核表",
        (*PROJECT_COLUMNS.values(), "是否符合要求", "不符合的内容"),
        [
            (
                *each.filing.texts.values(),
                "符合" if each.complies else "不符合",
                "；".join(each.lacks),
            )
            for each in verdicts
        ],
        "内容见国办发〔2017〕39号 三(六)，审核规则为本系统自定；审批由主管部门作出。",
    )


def duty_table(duties: Sequence[DueDuty], today: str) -> OutputTable:
    """台账: duties by state, the late ones first, then by due day."""
    order = ("late", "running", "late_done", "done")
    ordered = sorted(duties, key=lambda each: (order.index(each.state), each.due or date.max))
    shown = ("number", "kind", "department", "subject", "received", "done")
    return OutputTable(
        "政务信息共享工作台账",
        (
            *(DUTY_COLUMNS[name] for name in shown),
            *("办理期限", "状态", "剩余工作日", "依据", "缺少的内容"),
        ),
        [
            (
                *(each.duty.texts[name] for name in shown),
                each.due.isoformat() if each.due else "待次年放假安排公布",
                STATE_WORDS[each.state],
                each.days_left,
                LIMITS[each.duty.kind].basis,
                "、".join(each.lacks),
            )
            for each in ordered
        ],
        f"截至 {today}。期限按工作日计算，受理当日不计入；剩余工作日为负数的，为已逾期的工作日数。",
    )
