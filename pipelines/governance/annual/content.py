"""The yearly report of a city: what is said, in sentences, tables and pictures. Pure.

国办发〔2017〕39号 三(二) names three parts: the catalogue, systems on the common platform, exchange
and cooperation. Evaluation, what is late and what is wanted follow; every number is a fact of the
year, and beside it stands that of the year before where that was recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.governance.evaluation import INDICATORS, Figure
from pipelines.governance.tables import OutputTable
from pipelines.standards.tenths import tenths


@dataclass(frozen=True)
class Counted:
    """A number of the year, and that of the year before; None: it was not recorded."""

    now: int
    before: int | None = None


@dataclass(frozen=True)
class SystemProgress:
    """Systems of the inventory: how many there are, are connected, are candidates, are to merge."""

    systems: int
    connected: int
    zombies: int
    to_integrate: int


@dataclass(frozen=True)
class YearFacts:
    """What the report is made of."""

    jurisdiction: str
    year: int
    until: str  # last day, ISO
    entries: Counted
    by_class: Mapping[str, int]  # 类 to entries
    by_sharing: Mapping[str, int]  # 共享类型 to entries
    opened: int
    faults: int
    systems: SystemProgress | None  # None: no inventory was given
    libraries: Mapping[str, int]  # title to entities published
    sources: int
    batches: Counted
    requests: Counted
    approved: int
    refused: int
    answered_in_time: tuple[int, int]
    grants: int
    calls: Counted
    corrections_in_time: tuple[int, int]
    late: int
    demands: int
    figures: Mapping[str, Sequence[Figure]]
    annexes: Sequence[OutputTable]


@dataclass(frozen=True)
class Section:
    """A part with its heading; ``table`` and ``bars`` follow the text."""

    heading: str
    paragraphs: Sequence[str]
    table: OutputTable | None = None
    bars: Sequence["Bars"] = ()


@dataclass(frozen=True)
class Bars:
    """A picture of horizontal bars: name and value, in order; ``unit`` % or 分."""

    title: str
    values: Sequence[tuple[str, float]]
    unit: str


@dataclass(frozen=True)
class AnnualReport:
    """The report: title, opening, sections, annexes, and what it is not."""

    title: str
    opening: str
    sections: Sequence[Section]
    annexes: Sequence[OutputTable]
    note: str


def annual_report(facts: YearFacts) -> AnnualReport:
    """Put the report together."""
    return AnnualReport(
        title=f"{facts.jurisdiction}{facts.year}年度政务信息资源共享情况报告",
        opening=(
            "按照《国务院办公厅关于印发政务信息系统整合共享实施方案的通知》（国办发〔2017〕39号）"
            f"和《政务数据共享条例》要求，现将{facts.jurisdiction}{facts.year}年度政务信息资源共享"
            f"情况报告如下。数据截至{_day(facts.until)}。"
        ),
        sections=[
            Section("一、政务信息资源目录编制情况", list(_catalogue(facts))),
            Section("二、政务信息系统接入统一共享平台进展", list(_systems(facts))),
            Section("三、数据对接共享和支撑协同应用情况", list(_exchange(facts))),
            _evaluation(facts),
            Section("五、存在问题和下一步工作", list(_problems(facts))),
        ],
        annexes=facts.annexes,
        note=(
            "本稿由系统根据目录、批次、评分、申请、授权和审计记录生成，供起草参考，未经审定。"
            "评价指标及公式为本系统自定，不是国家指标。"
        ),
    )


def _catalogue(facts: YearFacts) -> Iterator[str]:
    classes = "、".join(f"{name}{count:,}个" for name, count in facts.by_class.items())
    shares = "、".join(f"{name}{count:,}个" for name, count in facts.by_sharing.items())
    yield (
        f"本年度目录共编制信息资源{facts.entries.now:,}个{_delta(facts.entries, '个')}。按分类，"
        f"{classes}；按共享类型，{shares}。向社会开放{facts.opened:,}个。"
    )
    wrong = f"尚有{facts.faults:,}处填报差错待更正" if facts.faults else "未发现填报差错"
    yield (
        "目录由数据对接约定（报送目录）、基础库声明和授权文件生成，"
        f"逐项按编制指南核心元数据检查，{wrong}。"
    )


def _systems(facts: YearFacts) -> Iterator[str]:
    told = facts.systems
    if told is None:
        yield "本年度未报送政务信息系统清册，接入进展待各部门报送后补充。"
        return
    share = f"，接入率{told.connected / told.systems:.1%}" if told.systems else ""
    yield (
        f"系统清册登记政务信息系统{told.systems:,}个，其中已接入统一共享平台{told.connected:,}个{share}。"
    )
    yield (
        f"按国办发〔2017〕39号文件所列五种情形比对，疑似“僵尸”系统{told.zombies:,}个，"
        f"列入整合共享清单的系统{told.to_integrate:,}个，处理意见由主管部门研究决定。"
    )


def _exchange(facts: YearFacts) -> Iterator[str]:
    libraries = "、".join(f"{title}{count:,}条" for title, count in facts.libraries.items())
    yield (
        f"接入数据源{facts.sources:,}个，全年接收数据{facts.batches.now:,}批次"
        f"{_delta(facts.batches, '批次')}。"
        f"{f'基础库现有权威记录：{libraries}。' if libraries else ''}"
    )
    answered, due = facts.answered_in_time
    yield (
        f"受理共享申请{facts.requests.now:,}件{_delta(facts.requests, '件')}，"
        f"同意{facts.approved:,}件，不予共享{facts.refused:,}件"
        f"{_answered(answered, due)}。现行授权"
        f"{facts.grants:,}个，全年查询核验{facts.calls.now:,}次{_delta(facts.calls, '次')}。"
    )
    corrected, total = facts.corrections_in_time
    if total:
        yield f"校核问题期限已满{total:,}个{_in_time('，按期答复或解决', corrected, total, '个')}。"


def _evaluation(facts: YearFacts) -> Section:
    rows = [
        (department, *(_shown(figure) for figure in mine))
        for department, mine in facts.figures.items()
    ]
    table = OutputTable(
        "各部门评价指标", ("部门", *INDICATORS), rows,
        "、".join(f"{n} {text.name}" for n, text in INDICATORS.items())
        + "。“—”没有可计算的事实；E10、E11、E12 越低越好，其余越高越好。",
    )  # fmt: skip
    return Section(
        "四、评价情况",
        ["对各部门提供和使用共享信息情况按下表指标评价，公式和依据见附件。"],
        table,
        [each for each in (_bars(facts, "E5", "分"), _bars(facts, "E4", "%")) if each.values],
    )


def _bars(facts: YearFacts, number: str, unit: str) -> Bars:
    values = [
        (department, figure.value * (100 if unit == "%" else 1))
        for department, mine in facts.figures.items()
        for figure in mine
        if figure.number == number and figure.value is not None
    ]
    title = f"{INDICATORS[number].name}（{unit}）"
    return Bars(title, sorted(values, key=lambda each: -each[1]), unit)


def _problems(facts: YearFacts) -> Iterator[str]:
    late = f"逾期未办结的工作{facts.late:,}项" if facts.late else "没有逾期未办结的工作"
    wanted = f"未满足的数据需求{facts.demands:,}项" if facts.demands else "没有未满足的数据需求"
    yield f"截至{_day(facts.until)}，{late}，{wanted}，详见附件。"
    weak = [
        department
        for department, mine in facts.figures.items()
        for figure in mine
        if figure.number == "E4" and figure.value is not None and figure.value < _TIMELY
    ]
    steps = []
    if weak:
        steps.append(f"督促{'、'.join(weak)}按更新周期及时更新数据")
    if facts.late:
        steps.append("对逾期事项逐项明确责任人和办结时间")
    if facts.demands:
        steps.append("组织供需双方研究未满足的数据需求")
    if facts.faults:
        steps.append("更正目录填报差错")
    steps.append("持续做好目录动态更新和数据质量管理")
    yield f"下一步，{'；'.join(steps)}。"


_TIMELY = 0.9


def _shown(figure: Figure) -> str:
    if figure.number == "E11":
        return "—" if figure.part is None else f"{figure.part:.0f}"
    if figure.value is None:
        return "—"
    return tenths(figure.value) if figure.number == "E5" else f"{tenths(100 * figure.value)}%"


def _delta(counted: Counted, unit: str) -> str:
    if counted.before is None:
        return ""
    change = counted.now - counted.before
    if not change:
        return "（与上年持平）"
    return f"（比上年{'增加' if change > 0 else '减少'}{abs(change):,}{unit}）"


def _in_time(words: str, part: int, whole: int, unit: str) -> str:
    return f"{words}{part:,}{unit}，占{part / whole:.1%}" if whole else ""


def _answered(part: int, whole: int) -> str:
    if not whole:
        return ""
    return f"；已答复或期限已满的{whole:,}件中，按期答复{part:,}件，占{part / whole:.1%}"


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{year}年{int(month)}月{int(day)}日"
