"""The mail to a department about its late duties: what, until when, by which article."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.governance.duties import LIMITS, DueDuty
from pipelines.governance.page_template import page_template
from pipelines.report.owner.render import Rendered

TEMPLATES = Path(__file__).with_name("templates")


def render_late_duties(
    department: str, duties: Sequence[DueDuty], today: str, contact: str
) -> Rendered:
    """Subject, text and HTML; the longest overdue first."""
    rows = [_row(each) for each in sorted(duties, key=lambda each: each.days_left or 0)]
    subject = f"【逾期提醒】{len(rows)} 项政务数据共享工作已超过办理期限（截至 {today}）"
    html = page_template(TEMPLATES, "late_duties.html.j2").render(
        subject=subject, department=department, duties=rows, today=today, contact=contact
    )
    listed = "\n".join(
        f"{place}. {kind}：{what}。受理日期 {received}，办理期限 {due}，"
        f"逾期 {late} 个工作日（{basis}）。"
        for place, (kind, what, received, due, late, basis) in enumerate(rows, start=1)
    )
    text = (
        f"{department}：\n\n截至 {today}，贵单位有 {len(rows)} 项政务数据共享工作已超过办理期限，"
        f"请尽快办结：\n\n{listed}\n\n期限按工作日计算，受理当日不计入。"
        "已经办结的，请告知数据管理部门登记办结日期。\n"
    )
    return Rendered(subject, text + (f"\n联系人：{contact}\n" if contact else ""), html)


def _row(each: DueDuty) -> tuple[str, str, str, str, int, str]:
    limit, duty = LIMITS[each.duty.kind], each.duty
    return (
        limit.title, duty.texts["subject"], duty.received.isoformat(),
        each.due.isoformat() if each.due else "", -(each.days_left or 0), limit.basis,
    )  # fmt: skip
