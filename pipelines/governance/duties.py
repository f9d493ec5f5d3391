"""Ledger of duties with their legal limits (台账与时限), and requests for sharing (供需对接).

政务数据共享条例 (国令第809号) articles 17, 21, 22, 26: limits are in working days, the day of
receipt not counted. A site may set shorter limits, never longer ones. What is late is computed each
time it is asked, from the days in the ledger; nothing is stored that could contradict them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pipelines.errors import CalendarUnknown, DeclarationRefused
from pipelines.governance.cells import SheetFault, read_day
from pipelines.standards.working_days import WorkingCalendar

DutyKind = Literal[
    "request_unconditional", "request_conditional", "request_listed", "request_unlisted", "supply",
    "correction", "catalogue_update", "catalogue_review", "disposal", "yearly",
]  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """Working days by law, with the article, and what extends them where that is possible."""

    title: str
    days: int
    extended: int
    basis: str


LIMITS: Mapping[DutyKind, Limit] = {
    "request_unconditional": Limit("无条件共享申请答复", 1, 1, "条例第二十一条"),
    "request_conditional": Limit("有条件共享申请答复", 10, 20, "条例第二十一条"),
    # 5 days where it is listed: ours, within the ten of the law; else it has to be listed first.
    "request_listed": Limit("目录内共享申请答复", 5, 15, "条例第二十一条，本市时限"),
    "request_unlisted": Limit("目录外共享申请答复", 10, 20, "条例第二十一条"),
    "supply": Limit("批准后提供数据", 20, 20, "条例第二十二条"),
    "correction": Limit("校核申请办结", 10, 10, "条例第二十六条"),
    "catalogue_update": Limit("目录更新", 10, 15, "条例第十七条"),
    "catalogue_review": Limit("目录更新审核发布", 2, 2, "条例第十七条"),
    "disposal": Limit("使用期满后处置数据", 10, 10, "条例第二十七条，时限为本系统自定"),
    "yearly": Limit("年度任务", 1, 1, "国办发〔2017〕39号三（二）"),  # due on a day of the year
}
# What a sheet may say; a yearly task has its day in governance/duties.yml.
KINDS_BY_TITLE: Mapping[str, DutyKind] = {
    limit.title: kind for kind, limit in LIMITS.items() if kind != "yearly"
}
DUTY_COLUMNS: Mapping[str, str] = {
    "number": "编号",
    "kind": "事项",
    "department": "责任部门",
    "subject": "内容",
    "received": "受理日期",
    "extended": "经批准延期",
    "done": "办结日期",
    "basis": "使用依据",
    "scene": "使用场景",
    "scope": "使用范围",
    "mode": "共享方式",
    "until": "使用时限",
    "answer": "答复",
    "ground": "不同意的理由",
}
# A request says these (article 20); one that lacks any is asked for them once, not refused.
REQUEST_FIELDS = ("basis", "scene", "scope", "mode", "until")
_REQUESTS: Sequence[DutyKind] = (
    "request_unconditional", "request_conditional", "request_listed", "request_unlisted",
)  # fmt: skip
_YES, _NO = frozenset({"是", "1"}), frozenset({"否", "0"})
_REFUSED = ("不同意", "不予共享", "驳回")

State = Literal["done", "late_done", "running", "late"]
STATE_WORDS: Mapping[State, str] = {
    "done": "按期办结", "late_done": "逾期办结", "running": "在办", "late": "逾期未办结",
}  # fmt: skip


@dataclass(frozen=True)
class Duty:
    """One duty: what, whose, since when; ``done`` None while it runs.

    ``due``: the day where it is known; else it follows from the limit in working days.
    """

    line: int
    texts: Mapping[str, str]
    kind: DutyKind
    received: date
    done: date | None
    extended: bool
    due: date | None = None


@dataclass(frozen=True)
class DueDuty:
    """A duty with its due day and state on a day; ``lacks``: what the law wants it to say."""

    duty: Duty
    due: date | None  # None: in a year whose working days are not known yet
    state: State
    days_left: int | None  # working days; negative: late by so many
    lacks: Sequence[str]


def read_duties(
    rows: Iterable[tuple[int, Mapping[str, str]]], today: date
) -> tuple[list[Duty], list[SheetFault]]:
    """Duties of a sheet; a row that says no kind or no day of receipt is a fault and no duty.

    Args:
        rows: Line and cells by name (``DUTY_COLUMNS``).
        today: Nothing was received or done later.
    """
    duties, faults = [], []
    for line, cells in rows:
        texts = {name: cells.get(name, "").strip() for name in DUTY_COLUMNS}
        wrong = list(_wrong(line, texts, today))
        faults += wrong
        received = read_day(texts["received"])
        if not wrong and received:
            kind = KINDS_BY_TITLE[texts["kind"]]
            extended = texts["extended"] in _YES
            duties.append(Duty(line, texts, kind, received, read_day(texts["done"]), extended))
    return duties, faults


def _wrong(line: int, texts: Mapping[str, str], today: date) -> Iterator[SheetFault]:
    def fault(column: str, problem: str, remedy: str) -> SheetFault:
        return SheetFault(line, texts["number"], DUTY_COLUMNS[column], problem, remedy)

    if texts["kind"] not in KINDS_BY_TITLE:
        told = "、".join(KINDS_BY_TITLE)
        yield fault("kind", f"“{texts['kind']}”不是事项。", f"应为{told}之一。")
    if not texts["department"]:
        yield fault("department", "没有填写。", "请填写责任部门。")
    received, done = read_day(texts["received"]), read_day(texts["done"])
    if received is None:
        yield fault("received", "没有填写或不是日期。", "请写成 2026-07-01。")
    elif received > today:
        yield fault("received", "还没有到。", "请更正日期。")
    if texts["done"] and done is None:
        yield fault("done", "不是日期。", "请写成 2026-07-01，未办结的留空。")
    elif done and (done > today or (received and done < received)):
        yield fault("done", "早于受理日期，或还没有到。", "请更正日期。")
    if texts["extended"] and texts["extended"] not in (*_YES, *_NO):
        yield fault("extended", "不是“是”或“否”。", "请填“是”或“否”。")


def limits_of_site(shorter: Mapping[str, int], file: Path) -> Mapping[DutyKind, int]:
    """The limits of a site in working days: those of the law where it sets none.

    Raises:
        DeclarationRefused: a limit that no law knows, or one that is longer than the law's.
    """
    limits: dict[DutyKind, int] = {kind: limit.days for kind, limit in LIMITS.items()}
    for name, days in shorter.items():
        kind = next((each for each in LIMITS if each == name), None)
        if kind is None:
            problem, remedy = "is no duty.", f"Name one of {', '.join(LIMITS)}."
        elif not 0 < days <= LIMITS[kind].days:
            problem = f"is {days}; the law allows {LIMITS[kind].days} working days at most."
            remedy = "Set a shorter limit, or none."
        else:
            limits[kind] = days
            continue
        raise DeclarationRefused(file, f"limits.{name}", problem, remedy)
    return limits


def judge_duties(
    duties: Iterable[Duty], limits: Mapping[DutyKind, int], today: date, calendar: WorkingCalendar
) -> list[DueDuty]:
    """Each duty with its due day and state, in the order given.

    Raises:
        CalendarUnknown: today, or the day when it was done, is in a year without a calendar.
    """
    return [_judged(duty, limits, today, calendar) for duty in duties]


def _judged(
    duty: Duty, limits: Mapping[DutyKind, int], today: date, calendar: WorkingCalendar
) -> DueDuty:
    limit = LIMITS[duty.kind]
    more = limit.extended - limit.days if duty.extended else 0
    end = duty.done or today
    try:
        due = duty.due or calendar.due(duty.received, limits[duty.kind] + more)
    except CalendarUnknown as unknown:
        if end.year >= unknown.year:
            raise
        return DueDuty(duty, None, "done" if duty.done else "running", None, _lacks(duty))
    late = end > due
    left = calendar.working_days_between(min(end, due), max(end, due)) * (-1 if late else 1)
    states: tuple[State, State] = ("done", "late_done") if duty.done else ("running", "late")
    return DueDuty(duty, due, states[late], left, _lacks(duty))


def _lacks(duty: Duty) -> list[str]:
    if duty.kind not in _REQUESTS:
        return []
    lacks = [DUTY_COLUMNS[name] for name in REQUEST_FIELDS if not duty.texts[name]]
    refused = any(word in duty.texts["answer"] for word in _REFUSED)
    return lacks + ([DUTY_COLUMNS["ground"]] if refused and not duty.texts["ground"] else [])
