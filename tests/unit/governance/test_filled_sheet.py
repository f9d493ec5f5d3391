"""A filled-in sheet becomes entries as they stand there, and is judged by the rules."""

import csv
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pipelines.errors import MissingColumn, UnreadableDelivery
from pipelines.flows.governance.filled_sheet import lint_sheet, sensitivity_of
from pipelines.governance.resources.entry import DATA_TYPES
from pipelines.governance.resources.filled import data_type_of, entries_of_rows
from pipelines.governance.resources.sheet import COLUMNS, write_sheet
from pipelines.settings import load_settings


def test_what_was_published_is_read_back_without_fault(good, tmp_path):
    two = good(code="307006/000010", name="夜市摊位备案")
    write_sheet(tmp_path / "c.xlsx", "目录", [good(), two])
    settings = load_settings(home=tmp_path / "home", today=date(2026, 6, 30))
    linted = lint_sheet(settings, tmp_path / "c.xlsx")
    assert (linted.entries, linted.defects, linted.faults) == (2, [], [])


def rows_of(*rows):
    filled = [dict.fromkeys(COLUMNS, "") | row for row in rows]
    return entries_of_rows(enumerate(filled, start=2), lambda name: "public")


def test_cells_that_are_written_once_hold_for_the_rows_below():
    one, other = rows_of(
        {"信息资源名称": "甲", "信息资源代码": "1", "信息项名称": "一", "数据类型": "字符型"},
        {"信息项名称": "二", "数据类型": "日期型D"},
        {"信息资源名称": "甲", "信息资源代码": "1", "信息项名称": "三", "数据类型": "N"},
        {"信息资源名称": "乙", "信息项名称": "一", "数据类型": "文本", "更新周期": "每日"},
    )
    assert [(i.name, i.data_type) for i in one.items] == [("一", "C"), ("二", "D"), ("三", "N")]
    assert (one.origin, other.origin) == ("第 2 行", "第 5 行")
    assert [(i.name, i.data_type) for i in other.items] == [("一", "文本")]
    assert (other.code, other.cycle) == ("", "每日")


@given(st.sampled_from(sorted(DATA_TYPES)), st.integers(0, 4))
def test_a_data_type_is_known_however_it_is_written(code, form):
    word = DATA_TYPES[code]
    text = (code, word, f"{word}{code}", f"{word}（{code}）", f"{word} ({code})")[form]
    assert data_type_of(text) == code
    wrong = next(each for each in DATA_TYPES if each != code)
    assert data_type_of(f"{word}{wrong}") == f"{word}{wrong}"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_personal_items_are_known_by_their_names_in_any_encoding(tmp_path, encoding):
    file = tmp_path / "目录.csv"
    row = {"信息资源名称": "会员", "信息项名称": "身份证号码", "是否向社会开放": "1"}
    with file.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerow(row)
    settings = load_settings(home=tmp_path / "home", today=date(2026, 6, 30))
    linted = lint_sheet(settings, file)
    assert linted.entries == 1
    (fault,) = [each for each in linted.faults if each.rule == "OPEN_PERSONAL_DATA"]
    assert fault.origin == "第 2 行"
    assert "身份证号码" in fault.problem


def test_names_of_items_tell_what_they_hold():
    assert sensitivity_of("手机号码") == "personal"
    assert sensitivity_of("公民身份号码") == "sensitive"
    assert sensitivity_of("街道门牌照片张数") == "public"


def test_another_sheet_is_refused_by_the_columns_that_it_lacks(tmp_path):
    book = Workbook()
    book.active.append(["名称", "数量"])
    book.active.append(["甲", 3])
    book.save(tmp_path / "other.xlsx")
    with pytest.raises((MissingColumn, UnreadableDelivery), match="信息资源名称"):
        lint_sheet(load_settings(home=tmp_path / "home"), tmp_path / "other.xlsx")
