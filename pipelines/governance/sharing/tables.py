"""The register of requests and the demand without supply as tables for people."""

from collections.abc import Sequence

from pipelines.governance.sharing.register import REQUEST_STATES, Demand, JudgedRequest
from pipelines.governance.sharing.request import DECISION_WORDS
from pipelines.governance.tables import OutputTable


def request_table(judged: Sequence[JudgedRequest], today: str) -> OutputTable:
    """共享申请台账: a row per request, with what the law wants it to say and what became of it."""
    return OutputTable(
        "政务数据共享申请台账",
        (
            *("编号", "申请单位", "信息资源", "提供单位", "使用依据", "使用场景", "使用范围"),
            *("共享方式", "使用时限", "受理日期", "补正告知", "答复期限", "状态", "答复"),
            *("答复日期", "文号", "不同意的理由", "授权", "提供期限", "提供日期", "应用成效"),
            *("处置日期", "缺少的内容"),
        ),
        [
            (
                r.number, r.consumer, each.entry.name if each.entry else r.wanted or r.resource,
                each.provider or "目录中没有", r.basis, r.scene, r.scope, r.mode, r.until,
                str(r.received), _day(r.asked_on), _day(each.due), REQUEST_STATES[each.state],
                DECISION_WORDS[r.decision], _day(r.answered_on), r.answered_by, r.ground, r.grant,
                _day(each.supply_due), _day(r.supplied_on), r.used_for, _day(r.disposed_on),
                "、".join(r.lacks),
            )
            for each in judged
            for r in [each.request]
        ],
        f"截至 {today}。依据《政务数据共享条例》第二十条至第二十二条、第二十七条、第二十九条；"
        "目录内有条件共享的答复时限 5 个工作日为本系统默认，不超过条例的 10 个工作日。",
    )  # fmt: skip


def demand_table(demands: Sequence[Demand], today: str) -> OutputTable:
    """需求清单: what is asked for and not supplied, the most wanted first."""
    return OutputTable(
        "未满足的数据需求清单",
        ("需求内容", "原因", "申请单位", "申请单位数", "最早受理日期", "申请编号"),
        [
            (
                each.wanted, each.why, "、".join(each.consumers), len(each.consumers),
                str(each.since), "、".join(each.numbers),
            )
            for each in demands
        ],
        f"截至 {today}。按申请单位数排列，供数源部门和数据管理部门研究。",
    )  # fmt: skip


def _day(day: object) -> str:
    return str(day) if day else ""
