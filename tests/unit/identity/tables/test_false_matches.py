"""Estimates of false matches: what the table says, and what follows for a library."""

from dataclasses import replace

import ibis
import pytest

from pipelines.identity.tables import false_matches as module
from pipelines.identity.tables.false_matches import (
    FalseMatches,
    band_of,
    doubtful_rules,
    estimate,
    false_matches,
    in_doubtful_band,
)
from pipelines.libraries import load_library

POPULATION = load_library("population")


def of(rule, pairs, wrong, low=None, asked=False):
    return FalseMatches("population", rule, asked, low, pairs, wrong)


@pytest.fixture
def table(monkeypatch):
    def use(*rows):
        monkeypatch.setattr(module, "false_matches", lambda: rows)

    return use


def test_every_rule_that_decides_about_persons_was_seen_in_the_worlds():
    seen = {each.rule for each in false_matches() if each.library == "population"}
    unseen = {each.claim for each in POPULATION.identity.passes} - seen
    # Pupils are in one file of one world, of which no seed so far had one without a number.
    assert unseen <= {"same_name_and_birth_date_and_school"}
    assert doubtful_rules(POPULATION) == []


def test_a_rate_is_doubted_when_chance_does_not_explain_it(table):
    table(of("often_wrong", 2000, 8), of("once_wrong", 800, 1), of("never_wrong", 9000, 0))
    assert doubtful_rules(POPULATION) == ["often_wrong"]
    lenient = replace(POPULATION.identity, highest_false_rate=0.01)
    assert doubtful_rules(replace(POPULATION, identity=lenient)) == []


def test_what_was_asked_about_says_nothing_of_what_was_linked(table):
    table(of("r", 100, 50, asked=True))
    assert doubtful_rules(POPULATION) == []
    assert estimate("population", "r", None, asked=True).rate == 0.5
    assert estimate("population", "r", None, asked=False) is None


def test_a_doubtful_band_is_that_band_alone(table, con):
    table(of("match_by_score", 1000, 30, low=0.99), of("match_by_score", 5000, 1, low=0.9999))
    asked = {
        p: con.execute(in_doubtful_band(POPULATION, "match_by_score", ibis.literal(p)))
        for p in (0.95, 0.99, 0.9989, 0.999, 0.99995, 1.0)
    }
    assert asked == {
        0.95: False,
        0.99: True,
        0.9989: True,
        0.999: False,
        0.99995: False,
        1.0: False,
    }


@pytest.mark.parametrize(
    ("probability", "low"), [(None, None), (0.1, None), (0.2, 0.2), (0.9999, 0.9999), (1.0, 0.9999)]
)
def test_bands(probability, low):
    assert band_of(probability) == low
