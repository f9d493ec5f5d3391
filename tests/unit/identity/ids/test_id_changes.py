"""What becomes of published ids, against a plain-Python oracle."""

import random

import pytest
from histories import table

from pipelines.identity.ids.events import EVENT_SCHEMA
from pipelines.identity.ids.id_changes import (
    Budget,
    IdChange,
    IdStability,
    SourceLoss,
    changed_ids,
    id_stability,
)

CROSSWALK = {"entity_id": "string", "source": "string", "source_key": "string", "rule": "string"}


def crosswalk(entities):
    """Entity id to its records, one letter each; the rule of a record is ``r_<letter>``."""
    rows = [
        {"entity_id": entity, "source": "a__b", "source_key": key, "rule": f"r_{key}"}
        for entity, keys in entities.items()
        for key in keys
    ]
    return table(rows, CROSSWALK)


def compared(con, before, after, events=()):
    told = table(list(events), EVENT_SCHEMA)
    then, now = crosswalk(before), crosswalk(after)
    changed = changed_ids(con, then, now, told)
    rows = {row["entity_id"]: row for row in con.to_pyarrow(changed).to_pylist()}
    return rows, id_stability(con, then, now, changed)


def oracle(before, after):
    now = {key: entity for entity, keys in after.items() for key in keys}
    told = {}
    for entity, keys in before.items():
        homes = {now[key] for key in keys if key in now}
        if entity not in after:
            told[entity] = "merged" if homes else "vanished"
        elif homes - {entity}:
            told[entity] = "moved" if homes - {entity} <= set(before) else "split"
    return told


def test_each_way_in_which_an_id_changes_is_told_with_its_rule(con):
    before = {"P-1": "ab", "P-2": "c", "P-3": "de", "P-4": "f", "P-5": "gh", "P-6": "i"}
    after = {"P-1": "abc", "P-3": "d", "P-9": "e", "P-5": "g", "P-6": "ih"}
    events = [
        {"sequence": 1, "kind": "merged", "entity_id": "P-2", "reason": "older"},
        {"sequence": 2, "kind": "merged", "entity_id": "P-2", "reason": "same_number"},
        {
            "sequence": 2,
            "kind": "split",
            "entity_id": "P-9",
            "other_entity_id": "P-3",
            "reason": "s",
        },
        {"sequence": 2, "kind": "retired", "entity_id": "P-4", "reason": "gone"},
    ]
    rows, found = compared(con, before, after, events)
    told = {
        entity: (row["kind"], row["rule"], row["other_entity_id"]) for entity, row in rows.items()
    }
    assert told == {
        "P-2": ("merged", "same_number", "P-1"),
        "P-3": ("split", "s", "P-9"),
        "P-4": ("vanished", "gone", None),
        "P-5": ("moved", "r_h", "P-6"),
    }
    assert (found.ids, found.changed, found.vanished) == (6, 3, 1)
    assert found.losses == [SourceLoss("a__b", 9, 1)]


@pytest.mark.parametrize("seed", range(5))
def test_random_states_agree_with_the_oracle(con, seed):
    dice = random.Random(seed)

    def state(ids):
        entities: dict[str, str] = {}
        for key in "abcdefghijklmnopqrst":
            if dice.random() < 0.85:
                entity = f"P-{dice.choice(ids)}"
                entities[entity] = entities.get(entity, "") + key
        return entities

    before, after = state(range(9)), state(range(3, 12))
    rows, _ = compared(con, before, after)
    assert {entity: row["kind"] for entity, row in rows.items()} == oracle(before, after)


def test_the_budget_counts_changes_and_judges_losses_by_source():
    budget = Budget(ids=0.01, deletions=0.05)
    one, two = IdChange("merged", "r", 1), IdChange("split", "r", 1)
    assert budget.allows(IdStability(100, [one], []))
    assert not budget.allows(IdStability(100, [one, two], []))
    assert budget.allows(IdStability(100, [IdChange("vanished", "gone", 50)], []))
    assert budget.allows(IdStability(100, [], [SourceLoss("a__b", 100, 5)]))
    assert not budget.allows(IdStability(100, [], [SourceLoss("a__b", 100, 50)]))
    assert budget.allows(IdStability(100, [], [SourceLoss("a__b", 20, 9)])), (
        "few are no catastrophe"
    )
    assert not Budget(0.01, 0.0).allows(IdStability(100, [], [SourceLoss("a__b", 100, 1)]))
    assert Budget(0.0, 0.05).allows(IdStability(0, [], [])), "nothing was published"
