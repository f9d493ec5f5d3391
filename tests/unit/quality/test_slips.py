"""Corrections that stand in the wrong place are suspected; ordinary ones are not."""

from datetime import date, timedelta

import pytest

from pipelines.quality.slips import Typed, suspected_slips


def typed(row, old, new, *, column="a__b/birth_date", element="birth_date"):
    return Typed(f"f{row}", "s", row, column, element, old, new)


@pytest.mark.parametrize(
    ("element", "new", "slipped"),
    [
        ("address", "1990-03-07", True),
        ("address", "1990年3月7日", True),
        ("address", "13800000000", True),
        ("address", "示范市城东区解放路1号", False),
        ("person_name", "示范市城东区解放路1号", True),
        ("person_name", "110101199003079999", True),
        ("person_name", "王小明", False),
        ("organization_name", "示范市解放路1号书店", False),
        ("birth_date", "1990-03-07", False),
        ("address", "", False),
        ("address", None, False),
    ],
)
def test_another_kind_of_value_has_slipped_into_a_column_of_text(element, new, slipped):
    answer = typed(1, "示范市", new, column="a__b/x", element=element)
    assert suspected_slips([answer]) == ({"f1": "SLIPPED_COLUMN"} if slipped else {})


def test_what_was_delivered_so_has_not_slipped():
    assert suspected_slips([typed(1, "1990-03-08", "1990-03-07", element="address")]) == {}


def moved(days, count=6):
    first = date(1960, 1, 1)
    olds = [first + timedelta(days=997 * n) for n in range(count)]
    return [typed(n, f"{old}", f"{old + timedelta(days=days)}") for n, old in enumerate(olds)]


def test_dates_that_all_moved_by_the_same_number_of_days():
    """1,462 days lie between the two calendars of spreadsheets."""
    assert set(suspected_slips(moved(1462)).values()) == {"SAME_SHIFT"}
    assert suspected_slips(moved(1462, count=4)) == {}
    single = [typed(10 + n, f"19{n}0-01-01", f"19{n}0-0{n + 2}-01") for n in range(7)]
    assert suspected_slips([*moved(1, count=5), *single]) == {}, "fewer than half are alike"


NUMBERS = ["110101196503121234", "110102197809112345", "110105198811303456", "110108199902284567"]


def test_a_block_that_was_pasted_one_row_too_low():
    """Each correction resembles the value above; the first row of the block has none."""
    mended = [f"{number[:-1]}X" for number in NUMBERS]
    column = {"column": "a__b/citizen_id", "element": "citizen_id"}
    low = [typed(n, NUMBERS[n], mended[n - 1] if n else None, **column) for n in range(4)]
    assert suspected_slips(low) == dict.fromkeys(["f1", "f2", "f3"], "SLIPPED_ROW")
    right = [typed(n, NUMBERS[n], mended[n], **column) for n in range(4)]
    assert suspected_slips(right) == {}


def test_values_of_other_columns_are_no_neighbours():
    mended = [f"{number[:-1]}X" for number in NUMBERS]
    rows = [
        typed(n, NUMBERS[n], mended[n - 1] if n else None, column=f"a__b/{n}", element="text")
        for n in range(4)
    ]
    assert suspected_slips(rows) == {}
