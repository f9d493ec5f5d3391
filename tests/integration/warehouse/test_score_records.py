"""Scores in a real PostgreSQL: one set per batch, replaced by a repeat, and what is new in it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from pipelines.quality.outcome import ExpectationOutcome
from pipelines.quality.score import Count, score_columns, score_counts
from pipelines.warehouse import read_expectations, record_expectations
from pipelines.warehouse.quality.scores import (
    read_counts,
    read_score_news,
    read_scores,
    record_score,
    scoring_lock,
)

SOURCE = "health__births"


def record(warehouse, run, *counts, scope="source", subject=SOURCE):
    scores = {"": score_counts(counts), **score_columns(counts)}
    record_score(warehouse, scope=scope, subject=subject, run=run, counts=counts, scores=scores)


def right(good, of=100, indicator="0301"):
    return Count(indicator, "citizen_id", "citizen_id", good, of)


def test_a_b_and_x_of_every_indicator_are_kept_and_a_repeat_replaces_them(warehouse):
    record(warehouse, "20260629", right(50), right(3, 10, "0305"))
    record(warehouse, "20260629", right(90))
    assert read_counts(warehouse, scope="source", subject=SOURCE, run="20260629") == [right(90)]
    with warehouse.connect() as connection:
        query = "SELECT a, b, x FROM quality.indicator_count"
        assert connection.execute(text(query)).all() == [(90, 100, 0.9)]
    both = read_scores(warehouse, subject=SOURCE, column_name=None)
    assert [(s.column_name, s.score, s.grade) for s in both] == [
        ("", 90, "B"),
        ("citizen_id", 90, "B"),
    ]
    assert (both[0].dimensions, both[0].weights) == ({"03": 90}, {"03": 1})


def test_news_tell_the_trend_and_what_changed_since_the_batch_before(warehouse):
    record(warehouse, "20260628", right(70), right(9, 10, "0201"))
    record(warehouse, "20260629", right(80), right(8, 10, "0201"))
    record(warehouse, "20260629-2", right(95), right(4, 10, "0201"))
    record(warehouse, "20260629-10", right(96), right(2, 10, "0201"))
    news = read_score_news(warehouse, scope="source", subject=SOURCE, runs=3)
    assert [record.run for record in news.trend] == ["20260629", "20260629-2", "20260629-10"]
    assert news.latest == news.trend[-1]
    assert [(c.indicator, round(c.delta)) for c in news.better] == [("0301", 1)]
    assert [(c.indicator, round(c.delta)) for c in news.worse] == [("0201", -20)]
    earlier = read_score_news(warehouse, scope="source", subject=SOURCE, run="20260628")
    assert (earlier.previous, list(earlier.better), list(earlier.worse)) == (None, [], [])
    assert read_score_news(warehouse, scope="library", subject="population") is None


def test_a_run_is_as_old_as_it_is_and_a_batch_as_its_data(warehouse):
    runs = ["20260630T020000", "20260630", "20260629"]
    for run in runs:
        record(warehouse, run, right(50), scope="library", subject="population")
        record(warehouse, run, right(50))
    library = read_scores(warehouse, scope="library", subject="population")
    assert [record.run for record in library] == runs
    source = read_scores(warehouse, scope="source", subject=SOURCE)
    assert [record.run for record in source] == ["20260629", "20260630", "20260630T020000"]
    record(warehouse, runs[0], right(60), scope="library", subject="population")
    news = read_score_news(warehouse, scope="library", subject="population")
    assert (news.latest.run, news.previous.run) == (runs[0], runs[2])


def test_what_nobody_could_judge_is_not_kept(warehouse):
    record_score(
        warehouse, scope="source", subject=SOURCE, run="1", counts=[], scores={"": score_counts([])}
    )
    assert read_scores(warehouse) == []


def test_a_count_that_cannot_be_is_refused(warehouse):
    with pytest.raises(IntegrityError):
        record(warehouse, "20260629", right(101))


def test_two_that_score_one_department_take_turns(warehouse):
    order = []

    def score(name):
        with scoring_lock(warehouse, "department health"):
            order.append(f"{name} begins")
            record(warehouse, name, right(50))
            order.append(f"{name} ends")

    with ThreadPoolExecutor() as pool:
        list(pool.map(score, ["20260628", "20260629"]))
    assert [entry.split()[1] for entry in order] == ["begins", "ends", "begins", "ends"]


def test_what_an_expectation_counts_for_survives_the_database(warehouse):
    given = ExpectationOutcome(
        *("raw", "usual_volume", "expect_table_row_count_to_be_between", None, "warning", True),
        *("5", "≥ 1", "行数。"),
        indicator="0501",
        bad=2,
        judged=7,
    )
    record_expectations(warehouse, subject=SOURCE, run="1", layer="source", outcomes=[given])
    assert read_expectations(warehouse, subject=SOURCE, run="1") == [given]
