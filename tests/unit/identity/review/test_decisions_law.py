"""The algebra of decisions against brute force: every partition that the decisions allow."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.review.decisions import (
    Decision,
    Record,
    Revocation,
    contradictions,
    in_force,
    infer,
    pair_of,
    review_states,
)

RECORDS = [Record("a__b", key) for key in "ABCDE"]
A, B, C, D, E = RECORDS
NOW = datetime(2026, 6, 30, tzinfo=UTC)


def decided(one, other, verdict, number=1, opinion="first"):
    return Decision(
        *(f"act{number}", "question", pair_of(one, other), opinion, verdict, "seen", "steward"),
        cause="potential_match",
        id=number,
        at=NOW,
    )


def revoked(decision):
    return replace(decision, revoked=Revocation("act0", "wrong", "steward", NOW))


pairs = st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(
    lambda pair: pair[0] != pair[1]
)
verdicts = st.sampled_from(["same", "different", "cannot_tell"])
ledgers = st.lists(st.tuples(pairs, verdicts), max_size=9).map(
    lambda told: [decided(*pair, verdict, i) for i, (pair, verdict) in enumerate(told, 1)]
)


def partitions(items):
    """Every way to call records the same or not."""
    if not items:
        yield []
        return
    first, *rest = items
    for partition in partitions(rest):
        yield [{first}, *partition]
        for place, part in enumerate(partition):
            yield [*partition[:place], part | {first}, *partition[place + 1 :]]


WORLDS = list(partitions(RECORDS))


def together(world, pair):
    return any(set(pair) <= part for part in world)


def worlds_that_agree(decisions):
    """The oracle: worlds in which every decision is true."""
    return [
        world
        for world in WORLDS
        if all(
            each.verdict == "cannot_tell" or together(world, each.pair) == (each.verdict == "same")
            for each in decisions
        )
    ]


@given(ledgers)
def test_what_follows_is_what_holds_in_every_world_that_agrees(decisions):
    worlds = worlds_that_agree(decisions)
    if not worlds:
        return
    graph = infer(decisions)
    for one, other in combinations(RECORDS, 2):
        told = {together(world, (one, other)) for world in worlds}
        certain = {True: "same", False: "different"}[told.pop()] if len(told) == 1 else None
        assert graph.verdict(pair_of(one, other)) == certain


@given(ledgers)
def test_decisions_contradict_each_other_exactly_when_no_world_agrees(decisions):
    assert bool(contradictions(decisions)) == (not worlds_that_agree(decisions))


@given(ledgers, pairs, st.sampled_from(["same", "different"]))
def test_a_judgement_is_refused_exactly_when_it_leaves_no_world(decisions, pair, verdict):
    if not worlds_that_agree(decisions):
        return
    new = decided(*pair, verdict, 99)
    chain = infer(decisions).contradiction(new)
    assert bool(chain) == (not worlds_that_agree([*decisions, new]))
    if chain:  # the chain alone says so, and every link of it is needed
        assert not worlds_that_agree([*chain, new])
        for left_out in range(len(chain)):
            assert worlds_that_agree([*chain[:left_out], *chain[left_out + 1 :], new])


@given(ledgers)
def test_what_is_in_force_does_not_depend_on_the_order_of_reading(decisions):
    assert in_force(decisions) == in_force(sorted(decisions, key=lambda each: each.id))
    assert sorted(each.id for each in in_force(reversed(decisions))) == sorted(
        each.id for each in in_force(decisions)
    )


@given(ledgers)
def test_a_decision_that_was_revoked_might_as_well_never_have_been(decisions):
    marked = [revoked(each) if each.id % 2 else each for each in decisions]
    assert in_force(marked) == in_force([each for each in decisions if not each.id % 2])


def test_same_is_transitive_and_different_is_inherited():
    graph = infer([decided(A, B, "same"), decided(B, C, "same", 2), decided(C, D, "different", 3)])
    assert graph.verdict(pair_of(A, C)) == "same"
    assert graph.verdict(pair_of(D, A)) == "different"
    assert graph.verdict(pair_of(A, E)) is None
    assert [each.id for each in graph.chain(pair_of(A, D))] == [1, 2, 3]
    assert graph.group(A) == {A, B, C}


def test_from_two_differences_follows_nothing():
    graph = infer([decided(A, B, "different"), decided(B, C, "different", 2)])
    assert graph.verdict(pair_of(A, C)) is None


def test_a_second_opinion_that_disagrees_takes_the_verdict_away_until_a_third():
    first, second = decided(A, B, "same"), decided(A, B, "different", 2, "second")
    final = decided(A, B, "different", 3, "final")
    assert in_force([first, second]) == []
    assert review_states([first, second])[first.pair].verdict is None
    assert in_force([first, second, final]) == [final]
    assert in_force([first, revoked(second)]) == [first]
    assert in_force([first, decided(A, B, "same", 2, "second")])[0].verdict == "same"


def test_a_new_first_opinion_opens_a_new_round():
    before = [decided(A, B, "cannot_tell"), decided(A, B, "cannot_tell", 2, "second")]
    again = decided(A, B, "same", 3)
    assert in_force(before) == []
    assert in_force([*before, again]) == [again]


def test_a_record_is_not_compared_with_itself():
    with pytest.raises(ValueError, match="itself"):
        pair_of(A, A)
