"""A batch beside its source's own history: bounds, noise, news, and what is measured at all."""

from statistics import median

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.source import SourceColumn
from pipelines.quality.drift import ENOUGH, Measure, batch_measures, drift_table, find_drift

ROWS = 10_000
EMPTY = ("null_rate", "mobile", "")
MALE = ("code_share", "sex_code", "1")


def batches(*values, place=EMPTY):
    return {f"2026060{n}": [Measure(*place, value)] for n, value in enumerate(values)}


def drift_of(value, history, place=EMPTY, rows=ROWS):
    found = find_drift([Measure(*place, value)], history, rows)
    return next(each for each in found if each.measure == place[0])


@pytest.mark.parametrize(("value", "unusual"), [(0.10, False), (0.12, False), (0.25, True)])
def test_a_null_rate_is_held_against_its_own_history(value, unusual):
    history = batches(0.10, 0.11, 0.10, 0.09, 0.10)
    assert (drift_of(value, history).distance > 1) is unusual


def test_what_swings_from_batch_to_batch_may_swing():
    calm, wild = batches(*[0.3] * 6), batches(0.1, 0.2, 0.3, 0.4, 0.5, 0.3)
    assert drift_of(0.45, calm).distance > 1
    assert drift_of(0.45, wild).distance < 1


def test_one_wild_batch_does_not_widen_the_bounds():
    assert drift_of(0.3, batches(0.1, 0.1, 0.9, 0.1, 0.1)).distance > 1


def test_a_small_batch_is_not_blamed_for_chance():
    history = batches(*[0.1] * 6)
    assert drift_of(0.25, history, rows=ROWS).distance > 1
    assert drift_of(0.25, history, rows=20).distance < 1


@pytest.mark.parametrize("size", range(ENOUGH))
def test_too_few_batches_are_only_noted(size):
    found = find_drift([Measure(*EMPTY, 1.0)], batches(*[0.0] * size), ROWS)
    assert [(each.distance, each.history) for each in found] == [(None, size)]


def test_codes_that_are_new_or_gone_are_news():
    history = {
        f"2026060{n}": [
            Measure(*MALE, 0.5),
            Measure("code_share", "sex_code", "2", 0.4),
            Measure("code_share", "sex_code", "9", 0.001),
        ]
        for n in range(6)
    }
    now = [Measure(*MALE, 0.5), Measure("code_share", "sex_code", "0", 0.1)]
    news = {(d.measure, d.code) for d in find_drift(now, history, ROWS) if d.measure[3:] != "e"}
    assert {("new_code", "0"), ("gone_code", "2")} <= news
    assert ("gone_code", "9") not in news, "one in a thousand may be missing once"
    assert ("new_code", "1") not in news


def test_a_code_that_some_batches_lacked_had_a_share_of_nothing_there():
    history = batches(*[0.0] * 5) | {"20260609": [Measure(*MALE, 0.3)]}
    assert drift_of(0.3, history, place=MALE).distance > 1


def test_columns_that_no_contract_maps_come_and_go():
    history = {
        f"2026060{n}": [Measure("column", "BZ", "", 1.0), Measure(*EMPTY, 0.2)] for n in range(5)
    }
    found = find_drift([Measure("column", "XB2", "", 1.0), Measure(*EMPTY, 1.0)], history, ROWS)
    told = {(d.measure, d.column_name) for d in found if (d.distance or 0) > 1}
    assert {("new_column", "XB2"), ("gone_column", "BZ"), ("emptied_column", "mobile")} <= told


def test_a_column_that_was_always_empty_was_not_emptied():
    found = find_drift([Measure(*EMPTY, 1.0)], batches(*[1.0] * 6), ROWS)
    assert [d.measure for d in found] == ["null_rate"]


@given(st.lists(st.floats(0, 1), min_size=ENOUGH, max_size=12), st.floats(0, 1), st.randoms())
def test_the_bounds_hold_the_median_and_know_no_order(values, value, dice):
    one = drift_of(value, batches(*values))
    shuffled = list(values)
    dice.shuffle(shuffled)
    assert drift_of(value, batches(*shuffled)) == one
    assert 0 <= one.low <= median(values) <= one.high <= 1
    assert (one.distance <= 1 + 1e-9) == (one.low - 1e-9 <= value <= one.high + 1e-9)


def test_null_rates_and_shares_are_those_of_the_rows(con, make_source):
    source = make_source(
        columns=[SourceColumn("sex_code", "XB", "sex_code"), SourceColumn("mobile", "SJ", "mobile")]
    )
    rows = {"sex_code": ["1", "1", "2", None], "mobile": ["x", None, None, None]}
    schema = pa.schema(dict.fromkeys(rows, pa.string()))
    staged = ibis.memtable(pa.table(rows, schema=schema))
    told = con.to_pyarrow(batch_measures(staged, source)).to_pylist()
    assert {(m["measure"], m["column_name"], m["code"]): m["value"] for m in told} == {
        ("null_rate", "sex_code", ""): 0.25,
        ("null_rate", "mobile", ""): 0.75,
        ("code_share", "sex_code", "1"): pytest.approx(2 / 3),
        ("code_share", "sex_code", "2"): pytest.approx(1 / 3),
    }
    nothing = con.to_pyarrow(batch_measures(staged.filter(staged.mobile == "y"), source))
    assert nothing.num_rows == 0


def test_the_table_for_the_suite_has_its_columns_even_without_rows():
    assert drift_table([]).column_names[:4] == ["measure", "column_name", "code", "value"]
    assert drift_table([drift_of(0.1, {})]).num_rows == 1
