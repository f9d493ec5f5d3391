"""Monthly page for the leaders of the city: issues found and repaired, and who is overdue. Pure.

The same content as an HTML page and as a sheet of A4; every number comes from ``OwnerFigures``.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pipelines.batch import batch_date
from pipelines.report.owner.figures import BALANCE, COUNTS, OwnerFigures
from pipelines.standards.tenths import tenths

TEMPLATES = Path(__file__).parents[1] / "templates"
MOST_ROWS = 20  # departments that fit one page; the rest is one line
MOST_TROUBLES = 8
TITLES: Mapping[str, str] = {
    "found": "发现",
    "sent": "告知",
    "answered": "答复",
    "fixed": "解决",
    "confirmed": "确认无误",
    "overdue": "逾期",
    "still_open": "未结",
    "repair_rate": "整改率",
    "on_time_rate": "按期答复率",
    "median_days": "办结天数",
    "grades": "质量等级",
}
TILES = ("found", "answered", "fixed", "confirmed", "overdue", "still_open", "repair_rate",
         "on_time_rate")  # fmt: skip
COLUMNS = (*TILES, "median_days", "grades")
_RATES = ("repair_rate", "on_time_rate")
NOTE = (
    "发现：当月新发现和再次出现的问题数；答复：数源部门当月回报更正、说明或确认无误的问题数（同一问题只计一次）；记录未再报送的不计为解决；"
    "逾期：答复期限（告知次日起 10 个工作日，《政务数据共享条例》第二十六条）在当月届满而届满前"
    "未答复也未解决的问题数；未结：月末（本月为制表当日）尚未解决的问题数，即上月结转加发现，减解决、确认无误和记录未再报送；"
    "整改率：解决和确认无误的，占上月结转加发现（不含记录未再报送）的比例；按期答复率：期限届满或已答复的问题中，在期限内答复或解决的比例；"
    "办结天数：当月解决或确认无误的问题从发现到办结的自然日中位数，多个数据集按办结数加权；质量等级：各数据集最近一批的等级。"
)

Kind = Literal["late", "missing", "failed", "stopped"]
_TROUBLES: Mapping[Kind, str] = {
    "late": "应报未报的数据集 {number} 个",
    "missing": "从未报送的数据集 {number} 个",
    "failed": "报送的文件未能入库的数据集 {number} 个",
    "stopped": "未通过质量校验（门禁）、已退回的 {number} 批",
}


@dataclass(frozen=True)
class Trouble:
    """A data set that did not arrive: it was late, or was stopped; ``batch`` which one."""

    department: str
    dataset: str
    kind: Kind
    batch: str = ""

    @property
    def said(self) -> str:
        """Which data set and, where one is meant, which batch of it."""
        last = f"（最近一批 {_day(self.batch)}）" if self.kind == "late" else ""
        this = f"（批次 {self.batch}）" if self.kind in ("stopped", "failed") else ""
        return f"《{self.dataset}》{last if self.batch else ''}{this if self.batch else ''}"


def _day(batch: str) -> str:
    """The day of a batch in words."""
    day = batch_date(batch)
    return f"{day.month} 月 {day.day} 日"


@dataclass(frozen=True)
class CityMonth:
    """Everything on the page. ``trend``: months in order, the last one is this.

    ``rows``: one per department. ``troubles``: what did not arrive, or was stopped.
    """

    month: date
    rows: Sequence[OwnerFigures]
    total: OwnerFigures
    before: OwnerFigures | None
    trend: Sequence[tuple[date, OwnerFigures]]
    as_of: date | None = None  # the day it was made, if the month was not over; None: it was
    troubles: Sequence[Trouble] = ()

    @property
    def title(self) -> str:
        """What the page is."""
        until = f"（截至 {self.as_of.day} 日）" if self.as_of else ""
        return f"{self.month.year} 年 {self.month.month} 月{until}公共数据质量问题整改情况"

    @property
    def news(self) -> Sequence[str]:
        """The summary of the month in sentences."""
        total = self.total
        sentences = [
            f"上月结转 {total.carried:,} 处，本月发现问题 {total.found:,} 处，"
            f"解决 {total.fixed:,} 处，确认无误 {total.confirmed:,} 处，"
            f"{f'记录未再报送 {total.gone:,} 处，' if total.gone else ''}"
            f"{'目前' if self.as_of else '月末'}尚未解决 {total.still_open:,} 处。"
        ]
        sentences += self._late()
        return [*sentences, *filter(None, map(self._troubles_said, _TROUBLES))]

    def _troubles_said(self, kind: Kind) -> str:
        """How many data sets it is about and, department by department, which; "" if none."""
        found = [each for each in self.troubles if each.kind == kind]
        if not found:
            return ""
        by_department: dict[str, list[str]] = defaultdict(list)
        for each in found[:MOST_TROUBLES]:
            by_department[each.department].append(each.said)
        named = "；".join(f"{name}{'、'.join(sets)}" for name, sets in by_department.items())
        rest = f"；另有 {len(found) - MOST_TROUBLES} 个" if len(found) > MOST_TROUBLES else ""
        return f"{_TROUBLES[kind].format(number=len(found))}：{named}{rest}。"

    def _late(self) -> Sequence[str]:
        late = sorted(
            (row for row in self.rows if row.overdue and row.dataset != REST),
            key=lambda row: -row.overdue,
        )
        if not self.total.overdue:
            return ["没有部门逾期未答复。"]
        named = "、".join(f"{row.department} {row.overdue:,} 处" for row in late[:3])
        return [
            f"逾期未答复 {self.total.overdue:,} 处，最多的是：{named}。请有关部门限期核实并答复。"
        ]


REST = "…"  # in place of a data set: the line of all further departments


def city_month(
    month: date,
    figures: Sequence[tuple[date, OwnerFigures]],
    months: Sequence[date],
    today: date | None = None,
    troubles: Sequence[Trouble] = (),
) -> CityMonth:
    """Put the page together.

    Args:
        month: Its first day.
        figures: Month and figures of every data set, of all ``months``.
        months: The months of the trend in order, ``month`` last.
        today: If ``month`` is not over by then, the page says so.
        troubles: Data sets that did not arrive in the month, or were stopped.
    """
    mine = _by_department([row for when, row in figures if when == month])
    ordered = sorted(mine, key=lambda r: (-r.overdue, -r.still_open, r.department))
    shown = list(ordered[:MOST_ROWS])
    if rest := ordered[MOST_ROWS:]:
        shown.append(_sum(f"其余 {len(rest)} 个部门", rest, REST))
    trend = [(m, _sum("全市", [row for when, row in figures if when == m])) for m in months]
    before = trend[-2][1] if len(trend) > 1 else None
    running = today is not None and (today.year, today.month) == (month.year, month.month)
    return CityMonth(
        month, shown, trend[-1][1], before, trend, today if running else None, tuple(troubles)
    )


def render_city(page: CityMonth) -> str:
    """The page as HTML: escaped, without script, loading nothing from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    highest = max((max(t.found, t.fixed, t.overdue) for _, t in page.trend), default=0)
    return environment.get_template("city.html.j2").render(
        page=page,
        titles=TITLES,
        tiles=TILES,
        columns=COLUMNS,
        cell=cell,
        note=NOTE,
        highest=max(highest, 1),
        delta=delta,
    )


def cell(figures: OwnerFigures, name: str) -> str:
    """A figure as both page and sheet show it."""
    value = getattr(figures, name)
    if name == "grades":
        counted = sorted(Counter(value).items())
        return "、".join(g if n == 1 else f"{g}×{n}" for g, n in counted) or "—"
    if value is None:
        return "—"
    if name in _RATES:
        return f"{tenths(100 * value)} %"
    return f"{value:.1f}" if name == "median_days" else f"{value:,}"


def delta(page: CityMonth, name: str) -> str:
    """How a number compares with the month before, in words."""
    if page.before is None:
        return ""
    now, was = getattr(page.total, name), getattr(page.before, name)
    if now is None or was is None:
        return ""
    if name in _RATES:
        points = round(100 * (now - was), 1)
        words = f"{'上升' if points > 0 else '下降'} {abs(points):.1f} 个百分点"
        return f"比上月{words}" if points else "与上月持平"
    change = now - was
    return f"比上月{'增加' if change > 0 else '减少'} {abs(change):,}" if change else "与上月持平"


def _by_department(rows: Sequence[OwnerFigures]) -> Sequence[OwnerFigures]:
    """One line per department, with the name of its data set where it has one only."""
    grouped: dict[str, list[OwnerFigures]] = defaultdict(list)
    for row in rows:
        grouped[row.department].append(row)
    return [
        own[0] if len(own) == 1 else _sum(department, own, f"{len(own)} 个数据集")
        for department, own in grouped.items()
    ]


def _sum(title: str, rows: Sequence[OwnerFigures], dataset: str = "") -> OwnerFigures:
    names = dict.fromkeys((*COUNTS, *BALANCE, "in_time", "due"))
    counted = {name: sum(getattr(row, name) for row in rows) for name in names}
    timed = [
        (row.median_days, row.fixed + row.confirmed) for row in rows if row.median_days is not None
    ]
    weight = sum(closed or 1 for _, closed in timed)
    days = sum(days * (closed or 1) for days, closed in timed) / weight if timed else None
    grades = tuple(grade for row in rows for grade in row.grades)
    return OwnerFigures(
        department=title, dataset=dataset, median_days=days, grades=grades, **counted
    )
