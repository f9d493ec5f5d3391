"""Where an id of the past leads today, against a plain-Python oracle."""

import random

import pytest
from histories import Site, table

from pipelines.identity.ids.events import EVENT_SCHEMA
from pipelines.identity.ids.redirects import current_ids

ALIVE = {"entity_id": "string"}


def redirects(con, events, alive):
    living = table([{"entity_id": each} for each in alive], ALIVE)
    found = current_ids(con, table(events, EVENT_SCHEMA), living)
    return {r["entity_id"]: r["current_id"] for r in con.to_pyarrow(found).to_pylist()}


def event(sequence, kind, entity_id, other=None, run=""):
    told = {"sequence": sequence, "kind": kind, "entity_id": entity_id, "other_entity_id": other}
    return {**told, "run": run or f"2026063{sequence}"}


def oracle(events, alive):
    """Follow the latest end of each id, one step at a time."""
    went = {}
    for each in sorted(events, key=lambda each: each["sequence"]):
        if each["kind"] in ("merged", "retired"):
            went[each["entity_id"]] = each["other_entity_id"]

    def follow(entity_id):
        while entity_id is not None and entity_id not in alive:
            entity_id = went.get(entity_id)
        return entity_id

    return {entity_id: follow(entity_id) for entity_id in went if entity_id not in alive}


def test_a_hundred_merges_lead_to_the_one_that_lives(con):
    events = [event(n, "merged", f"P-{n}", f"P-{n + 1}") for n in range(1, 101)]
    random.Random(3).shuffle(events)
    found = redirects(con, events, {"P-101"})
    assert found == {f"P-{n}": "P-101" for n in range(1, 101)}


def test_runs_are_told_apart_by_their_sequence_and_not_by_their_name(con):
    events = [
        event(1, "retired", "P-a", run="20260630-9"),
        event(2, "restored", "P-a", run="20260630-10"),
        event(3, "merged", "P-a", "P-b", run="20260630-11"),
        event(4, "merged", "P-b", "P-c", run="20260101"),
    ]
    assert redirects(con, events, {"P-c"}) == {"P-a": "P-c", "P-b": "P-c"}


def test_a_redirect_ends_with_its_target_and_comes_back_with_it(con):
    events = [event(1, "merged", "P-a", "P-b"), event(2, "retired", "P-b")]
    assert redirects(con, events, set()) == {"P-a": None, "P-b": None}
    events += [event(3, "restored", "P-b")]
    assert redirects(con, events, {"P-b"}) == {"P-a": "P-b"}


def test_a_redirect_stays_with_the_id_when_its_target_is_split(con):
    events = [event(1, "merged", "P-a", "P-b"), event(2, "split", "P-c", "P-b")]
    assert redirects(con, events, {"P-b", "P-c"}) == {"P-a": "P-b"}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_histories_agree_with_the_oracle(con, seed):
    """Records come, go, come back, join and part; every id ever given leads somewhere or ended."""
    dice = random.Random(seed)
    site = Site(con)
    ever, alive = set(), set()
    for step in range(6):
        present = [letter for letter in "abcdefghijklmn" if dice.random() < 0.8]
        clusters: dict[int, str] = {}
        for letter in present:
            mark = "!" if dice.random() < 0.4 else ""
            place = dice.randrange(6)
            clusters[place] = clusters.get(place, "") + letter + mark
        by_name, told = site.run(" ".join(clusters.values()), batch=f"202606{10 + step}")
        ended = {entity_id for kind, entity_id, _ in told if kind in ("merged", "retired")}
        before, alive = alive, set(by_name.values())
        assert before - alive <= ended, "no id ends without an event"
        assert not ended & alive
        ever |= alive
        found = redirects(con, site.events, alive)
        assert found == oracle(site.events, alive)
        assert set(found) == ever - alive, "every id that was ever given lives or redirects"
    kinds = {event["kind"] for event in site.events}
    assert kinds >= {"created", "absorbed", "merged", "split", "retired"}
