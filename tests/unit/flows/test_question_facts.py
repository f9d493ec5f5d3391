"""What a steward is told to ask for, where too little of two records can be compared."""

from pipelines.flows.steward.facts import _advice
from pipelines.identity.review.decisions import Record
from pipelines.libraries import load_library

LIBRARY = load_library("population")
SIDES = {"left": Record("health__x", "1"), "right": Record("police__y", "2")}


def test_who_sees_two_names_only_is_told_whom_to_ask_for_what():
    shown = {"left_person_name": "*伟", "right_person_name": "*伟", "mark_person_name": "＝",
             "left_citizen_id": "1101*************9"}  # fmt: skip
    said = _advice(LIBRARY, shown, SIDES, {})
    assert said.startswith(
        "所示内容不足以判定，请向health__x（甲）查询出生日期、手机号码、户籍地址；"
    )
    assert "police__y（乙）查询公民身份号码、出生日期" in said
    assert said.endswith("仍无法查明的，选“无法判断”。")


def test_what_says_little_is_no_evidence_and_one_telling_pair_of_values_is():
    names = {"left_person_name": "*伟", "right_person_name": "*伟"}
    sexes = {"left_sex_code": "1", "right_sex_code": "1"}
    assert _advice(LIBRARY, names | sexes, SIDES, {})
    dates = {"left_birth_date": "***", "right_birth_date": "***"}
    assert _advice(LIBRARY, names | dates, SIDES, {}) == ""
