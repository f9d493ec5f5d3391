"""The inventory of systems, candidates of zombie systems, and what is to be integrated."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.flows.governance.systems import items_of
from pipelines.governance.element_register import Holder, RegisteredElement
from pipelines.governance.outputs import candidate_table, integration_table, inventory_table
from pipelines.governance.systems.integration import integration_list
from pipelines.governance.systems.inventory import SYSTEM_COLUMNS, read_systems
from pipelines.governance.systems.zombies import MeasuredContent, zombie_candidates

TODAY = date(2026, 6, 30)
GOOD = {
    "name": "路灯管理", "department": "城管局", "function": "路灯巡检", "scope": "全市",
    "frequency": "每日", "approved_by": "发改委", "approved_on": "2019-05-01", "funding": "财政",
}  # fmt: skip


def read(*rows, sources=()):
    return read_systems(enumerate(rows, start=3), sources, TODAY)


def candidates(*rows, content=None):
    return zombie_candidates(read(*rows)[0], content or {}, TODAY)


def hits(*rows, content=None):
    found = candidates(*rows, content=content)
    return [(each.system.line, list(each.hits)) for each in found]


def test_a_row_with_the_eight_fields_has_no_fault():
    systems, faults = read(GOOD)
    assert faults == []
    assert systems[0].days["approved_on"] == date(2019, 5, 1)
    assert systems[0].connected is None


@pytest.mark.parametrize(
    ("changed", "column", "problem"),
    [
        ({"function": ""}, "功能", "没有填写"),
        ({"approved_on": ""}, "审批时间", "没有填写"),
        ({"approved_on": "2019.13.1"}, "审批时间", "不是日期"),
        ({"approved_on": "2027-01-01"}, "审批时间", "还没有到"),
        ({"monthly_users": "若干"}, "月活跃用户数", "不是数字"),
        ({"connected": "部分"}, "接入共享平台", "不是“是”或“否”"),
        ({"sources": "parks__trees"}, "数据源", "没有数据源“parks__trees”"),
    ],
)
def test_what_cannot_be_read_is_told_with_line_and_column(changed, column, problem):
    _, (fault,) = read(GOOD | changed, sources=["parks__lawns"])
    assert (fault.line, fault.column) == (3, column)
    assert problem in str(fault)
    assert "路灯管理" in str(fault)


def test_a_system_that_stands_there_twice_is_told():
    _, (fault,) = read(GOOD, GOOD | {"function": "另一行"})
    assert (fault.line, fault.column) == (4, "系统名称")


@given(
    year=st.integers(1990, 2026),
    month=st.integers(1, 12),
    form=st.sampled_from(["{y}-{m:02}-01", "{y}/{m}/1", "{y}.{m}.1", "{y}年{m}月1日", "{y}年{m}月",
                          "{y}-{m:02}-01 00:00:00"]),
)  # fmt: skip
def test_days_are_read_as_people_and_spreadsheets_write_them(year, month, form):
    text = form.format(y=year, m=month)
    (system,), _ = read(GOOD | {"maintained_until": text})
    assert system.days["maintained_until"] == date(year, month, 1)


@pytest.mark.parametrize(
    ("text", "value"), [("3.5%", 0.035), ("0.035", 0.035), ("3.5", 0.035), ("3.5％", 0.035)]
)
def test_shares_are_read_in_each_form(text, value):
    (system,), _ = read(GOOD | {"mean_cpu": text, "yearly_cost": "1,200.5万元"})
    assert system.numbers == {"mean_cpu": pytest.approx(value), "yearly_cost": 1200.5}


@pytest.mark.parametrize(
    ("changed", "criterion"),
    [
        ({"last_business": "2025-06-30"}, "使用与实际业务流程长期脱节"),
        ({"mean_cpu": "4%", "storage_growth": "0.5%"}, "所占用资源长期处于空闲状态"),
        ({"maintained_until": "2026-06-29"}, "运行维护停止更新服务"),
        ({"last_release": "2025-06-30"}, "运行维护停止更新服务"),
        ({"monthly_users": "9"}, "使用范围小、频度低"),
        ({"monthly_users": "100", "monthly_logins": "99"}, "使用范围小、频度低"),
    ],
)
def test_each_criterion_is_met_at_its_limit(changed, criterion):
    assert hits(GOOD | changed) == [(3, [criterion])]


@pytest.mark.parametrize(
    "changed",
    [
        {"last_business": "2025-07-01"},
        {"mean_cpu": "5%", "storage_growth": "0.5%"},
        {"mean_cpu": "4%"},
        {"maintained_until": "2026-06-30"},
        {"last_release": "2025-06-30", "maintained_until": "2028-01-01"},
        {"monthly_users": "10"},
        {"monthly_users": "100", "monthly_logins": "100"},
        {},
    ],
)
def test_and_not_beyond_it_or_where_nothing_is_known(changed):
    assert hits(GOOD | changed) == []


def test_what_another_system_of_the_department_does_too_can_be_replaced():
    small = GOOD | {"tags": "巡检"}
    large = GOOD | {"name": "城管一网统管", "tags": "巡检、执法"}
    elsewhere = large | {"department": "水务局"}
    assert hits(small, large) == [(3, ["功能可被其他系统替代"])]
    assert hits(small, elsewhere) == []
    twin = small | {"name": "路灯二期"}
    assert hits(small, twin) == [(4, ["功能可被其他系统替代"])]  # one of the two stays


def test_measured_content_speaks_where_the_department_does_not():
    late = {3: MeasuredContent(date(2025, 1, 1), 100, 10, 8, 2)}
    assert hits(GOOD, content=late) == [(3, ["使用与实际业务流程长期脱节"])]
    told = {3: MeasuredContent(date(2026, 6, 1), 100, 95, items=8)}
    (found,) = candidates(GOOD, content=told)
    assert found.hits == {
        "功能可被其他系统替代": "报送的 8 个信息项均另有数源，"
        "其对象的 95/100（95.0%，≥ 95%）其他系统也有（未报送的内容未比对）"
    }
    assert hits(GOOD, content={3: MeasuredContent(date(2026, 6, 1), 100, 94, items=8)}) == []


def test_a_system_with_items_of_its_own_is_no_copy_though_all_its_people_are_known_elsewhere():
    own = {3: MeasuredContent(date(2026, 6, 1), 100, 100, items=8, own_items=1)}
    assert hits(GOOD, content=own) == []


def test_items_are_own_where_the_department_leads_or_nobody_else_delivers():
    def holder(source, department):
        return Holder(source, source, department, department, 0, 0)

    def element(lead, *holders):
        return RegisteredElement("population", "", "c", "", "", "", lead, holders, 0, ())

    police, school = holder("police__people", "公安局"), holder("school__pupils", "教育局")
    register = [
        element("公安局", police, school),
        element("教育局", school),
        element("", school),  # delivered alone, led by nobody
        element("公安局", police),
    ]
    assert items_of(["school__pupils"], register) == (3, 2)
    assert items_of(["police__people", "school__pupils"], register) == (4, 4)
    assert items_of(["other__other"], register) == (0, 0)


def test_a_candidate_says_what_nobody_knows_and_decides_nothing():
    (found,) = candidates(GOOD | {"monthly_users": "3"})
    assert "所占用资源长期处于空闲状态" in found.unknown
    (row,) = candidate_table([found]).rows
    assert row[-1] == ""


def test_what_is_to_be_integrated_and_why():
    office = GOOD | {"office": "照明科", "connected": "否", "tags": "巡检"}
    twin = GOOD | {"name": "路灯二期", "connected": "已接入", "tags": "巡检"}
    alone = GOOD | {"name": "垃圾分类", "connected": "是", "tags": "分类"}
    systems, _ = read(office, twin, alone)
    listed = integration_list(systems)
    assert [(each.line, reasons) for each, reasons in listed] == [
        (3, ["处室级独立系统（照明科），应并入部门系统", "与“路灯二期”功能相同", "未接入共享平台"]),
        (4, ["与“路灯管理”功能相同"]),
    ]
    assert len(integration_table(listed).rows) == 2
    table = inventory_table(systems)
    assert table.columns == ("序号", *SYSTEM_COLUMNS.values())
    assert [row[0] for row in table.rows] == [1, 2, 3]


@given(st.dictionaries(st.sampled_from(sorted(SYSTEM_COLUMNS)), st.text(max_size=12)))
def test_any_row_is_read_without_an_error_and_no_row_is_lost(cells):
    systems, _ = read(cells, cells)
    assert len(systems) == 2
    zombie_candidates(systems, {}, TODAY)
    integration_list(systems)
