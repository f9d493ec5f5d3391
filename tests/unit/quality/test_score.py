"""GB/T 36344 by its formulas: worked examples, plain Python beside it, and laws."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DeclarationRefused
from pipelines.quality.measure import count_deliveries, count_outcomes
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.quality.score import (
    Count,
    add_up,
    ceilings,
    changes,
    score_batch,
    score_columns,
    score_counts,
)
from pipelines.standards.scores import SCORES_FILE, load_scoring

SCORING = load_scoring()
LOWER = {"0303", "0305"}


def of(indicator, a, b, column="x"):
    return Count(indicator, column, "", a, b)


def indicator(score, number):
    return next(each for each in score.indicators if each.indicator == number)


def test_the_standards_twenty_indicators_and_its_two_that_are_better_when_lower():
    assert len(SCORING.indicators) == 20
    assert {n for n, each in SCORING.indicators.items() if each.lower_is_better} == LOWER
    assert [d.title for d in SCORING.dimensions.values()] == [
        *("规范性", "完整性", "准确性", "一致性", "时效性", "可访问性")
    ]


def test_the_worked_example():
    """10 000 rows, 9 950 numbers pass their check; 37 keys come twice (domain reference, 8)."""
    score = score_counts([of("0301", 9950, 10_000), of("0303", 37, 10_000)])
    right, double = indicator(score, "0301"), indicator(score, "0303")
    assert (right.a, right.b, right.x, right.q) == (9950, 10_000, 0.995, 0.995)
    assert (double.x, double.q) == (0.0037, pytest.approx(0.9963))
    assert score.score == pytest.approx(100 * (0.995 + 0.9963) / 2)
    assert score.grade == "A"


def test_what_judged_nothing_is_neither_full_marks_nor_none():
    score = score_counts([of("0301", 1, 2), of("0302", 0, 0)])
    assert (indicator(score, "0302").x, indicator(score, "0302").q) == (None, None)
    assert score.score == 50
    assert score.dimensions["01"] is None
    assert score.weights == {"03": 1.0}


def test_a_dimension_that_is_not_applicable_gives_its_weight_to_the_others():
    """完整 0.20 and 准确 0.25 are left: 4/9 and 5/9."""
    score = score_counts([of("0201", 9, 10), of("0301", 1, 2)])
    assert score.weights == {"02": pytest.approx(4 / 9), "03": pytest.approx(5 / 9)}
    assert score.score == pytest.approx(90 * 4 / 9 + 50 * 5 / 9, abs=1e-4)


def test_a_contract_may_weigh_differently():
    counts = [of("0201", 9, 10), of("0301", 1, 2)]
    assert score_counts(counts, {"03": 0.0}).score == 90
    assert score_counts(counts, {"02": 0.1, "03": 0.3}).score == 60


@pytest.mark.parametrize(
    ("score", "grade"), [(95, "A"), (94.99, "B"), (90, "B"), (80, "C"), (60, "D"), (59.9, "E")]
)
def test_grades_begin_at_their_lowest_score(score, grade):
    assert score_counts([of("0301", int(score * 100), 10_000)]).grade == grade


def test_a_rating_wants_every_dimension_to_reach_its_floor():
    good = [of(n, 1000, 1000) for n in ("0101", "0201", "0301", "0401", "0501")]
    best, worst = SCORING.ratings[0].title, SCORING.ratings[-1].title
    assert score_counts([*good, of("0601", 9, 10)]).rating == best
    uneven = score_counts([*good, of("0601", 5, 10)])
    assert uneven.score > 95
    assert uneven.rating != best
    assert score_counts([of("0301", 1, 10)]).rating == worst


def test_nothing_at_all_has_no_score():
    score = score_counts([])
    assert (score.score, score.grade, score.rating) == (None, "", "")


def test_columns_are_scored_one_by_one():
    scores = score_columns([of("0301", 1, 2, "a"), of("0301", 4, 4, "b"), of("0602", 0, 1, "")])
    assert {column: score.score for column, score in scores.items()} == {"a": 50, "b": 100}


def test_what_got_better_and_what_got_worse():
    before = [of("0301", 5, 10), of("0305", 1, 10), of("0201", 1, 1)]
    after = [of("0301", 8, 10), of("0305", 3, 10), of("0401", 1, 1)]
    told = changes(before, after)
    assert [(c.indicator, round(c.delta)) for c in told] == [("0301", 30), ("0305", -20)]


def outcome(**fields):
    about = {
        "suite": "raw",
        "name": "n",
        "expectation": "e",
        "column": None,
        "severity": "warning",
        "success": True,
        "observed": "",
        "expected": "",
        "note_zh": "。",
    }
    return ExpectationOutcome(**(about | fields))


def test_an_expectation_counts_rows_or_all_of_them_or_none():
    told = count_outcomes(
        [
            outcome(indicator="0502", success=False),
            outcome(indicator="0501", column="_age_days"),
            outcome(indicator="0402", bad=3, judged=None, success=False),
            outcome(indicator="0105", bad=1, judged=40, column="sex_code"),
            outcome(indicator=""),
            outcome(indicator="0301", exception="no such column", success=False),
        ],
        rows=100,
    )
    assert {(c.indicator, c.column_name): (c.a, c.b) for c in told} == {
        ("0502", ""): (0, 100),
        ("0501", ""): (100, 100),
        ("0402", ""): (97, 100),
        ("0105", "sex_code"): (39, 40),
    }


@pytest.mark.parametrize(
    ("days", "counted"),
    [
        ([0], (1, 1)),
        ([0, 1, 2], (3, 3)),
        ([0, 3], (2, 4)),
        ([0, 20], (1, 10)),  # the window has moved past the first
        ([0, 0, 1], (2, 2)),  # delivered twice on one day
        ([0, 1, 9], (2, 2)),  # what came after the batch says nothing about it
    ],
)
def test_deliveries_that_came_of_those_due(days, counted):
    first = date(2026, 6, 1)
    until = first + timedelta(days=1 if 9 in days else max(days))
    (count,) = count_deliveries(
        [first + timedelta(days=day) for day in days], until, timedelta(days=1)
    )
    assert (count.a, count.b) == counted


def test_a_delivery_before_the_periods_that_are_looked_at_does_not_count():
    until = date(2026, 6, 30)
    came = [until - timedelta(days=days) for days in (0, 2, 3, 4, 9)]
    (count,) = count_deliveries(came, until, timedelta(days=1), window=3)
    assert (count.a, count.b) == (2, 3), "of the 28th, 29th and 30th, and not of the 27th"


COUNTS = st.lists(
    st.builds(
        lambda number, b, share, column: of(number, round(b * share), b, column),
        st.sampled_from(sorted(SCORING.indicators)),
        st.integers(0, 500),
        st.floats(0, 1),
        st.sampled_from(["a", "b", ""]),
    ),
    max_size=30,
)


@given(COUNTS)
def test_a_score_lies_between_nothing_and_a_hundred(counts):
    score = score_counts(counts).score
    assert score is None or 0 <= score <= 100


@given(COUNTS, st.randoms())
def test_the_order_of_counts_means_nothing(counts, dice):
    shuffled = list(counts)
    dice.shuffle(shuffled)
    assert score_counts(shuffled) == score_counts(counts)
    assert score_counts(add_up(counts)) == score_counts(counts)


@given(COUNTS, st.sets(st.sampled_from(sorted(SCORING.indicators)), min_size=1))
def test_a_row_that_is_bad_wherever_it_is_judged_never_raises_the_score(counts, judged):
    bad = [of(n, 1 if n in LOWER else 0, 1) for n in judged]
    before, after = score_counts(counts).score, score_counts([*counts, *bad]).score
    assert after <= (100 if before is None else before) + 1e-3


@given(COUNTS, st.integers(0, 29))
def test_a_good_value_that_turns_bad_never_raises_the_score(counts, place):
    if place >= len(counts):
        return
    one = counts[place]
    step = 1 if one.indicator in LOWER else -1
    if not 0 <= one.a + step <= one.b:
        return
    worse = [*counts]
    worse[place] = of(one.indicator, one.a + step, one.b, one.column_name)
    assert score_counts(worse).score <= score_counts(counts).score + 1e-3


@given(COUNTS)
def test_plain_python_adds_up_to_the_same(counts):
    """Said once more, as the standard says it."""
    per_dimension = {}
    for number in SCORING.indicators:
        a = sum(c.a for c in counts if c.indicator == number)
        b = sum(c.b for c in counts if c.indicator == number)
        if b:
            x = a / b
            per_dimension.setdefault(number[:2], []).append(1 - x if number in LOWER else x)
    weights = {"01": 0.15, "02": 0.20, "03": 0.25, "04": 0.20, "05": 0.15, "06": 0.05}
    used = {d: w for d, w in weights.items() if d in per_dimension}
    score = score_counts(counts).score
    if not used:
        assert score is None
        return
    mean = {d: sum(per_dimension[d]) / len(per_dimension[d]) for d in used}
    expected = 100 * sum(w * mean[d] for d, w in used.items()) / sum(used.values())
    assert score == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("written", "instead", "complaint"),
    [
        ("weight: 0.15", "weight: 0.25", "add up"),
        ('"0101"', '"0701"', "no dimension"),
        ("A: 95", "A: 85", "fall"),
        ("title: 数据模型", "titel: 数据模型", "titel"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(tmp_path, written, instead, complaint):
    text = SCORES_FILE.read_text(encoding="utf-8")
    assert written in text
    file = tmp_path / "scores.yml"
    file.write_text(text.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(DeclarationRefused, match=complaint):
        load_scoring(file)


GOOD = [
    *(of(n, 100, 100, c) for n in ("0101", "0301", "0302") for c in ("citizen_id", "a", "b", "c")),
    *(of("0201", 100, 100, c) for c in ("citizen_id", "a")),
    of("0602", 100, 100, ""),
    of("0401", 100, 100, "a"),
]


@pytest.mark.parametrize(
    ("bad", "grade", "place"),
    [
        (of("0301", 0, 100, "citizen_id"), "E", ("citizen_id", "0301")),
        (of("0602", 51, 100, ""), "E", ("", "0602")),
        (of("0201", 85, 100, "a"), "C", ("a", "0201")),
    ],
)
def test_a_batch_is_no_better_than_what_its_records_need(bad, grade, place):
    """By other columns it would be A or B: 100 % invalid numbers came to 91.1."""
    counts = [bad if (c.column_name, c.indicator) == place else c for c in GOOD]
    assert score_counts(counts).grade in ("A", "B")
    score = score_batch(counts, {"citizen_id"})
    assert (score.score, score.grade) == (pytest.approx(100 * bad.a / bad.b), grade)
    lowest = ceilings(counts, {"citizen_id"})[0]
    assert (lowest.column_name, lowest.indicator) == place


def test_a_column_that_nobody_needs_sets_no_ceiling():
    counts = [of("0301", 0, 100, "b") if c.column_name == "b" else c for c in GOOD]
    assert score_batch(counts, {"citizen_id"}) == score_counts(counts)


@given(
    st.lists(st.tuples(st.sampled_from(["0301", "0201", "0602"]), st.integers(0, 9)), max_size=6)
)
def test_one_more_bad_value_never_raises_a_score_under_its_ceiling(extra):
    counts = [*GOOD, *(of(n, a, 10, "" if n == "0602" else "citizen_id") for n, a in extra)]
    before = score_batch(counts, {"citizen_id"}).score
    for number, column in (("0301", "citizen_id"), ("0201", "a"), ("0602", "")):
        after = score_batch([*counts, of(number, 0, 1, column)], {"citizen_id"}).score
        assert after <= before
