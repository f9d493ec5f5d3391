"""What people fill in wrongly is found, and what is right is not."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.governance.resources.entry import CYCLES, FORMATS, SHARE_MODES, Item
from pipelines.governance.resources.lint import is_uscc, lint
from tests.unit.governance.conftest import GOOD

TODAY = date(2026, 6, 30)


def rules(*entries):
    return [fault.rule for fault in lint(entries, TODAY)]


def test_a_good_entry_has_no_fault(good):
    assert rules(good()) == []


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"name": ""}, "MISSING"),
        ({"summary": "  "}, "MISSING"),
        ({"provider_code": ""}, "MISSING"),
        ({"responsible": "无"}, "PLACEHOLDER"),
        ({"grade": "待定"}, "PLACEHOLDER"),
        ({"name": "招牌备案管理系统"}, "SYSTEM_AS_NAME"),
        ({"name": "综合业务平台V2.0"}, "SYSTEM_AS_NAME"),
        ({"name": "城管ＡＰＰ"}, "SYSTEM_AS_NAME"),
        ({"name": "户外招牌  备案"}, "BLANKS_IN_NAME"),
        ({"name": "户外招牌备案 "}, "BLANKS_IN_NAME"),
        ({"name": "户外招牌\n备案"}, "BLANKS_IN_NAME"),
        ({"summary": "户外招牌备案"}, "EMPTY_SUMMARY"),
        ({"summary": "招牌数据"}, "EMPTY_SUMMARY"),
        ({"code": "30706/1"}, "BAD_CODE"),
        ({"code": "307006"}, "BAD_CODE"),
        ({"code": "407006/000001"}, "BAD_CODE"),
        ({"code": "207006/000001"}, "CODE_OF_ANOTHER_CLASS"),
        ({"provider_code": "91350100M000100Y44"}, "BAD_PROVIDER_CODE"),
        ({"provider_code": "M000100Y4"}, "BAD_PROVIDER_CODE"),
        ({"format_class": "表格"}, "UNKNOWN_FORMAT"),
        ({"formats": ("mysql",)}, "FORMAT_OF_ANOTHER_CLASS"),
        ({"format_class": "数据库"}, "FORMAT_OF_ANOTHER_CLASS"),
        ({"share_submode": "服务接口"}, "FILE_AS_SERVICE"),
        ({"share_type": "部分共享"}, "UNKNOWN_SHARE_TYPE"),
        ({"share_condition": ""}, "NO_CONDITION"),
        ({"share_condition": "无"}, "NO_CONDITION"),
        ({"share_type": "不予共享", "share_condition": "涉及隐私"}, "NO_LEGAL_BASIS"),
        ({"share_type": "无条件共享"}, "CONDITION_OF_UNCONDITIONAL"),
        ({"share_mode": "微信"}, "UNKNOWN_SHARE_MODE"),
        ({"share_submode": "优盘"}, "UNKNOWN_SHARE_MODE"),
        ({"share_submode": ""}, "UNKNOWN_SHARE_MODE"),
        ({"open": "是"}, "UNKNOWN_OPEN"),
        (
            {"open": "1", "items": (Item("电话", "C", sensitivity="personal"),)},
            "OPEN_PERSONAL_DATA",
        ),
        ({"cycle": "季度"}, "NOT_LISTED"),
        ({"grade": "机密"}, "NOT_LISTED"),
        ({"published_on": "2026/3/2"}, "BAD_DATE"),
        ({"published_on": "2026-02-30"}, "BAD_DATE"),
        ({"published_on": "2026-07-01"}, "DATE_AHEAD"),
        ({"items": ()}, "NO_ITEMS"),
        ({"items": (Item("zpmc", "C"),)}, "ITEM_WITHOUT_NAME"),
        ({"items": (Item("名称", "C"), Item(" 名称 ", "C"))}, "ITEM_TWICE"),
        ({"items": (Item("名称", "字符"),)}, "BAD_DATA_TYPE"),
        ({"items": (Item("名称", "C", "60位"),)}, "LENGTH_NO_NUMBER"),
        ({"related": ("101001/000001",)}, "UNKNOWN_RELATED"),
    ],
)
def test_each_error_is_found_by_its_rule(good, changed, rule):
    assert rules(good(**changed)) == [rule]


def test_what_is_not_shared_needs_a_law_and_may_not_be_open(good):
    law = "《中华人民共和国统计法》第九条"
    assert rules(good(share_type="不予共享", share_condition=law)) == []
    closed = good(share_type="不予共享", share_condition=law, open="1", open_condition="注册")
    assert rules(closed) == ["OPEN_BUT_NOT_SHARED"]


@pytest.mark.parametrize(
    "name", ["户外招牌备案2", "户外招牌备案（副本）", "户外 招牌备案。", "户外招牌备案(二)"]
)
def test_names_that_differ_by_a_number_or_a_sign_are_one_name(good, name):
    other = good(origin="b", code="307006/000010", name=name, items=(Item("高度", "N"),))
    assert rules(good(), other)[-1] == "NAME_TWICE"
    assert rules(good(), good(origin="b", code="307006/000010", name=name))[-1] == "SEVERAL_CODES"
    elsewhere = good(origin="b", code="307006/000010", name=name, provider="江城市城市管理局")
    assert "NAME_TWICE" not in rules(good(), elsewhere)


def test_one_code_is_for_one_resource(good):
    assert rules(good(), good(origin="b", name="夜间经营备案")) == ["CODE_TWICE"]


@pytest.mark.parametrize(
    "name", ["信息系统工程监理单位", "平台企业用工登记", "数据库审计报告", "客户端软件备案登记"]
)
def test_a_resource_about_systems_is_no_system(good, name):
    assert rules(good(name=name)) == []


def test_a_fault_says_where_what_and_how_to_mend_it(good):
    (fault,) = lint([good(cycle="季度")], TODAY)
    assert str(fault) == (
        "source market_regulation__signs（户外招牌备案）更新周期：“季度”不在规定的值中。"
        "应为实时、每日、每周、每月、每季度、每年、其他之一。"
    )


# GB 32100-2015, codes printed in annexes and on public licences.
@pytest.mark.parametrize("code", ["91350100M000100Y43", "911101085923662400", "91110000802100433B"])
def test_codes_of_real_organisations_are_right(code):
    assert is_uscc(code)


@given(place=st.integers(0, 17), sign=st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_wrong_character_of_a_code_is_found(place, sign):
    code = "91350100M000100Y43"
    changed = code[:place] + sign + code[place + 1 :]
    assert is_uscc(changed) == (changed == code)


@given(
    cycle=st.sampled_from(CYCLES),
    form=st.sampled_from([(c, t) for c, types in FORMATS.items() for t in types]),
    mode=st.sampled_from([(m, s) for m, subs in SHARE_MODES.items() for s in subs or ("",)]),
)
def test_whatever_the_guide_lists_is_accepted(cycle, form, mode):
    from dataclasses import replace

    entry = replace(
        GOOD, cycle=cycle, format_class=form[0], formats=(form[1],),
        share_mode=mode[0], share_submode=mode[1],
    )  # fmt: skip
    is_file = form[0] not in ("数据库", "服务接口")
    assert rules(entry) == (["FILE_AS_SERVICE"] if is_file and mode[1] == "服务接口" else [])


@given(st.text(max_size=30), st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_judged_without_an_error(name, summary, code):
    from dataclasses import replace

    for fault in lint([replace(GOOD, name=name, summary=summary, code=code)], TODAY):
        assert fault.problem
        assert fault.remedy
