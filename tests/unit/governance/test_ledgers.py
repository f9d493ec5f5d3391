"""The ledger of duties by working days, and the filing of projects."""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from chinese_calendar import is_workday
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import CalendarUnknown, DeclarationRefused
from pipelines.flows.governance.submitted_sheets import judge_ledger, judge_projects
from pipelines.governance.duties import (
    DUTY_COLUMNS,
    LIMITS,
    judge_duties,
    limits_of_site,
    read_duties,
)
from pipelines.governance.outputs import duty_table, filing_table
from pipelines.governance.projects import PROJECT_COLUMNS, judge_filings
from pipelines.settings import PROJECT, load_settings
from pipelines.standards.working_days import WorkingCalendar, load_working_calendar

REQUEST = {
    "number": "7", "kind": "有条件共享申请答复", "department": "水务局", "subject": "用水户",
    "received": "2026-09-28", "basis": "条例", "scene": "核验", "scope": "本局", "mode": "接口",
    "until": "一年",
}  # fmt: skip
BY_LAW = {kind: limit.days for kind, limit in LIMITS.items()}


def judged(today, limits=BY_LAW, **changed):
    duties, faults = read_duties([(2, REQUEST | changed)], date(2026, 12, 31))
    assert faults == []
    (due,) = judge_duties(duties, limits, today, load_working_calendar())
    return due


def test_ten_working_days_reach_over_the_national_holidays():
    # 29 and 30 September are worked, then 1–7 October are free (国庆) and 10 October is worked.
    due = judged(date(2026, 10, 16))
    worked = [d for n in range(1, 40) if is_workday(d := date(2026, 9, 28) + timedelta(days=n))]
    assert due.due == worked[9]


@pytest.mark.parametrize(
    ("today", "done", "state", "left"),
    [
        (date(2026, 11, 9), "", "running", 4),
        (date(2026, 11, 13), "", "running", 0),
        (date(2026, 11, 16), "", "late", -1),
        (date(2026, 11, 23), "2026-11-13", "done", 0),
        (date(2026, 11, 23), "2026-11-17", "late_done", -2),
    ],
)
def test_a_duty_is_late_on_the_day_after_its_last(today, done, state, left):
    due = judged(today, received="2026-10-30", done=done)
    assert (due.due, due.state, due.days_left) == (date(2026, 11, 13), state, left)


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        ("无条件共享申请答复", 1), ("有条件共享申请答复", 10), ("批准后提供数据", 20),
        ("校核申请办结", 10), ("目录更新", 10), ("目录更新审核发布", 2),
    ],
)  # fmt: skip
def test_each_duty_has_the_limit_of_its_article(kind, days):
    due = judged(date(2026, 11, 2), kind=kind, received="2026-10-30")
    calendar = load_working_calendar()
    assert calendar.working_days_between(date(2026, 10, 30), due.due) == days


def test_an_extension_adds_what_its_article_allows():
    calendar = load_working_calendar()
    for kind, days in (("有条件共享申请答复", 20), ("目录更新", 15), ("校核申请办结", 10)):
        due = judged(date(2026, 11, 2), kind=kind, received="2026-10-30", extended="是")
        assert calendar.working_days_between(date(2026, 10, 30), due.due) == days


def test_a_site_may_be_quicker_than_the_law_and_not_slower():
    file = Path("catalogue.yml")
    limits = limits_of_site({"request_conditional": 5}, file)
    assert judged(date(2026, 11, 2), limits, received="2026-10-30").due == date(2026, 11, 6)
    for wrong in ({"request_conditional": 11}, {"correction": 0}, {"holiday": 3}):
        with pytest.raises(DeclarationRefused) as refused:
            limits_of_site(wrong, file)
        assert refused.value.field == f"limits.{next(iter(wrong))}"


def test_a_request_says_what_the_law_wants_and_a_refusal_its_ground():
    assert judged(date(2026, 11, 2)).lacks == []
    lacking = judged(date(2026, 11, 2), scope="", until="", answer="不予共享")
    assert lacking.lacks == ["使用范围", "使用时限", "不同意的理由"]
    assert judged(date(2026, 11, 2), kind="校核申请办结", basis="", scene="").lacks == []


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        ({"kind": "申请"}, "事项"),
        ({"department": ""}, "责任部门"),
        ({"received": ""}, "受理日期"),
        ({"received": "2026-02-30"}, "受理日期"),
        ({"received": "2027-01-01"}, "受理日期"),
        ({"done": "上周"}, "办结日期"),
        ({"done": "2026-09-27"}, "办结日期"),
        ({"extended": "酌情"}, "经批准延期"),
    ],
)
def test_a_row_that_cannot_be_judged_is_told_and_no_duty(changed, column):
    duties, (fault,) = read_duties([(5, REQUEST | changed)], date(2026, 12, 31))
    assert (duties, fault.line, fault.column, fault.name) == ([], 5, column, "7")


@given(st.lists(st.dictionaries(st.sampled_from(sorted(DUTY_COLUMNS)), st.text(max_size=9))))
def test_every_row_is_a_duty_or_has_a_fault(rows):
    duties, faults = read_duties(enumerate(rows, start=2), date(2026, 12, 31))
    lines = {duty.line for duty in duties} ^ {fault.line for fault in faults}
    assert lines == set(range(2, len(rows) + 2))


def test_late_duties_come_first_and_one_of_an_unknown_year_has_no_due_day():
    running, done = {"received": "2026-12-28"}, {"done": "2026-10-08"}
    rows = [(2, REQUEST | running), (3, REQUEST), (4, REQUEST | done)]
    duties, _ = read_duties(rows, date(2026, 12, 31))
    calendar = load_working_calendar()
    limited = WorkingCalendar(calendar.moved, frozenset({2026}), calendar.file)
    states = judge_duties(duties, BY_LAW, date(2026, 12, 29), limited)
    table = duty_table(states, "2026-12-29")
    assert [row[7] for row in table.rows] == ["逾期未办结", "在办", "按期办结"]
    assert table.rows[1][6] == "待次年放假安排公布"
    with pytest.raises(CalendarUnknown):
        judge_duties(duties, BY_LAW, date(2027, 1, 4), limited)


FILED = {
    "name": "河长制平台", "builder": "水务局", "investment": "1,200", "maintenance": "60.5万元",
    "funding": "财政资金", "resources": "307011/000002", "systems": "河长通",
    "protection": "二级，备案编号 33010099001-00017", "connected": "是",
}  # fmt: skip


def lacks(*changed, systems=("河长通",)):
    rows = [(n, FILED | one) for n, one in enumerate(changed, start=2)]
    return [each.lacks for each in judge_filings(rows, {"307011/000002"}, systems)]


def test_a_filing_with_everything_complies():
    assert lacks({}) == [[]]
    assert lacks({"protection": "第三级"}) == [[]]
    assert lacks({"systems": "别的"}, systems=None) == [[]]


@pytest.mark.parametrize(
    ("changed", "lack"),
    [
        ({"funding": ""}, "经费渠道没有填写"),
        ({"investment": "很多"}, "投资额度（万元）“很多”不是金额"),
        ({"resources": "307011/000009"}, "数据资源“307011/000009”不在资源目录中"),
        ({"systems": "河长通、旧系统"}, "应用系统“旧系统”不在系统清册中"),
        ({"protection": "未定级"}, "没有完成等级保护备案"),
        ({"protection": "三级，正在办理"}, "没有完成等级保护备案"),
        ({"protection": "有"}, "没有完成等级保护备案"),
        ({"connected": "否"}, "未接入共享平台"),
    ],
)
def test_each_rule_finds_what_is_lacking(changed, lack):
    assert lacks(changed) == [[lack]]


def test_a_project_is_filed_once():
    assert lacks({}, {"investment": "9"}, {"builder": "城管局"}) == [[], ["与第 2 行重复"], []]
    filings = [(2, FILED), (3, FILED | {"funding": ""})]
    table = filing_table(judge_filings(filings, {"307011/000002"}, None))
    assert [row[-2] for row in table.rows] == ["符合", "不符合"]


def write(file, columns, row):
    with file.open("w", encoding="gb18030", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns.values())
        writer.writerow([row.get(name, "") for name in columns])


def test_sheets_are_read_as_deliveries_are(tmp_path):
    settings = load_settings(
        home=tmp_path / "home", governance=PROJECT / "governance", today=date(2026, 11, 30)
    )
    write(tmp_path / "d.csv", DUTY_COLUMNS, REQUEST)
    write(tmp_path / "p.csv", PROJECT_COLUMNS, FILED | {"resources": "101001/000001"})
    ledger = judge_ledger(settings, tmp_path / "d.csv")
    assert [each.state for each in ledger.duties] == ["late"]
    filings = judge_projects(settings, tmp_path / "p.csv", None)
    assert [each.complies for each in filings.verdicts] == [True]
