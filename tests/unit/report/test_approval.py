"""What a person is asked before ids change: every number of the comparison, and nothing else."""

from pipelines.identity.ids.id_changes import Budget, IdChange, IdStability, SourceLoss
from pipelines.report.approval import render_question

FOUND = IdStability(
    12_000,
    [IdChange("merged", "same_citizen_id", 1_300), IdChange("vanished", "gone", 70)],
    [SourceLoss("health__patients", 5_000, 900), SourceLoss("a__b", 5_000, 3)],
)


def test_the_question_has_a_row_for_each_kind_of_change_and_each_source_over_its_budget():
    text = render_question(FOUND, Budget(0.001, 0.05), ["税务局（x__y）读过其中 3 个"])
    assert "12,000" in text
    assert "1,300" in text
    assert "| 合并 merged | 1,300 | same_citizen_id |" in text
    assert "| health__patients | 900 / 5,000 |" in text
    assert "a__b" not in text  # within its budget
    assert "* 税务局（x__y）读过其中 3 个" in text
    assert "已回退" not in text


def test_after_a_roll_back_it_says_why_it_asks():
    text = render_question(IdStability(5, [], []), Budget(1, 1), [], held=True)
    assert text.startswith("**上次发布已回退")
    assert "|" not in text  # no empty tables
