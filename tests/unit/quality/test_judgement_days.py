"""The day on which a judgement about a date turns is the first on which it comes out otherwise."""

from datetime import date, timedelta

import ibis
import pytest

from pipelines.quality.contradiction.world import after, first_later, turns_after

ENDED = date(2026, 2, 26)


@pytest.mark.parametrize("days", [0, 1, 30])
def test_a_judgement_turns_on_that_day_and_on_none_before(con, days):
    turns = con.to_pyarrow(turns_after(ibis.literal(ENDED), days).cast("date")).as_py()
    assert turns == ENDED + timedelta(days=days + 1)
    for day, expected in ((turns - timedelta(days=1), False), (turns, True)):
        found = after(ibis.literal(day), ibis.literal(ENDED), days)
        assert con.to_pyarrow(found).as_py() is expected


def test_the_first_that_is_still_to_come_counts(con):
    days = [ibis.literal(ENDED + timedelta(days=number)) for number in (9, 0, 5)]
    found = first_later(ibis.literal(ENDED), *days)
    assert con.to_pyarrow(found).as_py() == ENDED + timedelta(days=5)
    assert (
        con.to_pyarrow(first_later(ibis.literal(ENDED + timedelta(days=9)), *days)).as_py() is None
    )
