"""Words and layout of the report: HTML for mail clients, plain text beside it, in Chinese.

Every value is escaped by Jinja; the page carries no script and loads nothing from elsewhere.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pipelines.report.model import QualityReport

TEMPLATES = Path(__file__).with_name("templates")
SEVERITY_ZH = {"error": "错误", "warning": "警告", "info": "提示", "critical": "严重"}


def subject(report: QualityReport) -> str:
    """The news in one line: which data set, which day, how many problems, whether it is blocked."""
    problems = sum(group.rows for group in report.groups)
    news = "未通过质量关卡，暂未入库" if report.blocked else f"发现问题 {problems:,} 处"
    if not report.blocked and not problems:
        news = "未发现问题"
    return f"【数据质量报告】{report.source.title}（批次 {report.batch}）：{news}"


def render_html(report: QualityReport) -> str:
    """The report as one HTML document with inline styles."""
    return _environment().get_template("report.html.j2").render(report=report)


def render_text(report: QualityReport) -> str:
    """The same content for readers without HTML."""
    return _environment().get_template("report.txt.j2").render(report=report)


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
    environment.filters["percent"] = _percent
    environment.filters["severity_zh"] = SEVERITY_ZH.__getitem__
    return environment


def _percent(share: float) -> str:
    """Two significant figures, and never 0 % for something or 100 % for not everything."""
    if 0 < share < 0.0001:
        return "<0.01%"
    if 0.9999 < share < 1:
        return ">99.99%"
    return f"{share:.2%}"
