"""Yearly evaluation (评价考核) of departments out of measured facts: indicators E1 to E12.

The national sheet of indicators was not found; numbers, names and formulas are ours (domain.md 9.1,
marked as design) and stand beside every figure. An indicator whose facts nobody records yet has no
figure and says so: an estimate would be contested, and rightly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipelines.governance.duties import DueDuty
from pipelines.governance.element_register import RegisteredElement
from pipelines.governance.resources.entry import SHARE_TYPES, Entry
from pipelines.governance.resources.lint import CatalogueFault
from pipelines.governance.sharing.register import JudgedRequest

NOT_RECORDED = "尚无记录"


@dataclass(frozen=True)
class SourceFacts:
    """What was measured of one source in the period."""

    source: str
    department: str  # title
    rows: int  # of its latest batch
    score: float | None  # latest
    deliveries: tuple[int, int]  # arrived in time, due
    answers: tuple[int, int]  # issues answered within their limit, issues whose limit is over


@dataclass(frozen=True)
class Figure:
    """One indicator of one department: ``part`` of ``whole``, or a mean.

    None: nobody recorded it; a ``whole`` of 0: it does not concern the department.
    """

    number: str
    part: float | None
    whole: float | None

    @property
    def value(self) -> float | None:
        """The share, or the mean of E5."""
        return self.part / self.whole if self.part is not None and self.whole else None


@dataclass(frozen=True)
class IndicatorText:
    """Name and formula of an indicator, and whether less is better."""

    name: str
    formula: str
    lower_is_better: bool = False


INDICATORS: Mapping[str, IndicatorText] = {
    "E1": IndicatorText("目录完整率", "核心元数据齐全、无差错的目录条目数 ÷ 目录条目数"),
    "E2": IndicatorText("目录更新及时率", "在 10（+5）个工作日内完成的目录更新数 ÷ 应更新数"),
    "E3": IndicatorText("挂接率", "已有数据接入的目录条目数 ÷ 可共享的目录条目数"),
    "E4": IndicatorText("数据更新及时率", "按更新周期送达的批次数 ÷ 应送批次数"),
    "E5": IndicatorText("数据质量得分", "各数据源最近一次得分按记录数加权平均"),
    "E6": IndicatorText("申请答复及时率", "按期答复的共享申请数 ÷ 已答复或期限已满的共享申请数"),
    "E7": IndicatorText("供给及时率", "20 个工作日内提供的数 ÷ 已提供或期限已满的批准数"),
    "E8": IndicatorText("校核及时率", "在 10 个工作日内答复或解决的问题数 ÷ 期限已满的问题数"),
    "E9": IndicatorText("使用度", "评价期内有调用的授权数 ÷ 有效授权数（使用部门）"),
    "E10": IndicatorText(
        "重复采集率",
        "数源为其他部门且同一对象已由其提供的信息项数 ÷ 提供的信息项数",
        lower_is_better=True,
    ),
    "E11": IndicatorText(
        "安全事项", "诱饵被查、期满未处置、缺使用记录的件数", lower_is_better=True
    ),
    "E12": IndicatorText("不予共享率", "不予共享的目录条目数 ÷ 目录条目数", lower_is_better=True),
}


@dataclass(frozen=True)
class GrantFacts:
    """One grant in force: the title of its consumer, calls in the period, canaries looked up."""

    consumer: str
    calls: int
    canaries: int = 0


@dataclass(frozen=True)
class Facts:
    """All that the evaluation is made of; ``None``: nobody records it here."""

    entries: Sequence[Entry]  # of sources
    faults: Sequence[CatalogueFault]
    sources: Sequence[SourceFacts]
    elements: Sequence[RegisteredElement]
    updates: Sequence[DueDuty] = ()  # of the catalogue, of the period
    requests: Sequence[JudgedRequest] = ()  # received in the period
    approved: Sequence[JudgedRequest] = ()  # in whatever year, as they stood at its end
    grants: Sequence[GrantFacts] | None = None


def evaluate(facts: Facts) -> Mapping[str, Sequence[Figure]]:
    """Figures by department (title), in the order of the indicators; departments by name.

    Departments are those that provide, and those that use.
    """
    providers = {entry.provider for entry in facts.entries}
    providers |= {each.provider for each in facts.requests if each.provider}
    consumers = {each.request.consumer for each in facts.requests}
    consumers |= {each.consumer for each in facts.grants or ()}
    departments = sorted(providers | consumers)
    return {
        name: [_FIGURES.get(number, _nothing)(number, name, facts) for number in INDICATORS]
        for name in departments
    }


_Figure = Callable[[str, str, Facts], Figure]


def _nothing(number: str, _department: str, _facts: Facts) -> Figure:
    return Figure(number, None, None)


def _complete(number: str, department: str, facts: Facts) -> Figure:
    faulty = {fault.origin for fault in facts.faults}
    mine = _entries(department, facts)
    return Figure(number, sum(each.origin not in faulty for each in mine), len(mine))


def _updated(number: str, department: str, facts: Facts) -> Figure:
    mine = [each for each in facts.updates if each.duty.texts["department"] == department]
    over = [each.state == "done" for each in mine if each.state != "running"]
    return Figure(number, sum(over), len(over))


def _replied(number: str, department: str, facts: Facts) -> Figure:
    asked = [each.answered_in_time for each in facts.requests if each.provider == department]
    return _judged(number, asked)


def _supplied(number: str, department: str, facts: Facts) -> Figure:
    asked = [each.supplied_in_time for each in facts.requests if each.provider == department]
    return _judged(number, asked)


def _judged(number: str, in_time: Sequence[bool | None]) -> Figure:
    over = [each for each in in_time if each is not None]
    return Figure(number, sum(over), len(over))


def _used(number: str, department: str, facts: Facts) -> Figure:
    if facts.grants is None:
        return Figure(number, None, None)
    mine = [each.calls > 0 for each in facts.grants if each.consumer == department]
    return Figure(number, sum(mine), len(mine))


def _incidents(number: str, department: str, facts: Facts) -> Figure:
    """A count: canaries, data not disposed of in time, deliveries whose use nobody recorded."""
    if facts.grants is None:
        return Figure(number, None, None)
    canaries = sum(each.canaries for each in facts.grants if each.consumer == department)
    own = [each for each in facts.approved if each.request.consumer == department]
    undisposed = sum(each.state == "to_dispose" for each in own)
    unrecorded = sum(
        each.state in ("to_dispose", "disposed") and not each.request.used_for for each in own
    )
    return Figure(number, canaries + undisposed + unrecorded, None)


def _connected(number: str, department: str, facts: Facts) -> Figure:
    shareable = [e for e in _entries(department, facts) if e.share_type != SHARE_TYPES["none"]]
    delivered = {f"source {each.source}" for each in facts.sources if each.rows}
    return Figure(number, sum(each.origin in delivered for each in shareable), len(shareable))


def _in_time(number: str, department: str, facts: Facts) -> Figure:
    mine = _sources(department, facts)
    due = sum(each.deliveries[1] for each in mine)
    if mine and not due:
        return Figure(number, None, None)  # nothing ever came: from when would it be due
    return Figure(number, sum(each.deliveries[0] for each in mine), due)


def _quality(number: str, department: str, facts: Facts) -> Figure:
    mine = _sources(department, facts)
    scored = [(each.score, each.rows) for each in mine if each.score is not None]
    rows = sum(count for _, count in scored)
    if mine and not rows:
        return Figure(number, None, None)
    return Figure(number, sum(score * count for score, count in scored), rows)


def _answered(number: str, department: str, facts: Facts) -> Figure:
    answers = [each.answers for each in _sources(department, facts)]
    return Figure(number, sum(part for part, _ in answers), sum(whole for _, whole in answers))


def _collected_again(number: str, department: str, facts: Facts) -> Figure:
    """Nothing is collected twice but where another department has the same records."""
    held = {
        (each.library, each.column): (each.lead, holder.compared)
        for each in facts.elements
        for holder in each.holders
        if holder.department_title == department
    }
    again = [lead not in ("", department) and compared for lead, compared in held.values()]
    return Figure(number, sum(map(bool, again)), len(held))


def _withheld(number: str, department: str, facts: Facts) -> Figure:
    mine = _entries(department, facts)
    return Figure(number, sum(e.share_type == SHARE_TYPES["none"] for e in mine), len(mine))


_FIGURES: Mapping[str, _Figure] = {
    "E1": _complete, "E2": _updated, "E3": _connected, "E4": _in_time, "E5": _quality,
    "E6": _replied, "E7": _supplied, "E8": _answered, "E9": _used, "E10": _collected_again,
    "E11": _incidents, "E12": _withheld,
}  # fmt: skip


def _entries(department: str, facts: Facts) -> list[Entry]:
    return [each for each in facts.entries if each.provider == department]


def _sources(department: str, facts: Facts) -> list[SourceFacts]:
    return [each for each in facts.sources if each.department == department]
