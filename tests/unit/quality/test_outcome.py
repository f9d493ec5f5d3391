"""Severity decides, and no outcome carries anybody's data."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pipelines.quality.outcome import (
    ExpectationOutcome,
    count_judged,
    describe_expected,
    describe_observed,
    gate,
    redact,
)

KEPT = ExpectationOutcome(
    suite="raw",
    name="usual_volume",
    expectation="expect_table_row_count_to_be_between",
    column=None,
    severity="critical",
    success=True,
    observed="10",
    expected="≥ 1",
    note_zh="…",
)


def test_gate_stops_at_failed_criticals_only() -> None:
    outcomes = [
        KEPT,
        replace(KEPT, name="warned", severity="warning", success=False),
        replace(KEPT, name="counted", severity="info", success=False),
        replace(KEPT, name="stopped", success=False),
    ]
    assert gate(outcomes) == ["raw/stopped (10; expected ≥ 1)"]
    assert gate(outcomes[:3]) == []


@pytest.mark.parametrize(
    ("bad", "judged", "expected", "told"),
    [
        (3, 7, "100%", "42.9 % of 7 row(s) fail, at most 0 %"),
        (1, 30_000, "≥ 99.999%", "<0.1 % of 30,000 row(s) fail, at most 0.001 %"),
        (29_999, 30_000, "≥ 90%", ">99.9 % of 30,000 row(s) fail, at most 10 %"),
        (4, 4, "≥ 90%", "100 % of 4 row(s) fail, at most 10 %"),
    ],
)
def test_actual_and_limit_are_told_in_one_unit_with_the_column(bad, judged, expected, told):
    failed = replace(
        KEPT, success=False, column="sex_code", bad=bad, judged=judged, expected=expected
    )
    assert gate([failed]) == [f"raw/usual_volume ({told})"]
    titled = gate([failed], title=lambda column: f"性别 ({column})")
    assert titled == [f"raw/usual_volume (column 性别 (sex_code): {told})"]
    assert gate([replace(failed, column=None)], title=str.upper) == [f"raw/usual_volume ({told})"]


@pytest.mark.parametrize(
    ("result", "column", "shown"),
    [
        ({"observed_value": 1000}, None, "1000"),
        ({"observed_value": 0.0123456789}, "share", "0.012346"),
        ({"observed_value": Decimal("0.5")}, "share", "0.5"),
        ({"observed_value": None}, "share", ""),
        ({"observed_value": "1980-01-01"}, "birth_date", ""),
        ({"observed_value": date(1980, 1, 1)}, "birth_date", ""),
        ({"observed_value": "张三"}, "person_name", ""),
        ({"observed_value": ["张三"]}, "person_name", ""),
        ({"observed_value": "2026-06-30"}, "_batch_date", "2026-06-30"),
        (
            {"unexpected_count": 2, "element_count": 10, "missing_count": 2},
            "citizen_id",
            "2 / 8 (25 %)",
        ),
        (
            {"unexpected_count": 1, "element_count": 3, "partial_unexpected_list": ["张三"]},
            "person_name",
            "1 / 3 (33.3 %)",
        ),
        ({"unexpected_count": 0, "element_count": 0}, "share", "0 / 0"),
        ({}, None, ""),
    ],
)
def test_observed_is_a_number_or_nothing(
    result: dict[str, object], column: str | None, shown: str
) -> None:
    assert describe_observed(result, column) == shown


@pytest.mark.parametrize(
    ("kwargs", "shown"),
    [
        ({"min_value": 1, "max_value": None}, "≥ 1"),
        ({"min_value": 0.5, "max_value": 2.5}, "≥ 0.5 ≤ 2.5"),
        ({"max_value": date(2026, 6, 30)}, "≤ 2026-06-30"),
        ({"mostly": 0.999}, "≥ 99.9%"),
        ({"mostly": 1}, "100%"),
        ({"max_value": 3, "mostly": 0.9}, "≤ 3 ≥ 90%"),
        ({"unexpected_rows_query": "SELECT 1"}, "0"),
        ({"column": "x"}, "100%"),
    ],
)
def test_expected_says_what_was_asked(kwargs: dict[str, object], shown: str) -> None:
    assert describe_expected(kwargs) == shown


def test_messages_lose_what_could_be_a_value() -> None:
    message = "Conversion Error: Could not convert string '11010119800101001X' to INT32 in \"c\""
    assert redact(message) == "Conversion Error: Could not convert string '…' to INT32 in \"c\""
    assert redact("key 110101198001010018 is taken") == "key … is taken"
    assert len(redact("x" * 1000)) < 400


@pytest.mark.parametrize(
    ("result", "kwargs", "expected"),
    [
        ({"unexpected_count": 3, "element_count": 10, "missing_count": 2}, {}, (3, 8)),
        ({"unexpected_count": 0, "element_count": 10, "missing_count": 10}, {}, (0, 0)),
        ({"unexpected_count": 3, "element_count": 10}, {}, (3, 10)),
        ({"unexpected_count": 3}, {}, (None, None)),
        ({"element_count": 10}, {}, (None, None)),
        ({"observed_value": 12}, {}, (None, None)),
        ({"observed_value": 4}, {"unexpected_rows_query": "SELECT …"}, (4, None)),
        ({"observed_value": "4"}, {"unexpected_rows_query": "SELECT …"}, (None, None)),
    ],
)
def test_rows_that_failed_out_of_rows_that_were_judged(result, kwargs, expected) -> None:
    assert count_judged(result, kwargs) == expected
