"""A requirement that was not met is told as what is wrong."""

import pytest

from pipelines.contracts.source import Reporting, SourceColumn
from pipelines.quality.breaches import Breach
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.report.owner.requirements import breach_sentences, failed_requirement
from pipelines.report.words import vocabulary

OUTCOME = ExpectationOutcome(
    "findings",
    "no_column_is_mostly_wrong",
    "expect_x",
    None,
    "critical",
    False,
    "1",
    "≤ 0.5",
    "说明",
)


@pytest.fixture
def source(build):
    columns = (
        SourceColumn("registered_capital", "ZCZB", "money", title="注册资本"),
        SourceColumn("remark", "备注", None),
    )
    return build.source(columns=columns)


@pytest.mark.parametrize(
    ("breach", "sentence"),
    [
        (Breach("column_with_error", 1.0, None, 0.5, "registered_capital"),
         "列 注册资本（ZCZB）：100.0 % 的行有错误，上限 50 %"),
        (Breach("column_missing", 0.49, None, 0.05, "remark"),
         "列 备注：49.0 % 的行没有可用的值，上限 5 %"),
        (Breach("quarantined", 0.49, None, 0.2), "49.0 % 的行无法入库，上限 20 %"),
        (Breach("days", 153, None, 47.5), "实际 153 天，上限 47.5 天"),
        (Breach("rows", 10, 80, 120), "实际 10 行，下限 80 行"),
        (Breach("rows", 1300, 80, 120), "实际 1,300 行，上限 120 行"),
        (Breach("null_rate", 0.4, 0.0, 0.1, "remark"),
         "列 备注：40.0 % 的行为空，以往为 0.0 % 至 10.0 %"),
        (Breach("share", 0.0001, None, 0.0, "remark"), "备注：不符合的行占 <0.1 %，上限 0 %"),
        (Breach("new_code", 1.0, 0.0, 0.0, "remark", code="9"), "列 备注：出现以往没有的代码 9"),
    ],
)  # fmt: skip
def test_a_breach_is_one_sentence_with_actual_and_limit(source, breach, sentence):
    assert breach_sentences([breach], source, "zh") == [sentence]


def test_a_common_error_is_told_in_the_words_of_its_rule(source):
    breach = Breach("finding", 0.75, None, 0.05, "registered_capital", "UNKNOWN_CURRENCY")
    (sentence,) = breach_sentences([breach], source, "zh")
    assert sentence == "列 注册资本（ZCZB）：75.0 % 的行有问题“币种不在货币代码表中”，上限 5 %"


def test_of_many_breaches_the_worst_are_told_and_the_others_counted(source):
    many = [Breach("quarantined", 0.5, None, 0.2)] * 7
    assert breach_sentences(many, source, "zh")[-1] == "另有 2 处"
    assert len(failed_requirement(OUTCOME, many, source).breaches) == 6


def test_without_a_breach_it_could_not_be_judged(build, source):
    told = failed_requirement(OUTCOME, [], source)
    assert (told.note, told.breaches) == ("说明", ["未能评估"])
    english = build.source(columns=source.columns, reporting=Reporting(language="en"))
    assert failed_requirement(OUTCOME, [], english).note == "Requirement: no column is mostly wrong"


def test_every_kind_of_breach_has_a_sentence_in_both_languages():
    assert vocabulary("zh").breaches.keys() == vocabulary("en").breaches.keys()
