"""Three tongues, one rule: Ibis, PostgreSQL (see integration) and Python mask alike."""

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clean.masking import hide_numbers, hide_numbers_in_text, mask, mask_text

KINDS = ["none", "identity_number", "person_name", "phone", "address", "last4", "all"]
VALUES = ["", "1", "张三", "张三丰", "11010519491231002X", "13800138000", "买买提·吐尔逊", "a" * 30]
SHOWN = {
    ("identity_number", "11010519491231002X"): "1101*************X",
    ("person_name", "张三"): "*三",
    ("person_name", "张三丰"): "张*丰",
    ("phone", "13800138000"): "138****8000",
    ("last4", "6222020000001234"): "************1234",
    ("all", "x"): "***",
    # At the border: one character fewer shows nothing at all.
    ("identity_number", "12345678"): "1234***8",
    ("identity_number", "1234567"): "*******",
    ("person_name", "张"): "*",
    ("phone", "87654321"): "********",
    ("phone", "0571876543"): "**********",
    ("last4", "12345678"): "****5678",
    ("last4", "1234567"): "*******",
    ("none", "张三"): "张三",
    ("address", "贵州省平塘县掌布乡开花寨村3组"): "贵州省平塘县掌布乡***",
    ("address", "文一路9号3幢502室"): "文一路***",
    ("all", ""): "***",
}


@pytest.mark.parametrize(("case", "expected"), SHOWN.items())
def test_by_example(case, expected):
    kind, value = case
    assert mask_text(value, kind) == expected
    assert in_engine([value], kind) == [expected]


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


ADDRESSES = {
    "浙江省杭州市余杭区仓前街道文一西路969号": "浙江省杭州市余杭区仓前街道***",
    "贵州省平塘县掌布乡开花寨村3组": "贵州省平塘县掌布乡***",
    "文一路9号3幢502室": "文一路***",
    "浙江省杭州市文一路9号乡村花园": "浙江省杭州市***",
    "9号": "***",
}


def test_an_address_is_shown_down_to_the_township():
    assert {text: mask_text(text, "address") for text in ADDRESSES} == ADDRESSES
    assert in_engine(list(ADDRESSES), "address") == list(ADDRESSES.values())


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6, deadline=None)
@given(st.lists(st.text("张三·省市县镇乡街道路号0123456789X-", max_size=30), min_size=1))
def test_engine_and_python_agree_on_anything(kind, values):
    assert in_engine(values, kind) == [mask_text(value, kind) for value in values]


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("none", "last4", "phone")])
@given(st.text("张三李四王五赵六孙七周八吴九郑十", min_size=3, max_size=18))
def test_no_mask_shows_everything(kind, value):
    assert mask_text(value, kind) != value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("110105194912310021", "1101*************1"),
        ("男 11010519491231002X。", "男 1101*************X。"),
        ("13800138000,13900139000", "138****8000,139****9000"),
        ("91110105000000121X", "91110105000000121X"),
        ("20260630123000123", "20260630123000123"),
        ("1101051949123100210", "1101051949123100210"),
        ("", ""),
    ],
)
def test_what_looks_like_a_number_of_a_person_is_hidden_in_any_text(text: str, shown: str):
    assert hide_numbers_in_text(text) == shown
    assert hide_numbers(ibis.literal(text)).execute() == shown
