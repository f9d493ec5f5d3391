"""Monthly page for the leaders of the city: issues found and repaired, and who is overdue. Pure.

The same content as an HTML page and as a sheet of A4; every number comes from ``OwnerFigures``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pipelines.report.owner.figures import COUNTS, OwnerFigures

TEMPLATES = Path(__file__).parents[1] / "templates"
MOST_ROWS = 20  # fit one page; the rest is one line
TITLES: Mapping[str, str] = {
    "found": "发现",
    "sent": "告知",
    "answered": "答复",
    "fixed": "解决",
    "confirmed": "确认无误",
    "overdue": "逾期",
    "still_open": "未结",
}
NOTE = (
    "发现：当月新发现和再次出现的问题数；答复：数源部门当月回报更正、说明或确认无误的问题数（同一问题只计一次）；记录未再报送的不计为解决；"
    "逾期：答复期限（告知次日起 10 个工作日，《政务数据共享条例》第二十六条）在当月届满而届满前"
    "未答复也未解决的问题数；未结：月末（本月为制表当日）尚未解决的问题数；解决天数：当月解决的问题从发现到解决的自然日中位数。"
)


@dataclass(frozen=True)
class CityMonth:
    """Everything on the page. ``trend``: months in order, the last one is this."""

    month: date
    rows: Sequence[OwnerFigures]
    total: OwnerFigures
    before: OwnerFigures | None
    trend: Sequence[tuple[date, OwnerFigures]]
    as_of: date | None = None  # the day it was made, if the month was not over; None: it was

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
            f"本月发现问题 {total.found:,} 处，解决 {total.fixed:,} 处，"
            f"确认无误 {total.confirmed:,} 处，"
            f"{'目前' if self.as_of else '月末'}尚未解决 {total.still_open:,} 处。"
        ]
        late = [row for row in self.rows if row.overdue]
        if not late:
            return [*sentences, "没有部门逾期未答复。"]
        worst = sorted(late, key=lambda row: -row.overdue)[:3]
        named = "、".join(f"{row.department}“{row.dataset}” {row.overdue:,} 处" for row in worst)
        sentences.append(
            f"逾期未答复 {total.overdue:,} 处，最多的是：{named}。请有关部门限期核实并答复。"
        )
        return sentences


def city_month(
    month: date,
    figures: Sequence[tuple[date, OwnerFigures]],
    months: Sequence[date],
    today: date | None = None,
) -> CityMonth:
    """Put the page together.

    Args:
        month: Its first day.
        figures: Month and figures of every data set, of all ``months``.
        months: The months of the trend in order, ``month`` last.
        today: If ``month`` is not over by then, the page says so.
    """
    mine = [row for when, row in figures if when == month]
    ordered = sorted(mine, key=lambda r: (-r.overdue, -r.still_open, r.department, r.dataset))
    shown = list(ordered[:MOST_ROWS])
    if rest := ordered[MOST_ROWS:]:
        shown.append(_sum(f"其余 {len(rest)} 个数据集", rest))
    trend = [(m, _sum("全市", [row for when, row in figures if when == m])) for m in months]
    before = trend[-2][1] if len(trend) > 1 else None
    running = today is not None and (today.year, today.month) == (month.year, month.month)
    return CityMonth(month, shown, trend[-1][1], before, trend, today if running else None)


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
        page=page, titles=TITLES, counts=COUNTS, note=NOTE, highest=max(highest, 1), delta=delta
    )


def delta(page: CityMonth, name: str) -> str:
    """How a number compares with the month before, in words."""
    if page.before is None:
        return ""
    change = getattr(page.total, name) - getattr(page.before, name)
    return f"比上月{'增加' if change > 0 else '减少'} {abs(change):,}" if change else "与上月持平"


def _sum(title: str, rows: Sequence[OwnerFigures]) -> OwnerFigures:
    counted = {name: sum(getattr(row, name) for row in rows) for name in COUNTS}
    return OwnerFigures(department=title, dataset="", **counted)
