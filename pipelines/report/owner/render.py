"""Render a report: HTML for mail clients, and the same as plain text.

Every value is escaped by Jinja; the page carries no script and loads nothing from elsewhere: its
pictures travel with the mail.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pipelines.report.owner.charts import Chart, draw_dimensions, draw_findings, draw_trend
from pipelines.report.owner.figures import COUNTS
from pipelines.report.owner.model import FindingGroup, Report, SourceReport
from pipelines.report.repair_sheet.rows import SEVERITIES
from pipelines.report.words import in_number, units_in, vocabulary
from pipelines.standards.rules import Language
from pipelines.standards.tenths import tenths

TEMPLATES = Path(__file__).parents[1] / "templates"
MOST_BARS = 6
_DOMAIN = "baselib.invalid"

Charts = Mapping[str, Sequence[Chart]]  # by source name


@dataclass(frozen=True)
class Rendered:
    """One mail: its subject, both bodies, and the pictures that the HTML names, by content id."""

    subject: str
    text: str
    html: str
    pictures: Sequence[tuple[str, bytes]] = ()


def draw_charts(report: Report, folder: Path) -> Charts:
    """The pictures of each source's section; a section without figures has none."""
    return {each.source.name: _charts_of(each, report, folder) for each in report.sources}


def render(report: Report, charts: Charts) -> Rendered:
    """The report as one mail; ``charts`` as ``draw_charts`` makes them."""
    pictures = [(_cid(name, chart), chart.png) for name, drawn in charts.items() for chart in drawn]
    return Rendered(
        subject=_with_part(subject(report), report, 1),
        text=_fill("report.txt.j2", report, charts),
        html=_fill("report.html.j2", report, charts),
        pictures=pictures,
    )


def render_rest(report: Report, number: int) -> Rendered:
    """The mail that carries the files for which mail 1 had no room."""
    return Rendered(
        subject=_with_part(subject(report), report, number),
        text=_fill("rest.txt.j2", report, {}, number=number),
        html=_fill("rest.html.j2", report, {}, number=number),
    )


def subject(report: Report) -> str:
    """The news in one line: which data set, which day, how many problems, whether it is blocked."""
    terms, english = vocabulary(report.language), report.language == "en"
    w = terms.words
    kind = terms.periods[report.period]
    head = f"[Data quality, {kind}] " if english else f"【{w['quality']}{kind}】"
    if len(report.sources) == 1 and report.period == "batch":
        (only,) = report.sources
        about = (
            f"{only.source.title} {only.batch}"
            if english
            else (f"{only.source.title}（{w['batch']} {only.batch}）")
        )
    else:
        number = len(report.sources)
        about = (
            f"{report.owner.department}, {number} data set(s)"
            if english
            else (f"{report.owner.department} {number} 个数据集")
        )
    return f"{head}{about}{': ' if english else '：'}{news(report)}"


def news(report: Report) -> str:
    """The result of the batch in one sentence: gate, score, problems, repairs."""
    english = report.language == "en"
    comma = ", " if english else "，"
    parts = []
    blocked = sum(each.blocked for each in report.sources)
    if blocked:
        only = len(report.sources) == 1
        words = "returned by the quality gate" if english else "未通过质量校验（门禁），已退回"
        parts.append(words if only else f"{blocked} {words}" if english else f"{blocked} 个{words}")
    if len(report.sources) == 1 and not blocked and (score := report.sources[0].score):
        parts.append(_score_news(score.value, score.before, english=english))
    if report.problems:
        parts.append(
            f"{report.problems:,} problem(s)" if english else f"发现问题 {report.problems:,} 处"
        )
    elif not blocked:
        parts.append("no problem found" if english else "未发现问题")
    fixed = sum(each.repairs.fixed for each in report.sources if each.repairs)
    if fixed:
        parts.append(f"{fixed:,} repaired" if english else f"已修复 {fixed:,} 处")
    return comma.join(parts)


def _score_news(value: float, before: float | None, *, english: bool) -> str:
    moved = "" if before is None or abs(value - before) < 0.05 else f"{value - before:+.1f}"
    moved = moved.replace("+", "↑").replace("-", "↓")
    words = f"score {tenths(value)}" if english else f"评分 {tenths(value)}"
    return words + (f" ({moved})" if moved and english else f"（{moved}）" if moved else "")


def _with_part(line: str, report: Report, number: int) -> str:
    return line if report.mails == 1 else f"{line} ({number}/{report.mails})"


def _charts_of(each: SourceReport, report: Report, folder: Path) -> Sequence[Chart]:
    terms = vocabulary(report.language)
    w = terms.words
    charts: list[Chart] = []
    if each.blocked:  # its figures are those of a delivery that counts for nothing
        return charts
    if each.score is not None and len(each.score.history) > 1:
        history = each.score.history
        charts.append(draw_trend(folder, history, name="score", title=w["trend_score"], words=w))
    elif each.score is None and len(each.history) > 1:
        points = [(batch, share * 100) for batch, share in each.history]
        charts.append(
            draw_trend(folder, points, name="trend", title=w["trend_problems"], words=w, least=0.5)
        )
    if each.score is not None and each.score.dimensions:
        before = any(dimension.before is not None for dimension in each.score.dimensions)
        charts.append(
            draw_dimensions(
                folder,
                each.score.dimensions,
                name="dimensions",
                title=w["dimensions_before" if before else "dimensions"],
                words=w,
            )
        )
    if len(each.top) > 1:
        unit = units_in(report.language).get(each.source.library, w["rows"])
        charts.append(
            draw_findings(
                folder,
                each.top[:MOST_BARS],
                name="findings",
                title=f"{w['harm']}{w['open']}{in_number(unit, 2)}{w['close']}",
                words=w,
                language=report.language,
            )
        )
    return charts


def _cid(source: str, chart: Chart) -> str:
    """Short, whatever the source is called: a header that is folded is one some clients miss."""
    return f"{chart.name}.{sha256(source.encode()).hexdigest()[:12]}@{_DOMAIN}"


def _fill(template: str, report: Report, charts: Charts, number: int = 1) -> str:
    terms = vocabulary(report.language)
    drawn = {
        name: {chart.name: (_cid(name, chart), chart) for chart in each}
        for name, each in charts.items()
    }
    return (
        _environment()
        .get_template(template)
        .render(
            report=report,
            charts=drawn,
            number=number,
            w=terms.words,
            kind=terms.periods[report.period],
            severity=SEVERITIES[report.language],
            units=units_in(report.language),
            problem_of=_problem_of(report.language),
            subject=subject(report),
            news=news(report),
            counts=COUNTS,
            english=report.language == "en",
        )
    )


def fill_template(template: str, **fields: object) -> str:
    """A mail other than a report; a field that the template wants and that is not given raises."""
    return _environment().get_template(template).render(**fields)


def _problem_of(language: Language) -> Callable[[FindingGroup], str]:
    """The rule of a finding in plain words."""

    def problem_of(group: FindingGroup) -> str:
        return group.rule.problem_in(language)

    return problem_of


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["percent"] = percent
    environment.filters["tenths"] = tenths
    environment.filters["of"] = in_number  # a unit, of a number
    environment.filters["day"] = lambda day: day.isoformat()
    environment.filters["month"] = lambda day: f"{day:%Y-%m}"
    environment.filters["days"] = lambda days: "—" if days is None else f"{days:.1f}"
    return environment


def percent(share: float) -> str:
    """Two significant figures, and never 0 % for something or 100 % for not everything."""
    if 0 < share < 0.0001:
        return "<0.01%"
    if 0.9999 < share < 1:
        return ">99.99%"
    return f"{share:.2%}"
