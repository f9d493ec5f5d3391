"""The queue in the engine against the algebra in Python, and one name for one question."""

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_decisions_law import RECORDS, decided, ledgers, pairs

from pipelines.engines import kept_sql
from pipelines.identity.review.decisions import contradictions, in_force, infer, pair_of
from pipelines.identity.review.questions import (
    PAIR,
    by_harm,
    changed_pairs,
    named,
    question_name,
    stratum,
    unanswered,
)
from pipelines.libraries import load_library

LIBRARY = load_library("population")
KEY = "a site's key of sixteen"
CON = kept_sql.connect(threads=1)
A, B, C, D, E = RECORDS


def table(some, **more):
    rows = [(*left, *right) for left, right in some]
    columns = dict(zip(PAIR, map(list, zip(*rows, strict=True)), strict=True))
    return ibis.memtable({**columns, **more})


def rows(expression):
    return CON.to_pyarrow(expression).to_pylist()


@settings(max_examples=20, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=8))
def test_a_question_has_one_name_in_the_engine_and_in_python(some):
    told = rows(named(table(some), LIBRARY, KEY))
    for pair, row in zip(some, told, strict=True):
        assert row["question"] == question_name(pair_of(*pair), LIBRARY, KEY)
        assert (row["left_source"], row["left_key"]) == tuple(pair_of(*pair).left)


def test_another_key_or_library_is_another_name():
    pair = pair_of(A, B)
    names = {
        question_name(pair, LIBRARY, KEY),
        question_name(pair, LIBRARY, KEY + "!"),
        question_name(pair, load_library("legal_entity"), KEY),
    }
    assert len(names) == 3
    assert all("A" not in name[3:] for name in names)


@settings(max_examples=25, deadline=None)
@given(ledgers)
def test_what_follows_is_not_asked(decisions):
    live = in_force(decisions)
    if contradictions(live):
        return
    everything = [(one, other) for one in RECORDS for other in RECORDS if one < other]
    asked = rows(unanswered(table(everything), live))
    graph = infer(live)
    open_ = {pair for pair in everything if graph.verdict(pair_of(*pair)) is None}
    assert {
        ((r["left_source"], r["left_key"]), (r["right_source"], r["right_key"])) for r in asked
    } == {(tuple(one), tuple(other)) for one, other in open_}


def test_harm_is_the_formula_of_the_documentation():
    record = ibis.memtable(
        {
            "source": [r.source for r in RECORDS],
            "source_key": [r.key for r in RECORDS],
            "entity_id": ["1", "1", "2", "3", "4"],
        }
    )
    reach = ibis.memtable({"entity_id": ["1", "2", "3"], "reach": [3, 1, 5]})
    some = [(A, B), (A, C), (C, D), (C, E), (D, E)]
    asked = table(some, probability=[0.9, 0.9, None, 0.5, 0.2]).mutate(
        question=ibis._.left_key + ibis._.right_key
    )
    told = {row["question"]: row["harm"] for row in rows(by_harm(asked, record, reach))}
    assert told == {
        "AB": pytest.approx(0.1 * 3),  # together: wrong with 1 - p, and one entity's reach
        "AC": pytest.approx(0.9 * 4),
        "CD": pytest.approx(0.5 * 6),  # nobody knows
        "CE": pytest.approx(0.5 * 1),
        "DE": pytest.approx(0.2 * 5),
    }
    assert [row["question"] for row in rows(by_harm(asked, record, reach))][:2] == ["AC", "CD"]


@pytest.mark.parametrize(
    ("together", "probability", "rule", "name"),
    [
        (True, None, "same_citizen_id", "linked:strong_identifier"),
        (True, None, "same_name_and_mobile_and_sex", "linked:rule"),
        (True, 0.995, "score", "linked:score_from_0.99"),
        (False, 0.99, "score", "apart:score_from_0.99"),
        (False, 0.7, "score", "apart:score_from_0.50"),
        (False, 0.01, "score", "apart:score_from_0.00"),
    ],
)
def test_strata(together, probability, rule, name):
    one = ibis.memtable(
        {"together": [together], "probability": [probability], "rule": [rule]},
        schema={"together": "boolean", "probability": "float64", "rule": "string"},
    )
    said = stratum(one.together, one.probability, one.rule, "same_citizen_id")
    assert rows(one.select(s=said)) == [{"s": name}]


def test_a_group_is_apart_from_every_record_of_the_other():
    live = [decided(A, B, "same"), decided(C, D, "same", 2), decided(B, C, "different", 3)]
    asked = rows(unanswered(table([(A, D), (A, E)]), live))
    assert [(row["left_key"], row["right_key"]) for row in asked] == [("A", "E")]


def crosswalk(entities):
    return ibis.memtable(
        {
            "source": [r.source for r in RECORDS],
            "source_key": [r.key for r in RECORDS],
            "entity_id": entities,
        }
    )


def test_published_ids_that_would_merge_or_split_are_questions():
    published = crosswalk(["1", "1", "2", "3", "3"])
    assert rows(changed_pairs(published, published)) == []
    merged = rows(changed_pairs(published, crosswalk(["1", "1", "1", "3", "3"])))
    assert [(r["left_key"], r["right_key"], r["rule"]) for r in merged] == [
        ("C", "A", "published_ids_merge")
    ]
    split = rows(changed_pairs(published, crosswalk(["1", "1", "2", "3", "9"])))
    assert [(r["left_key"], r["right_key"], r["rule"]) for r in split] == [
        ("E", "D", "published_id_splits")
    ]
