"""Ids are minted once, survive, redirect, and are never given twice."""

import ibis
import pytest

from pipelines.errors import EntityIdCollision
from pipelines.libraries import load_library
from pipelines.resolve.ledger import EVENT_SCHEMA, RECORD_SCHEMA, assign_ids
from pipelines.resolve.workspace import Workspace

LIBRARY = load_library("population")
KEY = "k" * 32
MEMBER_SCHEMA = {
    "rid": "int64",
    "cluster": "int64",
    "source": "string",
    "source_key": "string",
    "since_batch": "string",
    "trusted": "boolean",
}


def table(rows, schema):
    columns = {name: [row.get(name) for row in rows] for name in schema}
    return ibis.memtable(columns, schema=ibis.schema(schema))


class Site:
    """A ledger that lives through runs: ``run("ab c!")`` says which records belong together.

    A record is a letter, founded in alphabetical order; ``!`` after it means that it holds a
    believed strong identifier.
    """

    def __init__(self, con):
        self.con = con
        self.previous = None
        self.events = []

    def run(self, clusters):
        members = [
            {
                "rid": ord(name),
                "cluster": min(map(ord, cluster.replace("!", ""))),
                "source": "a__b",
                "source_key": name,
                "since_batch": "20260630",
                "trusted": f"{name}!" in cluster,
            }
            for cluster in clusters.split()
            for name in cluster.replace("!", "")
        ]
        with Workspace(self.con) as space:
            previous = self.previous and table(self.previous, RECORD_SCHEMA)
            events = table(self.events, EVENT_SCHEMA) if self.previous is not None else None
            made = assign_ids(table(members, MEMBER_SCHEMA), previous, events, LIBRARY, KEY, space)
            ids = {r["cluster"]: r["entity_id"] for r in self.con.to_pyarrow(made.ids).to_pylist()}
            events = self.con.to_pyarrow(made.events).to_pylist()
        self.previous = [{**row, "entity_id": ids[row["cluster"]]} for row in members]
        self.events += events
        by_name = {row["source_key"]: row["entity_id"] for row in self.previous}
        return by_name, {(e["kind"], e["entity_id"], e["other_entity_id"]) for e in events}


@pytest.fixture
def site(con):
    return Site(con)


def test_the_first_run_creates(site):
    ids, events = site.run("ab c")
    assert ids["a"] == ids["b"] != ids["c"]
    assert events == {("created", ids["a"], None), ("created", ids["c"], None)}


def test_the_same_again_changes_nothing(site):
    before, _ = site.run("ab c")
    after, events = site.run("ab c")
    assert after == before
    assert events == set()


def test_an_id_survives_an_older_looking_newcomer(site):
    before, _ = site.run("bc")
    after, events = site.run("abc")
    assert after["a"] == after["b"] == before["b"]
    assert events == set()


def test_of_two_that_merge_the_older_id_stays_and_the_other_redirects(site):
    before, _ = site.run("a b")
    after, events = site.run("ab")
    assert set(after.values()) == {before["a"]}
    assert events == {("merged", before["b"], before["a"])}


def test_a_split_leaves_the_id_with_the_strong_identifier(site):
    before, _ = site.run("ab!c")
    after, events = site.run("a b!c")
    assert after["b"] == after["c"] == before["a"]
    assert after["a"] not in before.values()
    assert events == {("split", after["a"], before["a"])}


def test_a_split_without_strong_identifiers_leaves_the_id_with_the_oldest_record(site):
    before, _ = site.run("abc")
    after, events = site.run("a bc")
    assert after["a"] == before["a"]
    assert events == {("split", after["b"], before["a"])}


def test_an_entity_whose_records_are_gone_is_retired(site):
    before, _ = site.run("a b")
    _, events = site.run("a")
    assert events == {("retired", before["b"], None)}


def test_a_record_that_comes_back_gets_its_id_back(site):
    before, _ = site.run("a b")
    site.run("a")
    after, events = site.run("a b")
    assert after == before
    assert events == {("restored", before["b"], None)}


def test_an_id_that_merged_is_never_given_again(site):
    before, _ = site.run("a b!")
    site.run("ab!")
    after, events = site.run("a b!")
    assert after["b"] == before["a"], "the surviving id stays with the strong identifier"
    assert after["a"] not in before.values()
    assert events == {("split", after["a"], before["a"])}


def test_a_redirected_id_stays_a_redirect_when_its_record_leaves_again(site):
    before, _ = site.run("a! b")
    site.run("a!b")
    after, events = site.run("a! b")
    assert after["a"] == before["a"]
    assert after["b"] not in before.values(), "somebody may still hold the redirected id"
    assert events == {("split", after["b"], before["a"])}


def test_records_that_change_places_take_no_id_along(site):
    before, _ = site.run("a!b c!d")
    after, events = site.run("a!d c!b")
    assert after["a"] == after["d"] == before["a"]
    assert after["c"] == after["b"] == before["c"]
    assert events == set()


def test_another_secret_gives_other_ids(con):
    members = [
        {
            "rid": 1,
            "cluster": 1,
            "source": "a__b",
            "source_key": "1",
            "since_batch": "1",
            "trusted": True,
        }
    ]
    made = []
    for key in (KEY, "z" * 32):
        with Workspace(con) as space:
            minted = assign_ids(table(members, MEMBER_SCHEMA), None, None, LIBRARY, key, space)
            made.append(con.to_pyarrow(minted.ids).to_pylist()[0]["entity_id"])
    assert made[0] != made[1]


def test_two_entities_under_one_id_stop_the_run(con):
    twice = [
        {
            "rid": rid,
            "cluster": rid,
            "source": "a__b",
            "source_key": "same",
            "since_batch": "1",
            "trusted": True,
        }
        for rid in (1, 2)
    ]
    with Workspace(con) as space, pytest.raises(EntityIdCollision, match="given twice"):
        assign_ids(table(twice, MEMBER_SCHEMA), None, None, LIBRARY, KEY, space)
