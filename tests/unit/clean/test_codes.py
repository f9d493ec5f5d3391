"""Codes: what people write for them, and that nothing unknown becomes one."""

import csv
import unicodedata

import pytest
from cleaning_laws import LAW, is_idempotent, is_total, outcomes, spaced, texts_of, widened
from hypothesis import given

from pipelines.clean import codes
from pipelines.errors import DeclarationRefused
from pipelines.standards import code_tables

PARSERS = {
    "sex": codes.sex_code,
    "ethnicity": codes.ethnicity_code,
    "marital": codes.marital_code,
    "entity_status": codes.entity_status,
    "license_status": codes.license_status,
    "holder_type": codes.holder_type,
}
READ = {
    "sex": {
        "男": "1",
        "男性": "1",
        "1": "1",
        "m": "1",
        " 女 ": "2",
        "２": "2",
        "0": "0",
        "未知": "0",
    },
    "ethnicity": {"汉": "01", "汉族": "01", "1": "01", "01": "01", "HA": "01", "维族": "05"},
    "marital": {"未婚": "10", "已婚": "20", "2": "20", "20": "20", "离异": "40", "再婚": "22"},
    "entity_status": {
        "存续（在营、开业、在册）": "1",
        "在营（开业）企业": "1",
        "在业": "1",
        "经营异常": "2",
        "吊销,未注销": "3",
        "吊销，已注销": "4",
        "注销": "4",
        "迁出": "9",
    },
    "license_status": {"有效": "valid", "01": "valid", "过期": "expired", "吊销": "withdrawn"},
    "holder_type": {"001": "001", "身份证": "111", "公民身份号码": "111", "护照": "414"},
}
UNKNOWN = {
    "sex": ["3", "X", "男女", "？"],
    "ethnicity": ["99", "60", "华人", "华夏族"],
    "marital": ["5", "99", "再离"],
    "entity_status": ["11", "5", "登记中转"],
    "license_status": ["88", "？"],
    "holder_type": ["01", "法人", "1"],
}
NOT_STATED = {"sex": "9", "ethnicity": "其他", "marital": "90", "entity_status": "9"}

every_table = pytest.mark.parametrize("table", PARSERS)


@every_table
def test_words_and_codes(clean, table):
    found = outcomes(clean, PARSERS[table](), READ[table])
    assert {text: o.value for text, o in found.items()} == READ[table]


@every_table
def test_what_is_unknown_becomes_nothing(clean, table):
    found = outcomes(clean, PARSERS[table](), UNKNOWN[table])
    assert {(o.value, *o.rules) for o in found.values()} == {(None, "UNKNOWN_CODE")}


def test_a_code_that_says_nothing_is_kept_and_noted(clean):
    for table, text in NOT_STATED.items():
        [cleaned] = clean(PARSERS[table](), [text])
        assert cleaned.value is not None
        assert cleaned.rules == {"UNSPECIFIED_CODE"}


def test_placeholders(clean):
    found = outcomes(clean, codes.license_status(), ["待定", "-", "N/A"])
    assert {(o.value, *o.rules) for o in found.values()} == {(None, "PLACEHOLDER")}


@every_table
def test_every_code_and_name_of_the_table(clean_fast, table):
    columns = code_tables.load_code_table(table)
    for written in (columns["code"], columns["name"]):
        outcome = clean_fast(PARSERS[table](), list(written))
        assert [o.value for o in outcome] == columns["code"]
        spread = [spaced(widened(text)) for text in written]
        assert [o.value for o in clean_fast(PARSERS[table](), spread)] == columns["code"]


@every_table
@LAW
@given(texts=texts_of("0123456789男女汉族已婚未在业注销有效身份证"))
def test_total_idempotent_and_closed(clean_fast, table, texts):
    outcome = is_total(clean_fast, PARSERS[table](), texts)
    is_idempotent(clean_fast, PARSERS[table](), texts)
    known = {*code_tables.load_code_table(table)["code"], None}
    assert {o.value for o in outcome} <= known


@pytest.mark.parametrize("table", [*PARSERS, "currency"])
def test_spellings_are_in_the_form_that_they_are_compared_in(table):
    for spelling in codes.spellings(table)["spelling"]:
        assert spelling == unicodedata.normalize("NFKC", spelling).upper().replace(" ", "")


def test_one_spelling_cannot_have_two_codes(tmp_path, monkeypatch):
    rows = [("code", "name", "also"), ("1", "男", "M"), ("2", "女", "m")]
    with (tmp_path / "twice.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    monkeypatch.setattr(code_tables, "TABLES_DIR", tmp_path)
    with pytest.raises(DeclarationRefused, match="M: stands for 1 and for 2"):
        codes.spellings("twice")
