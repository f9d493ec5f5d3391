"""An answer about one of two columns may be about the other, or about both."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.quality.answers import ANSWER_SCHEMA
from pipelines.quality.two_columns import route_answers, says_other_is_wrong, split_correction

NUMBER = "110101199003079999"
SOURCE = Source(
    "a__b", "人口", "population", Path("x.yml"), Server("file", "csv", "x.csv"),
    (
        SourceColumn("source_key", "BH", primary_key=True),
        SourceColumn("citizen_id", "SFZH", "citizen_id"),
        SourceColumn("birth_date", "CSRQ", "birth_date"),
        SourceColumn("sex_code", "XB", "sex_code"),
    ),
    Owner("示范市公安局", "", ()), "snapshot", None, timedelta(days=1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1990-03-07", ("1990-03-07", None)),
        ("19900307", ("19900307", None)),
        ("1990年3月7日", ("1990年3月7日", None)),
        ("女", ("女", None)),
        ("", ("", None)),
        (NUMBER, (None, NUMBER)),
        ("１１０１０１１９９００３０７９９９９", (None, NUMBER)),
        ("110101 19900307 999x", (None, "11010119900307999X")),
        (f"身份证号：{NUMBER}", (None, NUMBER)),
        (f"1990-03-07；{NUMBER}", ("1990-03-07", NUMBER)),
        (f"号码：{NUMBER}，出生日期：1990-03-07", ("1990-03-07", NUMBER)),
        ("男;1101 0119 9003 0799 99", ("男", NUMBER)),
        ("12345678-9", ("12345678-9", None)),
        ("91310101MA1FYX1234；MA1FYX123", ("MA1FYX123", "91310101MA1FYX1234")),
    ],
)
def test_what_is_typed_goes_to_the_column_that_it_is_of(typed, read):
    assert split_correction(typed) == read


@given(st.dates(), st.sampled_from(["；", ";", "\n", "，", " ", "、"]))
def test_a_date_and_a_number_in_one_cell_are_told_apart_in_any_order(day, between):
    for cell in (f"{day}{between}{NUMBER}", f"{NUMBER}{between}{day}"):
        assert split_correction(cell) == (str(day), NUMBER)


@pytest.mark.parametrize(
    ("note", "wrong"),
    [
        ("号码写错，日期无误", True),
        ("身份证号有误，已核实", True),
        ("SFZH 录入错误", True),
        ("按户口簿核对，出生日期正确", True),  # and of the number nothing
        ("二者均属实", False),
        ("出生日期和身份证号都正确", False),
        ("身份证号无误，与原件一致", False),
        ("号码没有错，出生日期写错", False),
        ("已在业务系统更正", False),
        ("", False),
    ],
)
def test_what_a_statement_says_of_the_other_column_is_understood(note, wrong):
    assert says_other_is_wrong(note, SOURCE, "BIRTH_MISMATCH", "birth_date") is wrong
    assert not says_other_is_wrong(note, SOURCE, "DATE_INVALID", "birth_date")


def test_only_answers_about_two_columns_are_routed():
    rows = [
        {"place": "1", "fingerprint": "f", "correction": f"1990-03-07；{NUMBER}", "note": ""},
        {"place": "2", "fingerprint": "g", "correction": NUMBER, "note": "号码写错"},
    ]
    whole = [{"confirmed": False, "problem": None, **row} for row in rows]
    kinds = {"string": pa.string(), "boolean": pa.bool_(), "int64": pa.int64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in ANSWER_SCHEMA.items()])
    asked = pa.Table.from_pylist(
        [
            {"fingerprint": "f", "source": "a__b", "rule": "BIRTH_MISMATCH",
             "column_name": "birth_date"},
            {"fingerprint": "g", "source": "a__b", "rule": "CHECK_DIGIT",
             "column_name": "citizen_id"},
        ]
    )  # fmt: skip
    routed = route_answers(pa.Table.from_pylist(whole, schema), asked, {"a__b": SOURCE})
    read = [(r["place"], r["target"], r["correction"], r["stated"]) for r in routed.to_pylist()]
    assert read == [
        ("2", None, NUMBER, None),
        ("1", "birth_date", "1990-03-07", None),
        ("1", "citizen_id", NUMBER, None),
    ]
