"""What platforms are given: sheets out of entries and measured facts, rows for national tables."""

from datetime import datetime

import ibis
import pytest

from pipelines.batch import CHINA
from pipelines.governance.onboarding.sheets import (
    Live,
    interface_table,
    mount_table,
    registration_table,
    status_table,
)
from pipelines.governance.onboarding.upward import UP_TABLES, upward_rows
from pipelines.libraries import load_libraries

LIVE = {"source a": Live("20260630", 30, 90.0), "open b": Live("第 1 版", 8)}


@pytest.fixture
def entries(good):
    return [
        good(origin="source a"),
        good(origin="source c", code="307006/000010"),
        good(origin="open b", open="1", open_condition="许可", provider="数据局"),
    ]


def test_what_never_came_is_not_mounted(entries):
    rows = mount_table(entries, LIVE, "https://x").rows
    assert [row[7] for row in rows] == ["已挂接", "未挂接", "已挂接"]
    assert [row[9] for row in rows] == [30, None, 8]


def test_each_department_has_its_share_of_what_is_connected(entries):
    rows = status_table(entries, LIVE, "2026-06-30").rows
    assert [row[:5] for row in rows] == [
        ("数据局", 1, 1, "100.0%", 8),
        ("江城市市场监督管理局", 2, 1, "50.0%", 30),
    ]


def test_only_what_is_open_or_authorised_is_registered(entries, good):
    granted = good(origin="grant g", share_condition="仅供某局")
    table = registration_table([*entries, granted], LIVE)
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
    assert row[:7] == (
        "find", "Find somebody.", "POST", "https://x/v1/{library}/find", "library（path，必填）",
        "application/json", "application/json",
    )  # fmt: skip


@pytest.mark.parametrize("name", UP_TABLES)
def test_every_row_of_a_national_table_comes_from_golden_columns(name):
    table = UP_TABLES[name]
    assert set(table.columns.values()) <= set(load_libraries()[table.library].columns)


def test_an_organisation_goes_into_the_table_of_its_kind():
    codes = ["91110000X", "52110000X", "12110000X", None]
    columns = dict.fromkeys(load_libraries()["legal_entity"].columns, ["甲"] * 4)
    core = ibis.memtable(columns | {"uscc": codes, "entity_id": ["a", "b", "c", "d"]})
    con, now = ibis.duckdb.connect(), datetime(2026, 6, 30, 12, tzinfo=CHINA)
    found = {
        name: con.to_pyarrow(upward_rows(table, core, "20260630", now, "x")).to_pylist()
        for name, table in UP_TABLES.items()
        if table.library == "legal_entity"
    }
    assert {name: [row["uscc"] for row in rows] for name, rows in found.items()} == {
        "up_uc_info_enterprise": ["91110000X"],
        "up_uc_info_association": ["52110000X"],
        "up_uc_info_central_dept": ["12110000X"],
    }
    row = found["up_uc_info_enterprise"][0]
    assert (row["cd_operation"], row["cd_batch"], row["cd_time"]) == (
        "I", "20260630", "2026-06-30 12:00:00",
    )  # fmt: skip
