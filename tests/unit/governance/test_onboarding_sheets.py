"""What platforms are given: sheets out of entries and measured facts, rows for national tables."""

from datetime import datetime

import ibis
import pytest

from pipelines.batch import CHINA
from pipelines.governance.onboarding.sheets import (
    Live,
    interface_table,
    interface_words,
    mount_table,
    registration_table,
    status_table,
)
from pipelines.governance.onboarding.upward import field_table, upward_rows, upward_tables
from pipelines.libraries import load_libraries

LIVE = {
    "source a": Live("2026-06-30", 30, 90.0),
    "source d": Live("2026-06-29", 10, 50.0),
    "grant a": Live("2026-06-30", 30, 10.0),
    "open b": Live("2026-06-01", 8, edition="第 1 版"),
}


@pytest.fixture
def entries(good):
    return [
        good(origin="source a"),
        good(origin="source c", code="307006/000010"),
        good(origin="source d", code="307006/000011"),
        good(origin="grant a", code="307006/000012"),
        good(origin="open b", open="1", open_condition="许可", provider="数据局"),
    ]


def test_what_never_came_is_not_mounted(entries):
    rows = mount_table(entries, LIVE, "https://x").rows
    assert [row[7] for row in rows] == ["已挂接", "未挂接", "已挂接", "已挂接", "已挂接"]
    assert [row[9] for row in rows] == [30, None, 10, 30, 8]


def test_each_department_has_its_share_of_what_is_connected(entries):
    rows = status_table(entries, LIVE, "2026-06-30").rows
    assert rows == [
        ("数据局", 1, 1, "100.0%", 8, "2026-06-01", None),
        # rows of a grant are the library's, its score too: 30 rows of 90 and 10 of 50
        ("江城市市场监督管理局", 4, 3, "75.0%", 40, "2026-06-30", 80.0),
    ]


def test_only_what_is_open_or_authorised_is_registered(entries, good):
    granted = good(origin="grant g", share_condition="仅供某局")
    table = registration_table([*entries[:3], entries[4], granted], LIVE)
    assert [(row[9], row[10]) for row in table.rows] == [
        ("开放", "许可"), ("授权使用", "仅供某局"),
    ]  # fmt: skip
    assert "待确认" in table.columns[-1]


def test_an_interface_is_registered_with_what_the_service_says_of_it():
    openapi = {
        "info": {"version": "1"},
        "paths": {
            "/v1/{library}/find": {
                "post": {
                    "operationId": "find",
                    "description": "Find somebody.\n\nMore.",
                    "parameters": [{"name": "library", "in": "path", "required": True}],
                    "requestBody": {"content": {"application/json": {}}},
                    "responses": {"200": {"content": {"application/json": {}}}, "422": {}},
                }
            }
        },
    }
    (row,) = interface_table(openapi, "https://x", "数据局").rows
    assert row[:8] == (
        "信息查询", interface_words()["POST /v1/{library}/find"]["is"], "find", "POST", "https://x/v1/{library}/find",
        "library（path，必填）", "application/json", "application/json",
    )  # fmt: skip


@pytest.mark.parametrize("name", upward_tables())
def test_every_row_of_a_national_table_comes_from_golden_columns(name):
    table = upward_tables()[name]
    golden = {each.golden for each in table.columns.values() if each.golden}
    assert golden <= set(load_libraries()[table.library].columns)
    for column, told in table.columns.items():
        assert told.golden or told.open, f"{column} is empty and nothing says why"


def test_an_organisation_goes_into_the_table_of_its_kind():
    codes = ["91110000X", "52110000X", "12110000X", None]
    columns = dict.fromkeys(load_libraries()["legal_entity"].columns, ["甲"] * 4)
    core = ibis.memtable(columns | {"uscc": codes, "entity_id": ["a", "b", "c", "d"]})
    con, now = ibis.duckdb.connect(), datetime(2026, 6, 30, 12, tzinfo=CHINA)
    found = {
        name: con.to_pyarrow(upward_rows(table, core, "20260630", now, "015")).to_pylist()
        for name, table in upward_tables().items()
        if table.library == "legal_entity" and table.prefixes
    }
    assert {name: [row["certificate_sno"] for row in rows] for name, rows in found.items()} == {
        "up_uc_info_enterprise": ["91110000X"],
        "up_uc_info_association": ["52110000X"],
        "up_uc_info_central_dept": ["12110000X"],
    }
    row = found["up_uc_info_enterprise"][0]
    assert (row["cd_operation"], row["cd_batch"], row["cd_time"]) == (
        "I", "20260630", "2026-06-30 12:00:00",
    )  # fmt: skip
    # "end of the term of business" is not the day of cancellation: it stays empty
    assert (row["enterprise_end_date"], row["data_source"]) == (None, "015")


def test_the_sheet_of_fields_says_what_a_table_lacks():
    told = {
        "license_name": ["营业执照", "", None],
        "holder_code": ["9" * 300, "1", "2"],
        "license_number": ["1", "2", "3"],
    }
    columns = dict.fromkeys(load_libraries()["e_license"].columns, ["甲"] * 3)
    core = ibis.memtable(columns | told | {"entity_id": ["a", "b", "c"]})
    now, table = datetime(2026, 6, 30, 12, tzinfo=CHINA), upward_tables()["up_lic_data"]
    written = ibis.duckdb.connect().to_pyarrow(upward_rows(table, core, "20260630", now, ""))
    fields = field_table({"up_lic_data": written}, {("e_license", "license_name"): "证照名称"})
    by_name = {row[2]: row for row in fields.rows}
    assert by_name["certificate_name"][4:10] == ("是", 512, "证照名称", 3, 2, 0)
    assert by_name["certificate_holder_code"][8:10] == (0, 1)
    assert by_name["certificate_area_code"][8] == 3  # nothing feeds it, and it says so
    assert by_name["data_source"][8:] == (3, 0, "由平台分配，用 --data-source 给出")
    assert list(by_name) == written.column_names
