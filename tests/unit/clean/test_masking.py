"""Three tongues, one rule: Ibis, PostgreSQL (see integration) and Python mask alike."""

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.clean.masking import mask, mask_text

KINDS = ["none", "identity_number", "person_name", "phone", "address", "last4", "all"]
VALUES = ["", "1", "张三", "张三丰", "11010519491231002X", "13800138000", "买买提·吐尔逊", "a" * 30]
SHOWN = {
    ("identity_number", "11010519491231002X"): "1101*************X",
    ("person_name", "张三"): "*三",
    ("person_name", "张三丰"): "张*丰",
    ("phone", "13800138000"): "138****8000",
    ("last4", "6222020000001234"): "************1234",
    ("all", "x"): "***",
}


@pytest.mark.parametrize(("case", "expected"), SHOWN.items())
def test_by_example(case, expected):
    kind, value = case
    assert mask_text(value, kind) == expected


def in_engine(values, kind):
    table = ibis.memtable({"v": values}, schema={"v": "string"})
    rows = ibis.duckdb.connect().to_pyarrow(table.select(m=mask(table.v, kind)))
    return rows["m"].to_pylist()


@pytest.mark.parametrize("kind", KINDS)
def test_engine_and_python_agree(kind):
    assert in_engine([*VALUES, None], kind) == [*(mask_text(v, kind) for v in VALUES), None]


@given(st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=6, max_size=40))
def test_an_identity_number_never_shows_more_than_five_characters(value):
    shown = mask_text(value, "identity_number")
    assert len(shown) == len(value)
    assert len(shown.replace("*", "")) <= 5
