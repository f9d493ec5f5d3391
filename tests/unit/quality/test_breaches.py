"""What broke an expectation, for every expectation of every suite of a source."""

import json
from pathlib import Path

import pytest

from pipelines.quality.breaches import Breach, Claim, find_breaches
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.quality.suites import read_claims

EXPECTATIONS = Path(__file__).parents[3] / "expectations"
SUITES = sorted(file.stem for file in EXPECTATIONS.glob("*.json"))
CLAIMS = read_claims(EXPECTATIONS, SUITES)


def failed(suite, name, observed="", expected="", **figures):
    return ExpectationOutcome(
        suite, name, "expect_x", figures.pop("column", None), "critical", False, observed, expected,
        "…", **figures,
    )  # fmt: skip


def finding(measure, share, column="a", **more):
    return {"measure": measure, "share": share, "column_name": column, "row_count": 100, **more}


def test_a_column_that_is_mostly_wrong_is_named_with_share_and_limit():
    outcome = failed("findings", "no_column_is_mostly_wrong", "0.6", "≤ 0.5")
    rows = [finding("column_with_error", 0.6), finding("column_with_error", 0.1, "b")]
    rows += [finding("column_missing", 0.9, "c")]
    found = find_breaches(outcome, CLAIMS["findings", outcome.name], rows, [])
    assert found == [Breach("column_with_error", 0.6, None, 0.5, "a")]


def test_every_common_error_is_named_and_the_worst_comes_first():
    outcome = failed("findings", "no_error_is_common", "2 / 3 (66.6667%)", "≤ 0.05")
    rows = [
        finding("finding", 0.07, rule="LENGTH", severity="error"),
        finding("finding", 0.5, rule="CHECK_DIGIT", severity="error"),
        finding("finding", 0.9, rule="PLACEHOLDER", severity="warning"),
        finding("finding", 0.9, rule="SEQ_000", severity="error") | {"row_count": 4},
    ]
    found = find_breaches(outcome, CLAIMS["findings", outcome.name], rows, [])
    assert [(each.rule, each.actual, each.high) for each in found] == [
        ("CHECK_DIGIT", 0.5, 0.05),
        ("LENGTH", 0.07, 0.05),
    ]


def test_what_is_unusual_is_told_beside_what_is_usual():
    outcome = failed("drift", "null_rates_are_usual")
    row = {"measure": "null_rate", "column_name": "a", "code": "", "value": 0.4, "low": 0.0,
           "high": 0.1, "distance": 4.0}  # fmt: skip
    other = row | {"measure": "code_share"}
    found = find_breaches(outcome, CLAIMS["drift", outcome.name], [], [row, other])
    assert found == [Breach("null_rate", 0.4, 0.0, 0.1, "a")]
    late = failed("drift", "no_delivery_was_missed", "1 / 1 (100%)", "≤ 31", bad=1, judged=1)
    days = {"measure": "interval_days", "value": 45.0}
    found = find_breaches(late, CLAIMS["drift", late.name], [], [days])
    assert found == [Breach("days", 45.0, None, 31.0)]


@pytest.mark.parametrize(
    ("outcome", "breach"),
    [
        (failed("raw", "delivered_in_time", "153", "≤ 47.5", column="_age_days"),
         Breach("days", 153, None, 47.5)),
        (failed("raw", "usual_volume", "10", "≥ 80 ≤ 120"), Breach("rows", 10, 80, 120)),
        (failed("raw", "lines_are_readable", "4 / 4 (100%)", "≥ 99.9%", bad=4, judged=4),
         Breach("share", 1.0, None, 0.001)),
        (failed("staged", "key_is_unique", "1 / 4 (25%)", "100%", bad=1, judged=4,
                column="source_key"), Breach("share", 0.25, None, 0.0, "source_key")),
    ],
)  # fmt: skip
def test_actual_and_limit_are_in_one_unit_and_direction(outcome, breach):
    assert find_breaches(outcome, CLAIMS[outcome.suite, outcome.name], [], []) == [breach]


def test_what_could_not_be_judged_has_no_breach():
    assert find_breaches(failed("raw", "x"), Claim({}), [], []) == []


def test_every_condition_of_every_suite_is_understood():
    """A condition that is not would make a requirement fail without a word about what is wrong."""
    operators, kinds = set(), set()

    def collect(condition):
        kinds.add(condition["type"])
        if condition["type"] == "and":
            for each in condition["conditions"]:
                collect(each)
        else:
            operators.add(condition["operator"])

    for suite in SUITES:
        for each in json.loads((EXPECTATIONS / f"{suite}.json").read_text())["expectations"]:
            if suite.startswith(("findings", "drift")) and "row_condition" in each["kwargs"]:
                collect(each["kwargs"]["row_condition"])
    assert kinds == {"and", "comparison"}
    assert operators <= {"==", "!=", ">", ">=", "<", "<="}
