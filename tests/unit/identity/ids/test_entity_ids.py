"""Ids are minted once, survive, redirect, and are never given twice."""

import pytest
from histories import KEY, LIBRARY, Site, table

from pipelines.errors import EntityIdCollision
from pipelines.identity.ids.entity_ids import MEMBER_SCHEMA, assign_ids
from pipelines.identity.tables.temp_tables import TempTables


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
    assert events == {("absorbed", before["b"], None)}


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


def test_the_event_of_a_merge_names_the_rule_that_joined_the_two(site):
    site.run("ab! c")
    site.run("ab!c", rules={"b": "same_citizen_id", "c": "same_name_and_mobile"}, batch="20260702")
    (event,) = site.told
    assert (event["kind"], event["reason"]) == ("merged", "same_name_and_mobile")
    assert event["batch"] == "20260702"


def test_where_two_rules_joined_them_the_event_says_so_in_general(site):
    site.run("ab cd")
    site.run("abcd", rules={"b": "r", "c": "same_citizen_id", "d": "same_name_and_mobile"})
    assert site.reasons() == {"merged": "its_records_now_belong_together"}


def test_the_event_of_a_newcomer_names_his_rule(site):
    site.run("a! x")
    site.run("a!b x", rules={"b": "same_name_and_mobile"})
    assert site.reasons() == {"absorbed": "same_name_and_mobile"}


def test_the_event_of_a_split_names_the_rule_that_no_longer_joins(site):
    site.run("a!b", rules={"b": "same_name_and_mobile"})
    site.run("a! b")
    assert site.reasons() == {"split": "no_longer_same_name_and_mobile"}


def test_the_event_of_a_split_names_the_dispute_where_there_is_one(site):
    site.run("a!b", rules={"b": "same_citizen_id"})
    site.run("a! b", disputes={"b": "two_persons_with_one_number"})
    assert site.reasons() == {"split": "two_persons_with_one_number"}


def test_a_retired_id_whose_record_comes_back_elsewhere_redirects_there(site):
    before, _ = site.run("a! b")
    site.run("a!")
    after, events = site.run("a!b")
    assert after["b"] == before["a"]
    assert events == {("merged", before["b"], before["a"]), ("absorbed", before["a"], None)}


def test_of_two_that_merge_the_one_minted_first_stays_however_old_its_records_are(site):
    first, _ = site.run("b")
    site.run("a b")
    after, _ = site.run("ab")
    assert set(after.values()) == {first["b"]}


def test_another_secret_gives_other_ids(con):
    members = [
        {
            "rid": 1,
            "cluster": 1,
            "source": "a__b",
            "source_key": "1",
            "since_batch": "20260630",
            "batch": "20260630",
            "accepted": True,
        }
    ]
    made = []
    for key in (KEY, "z" * 32):
        with TempTables(con) as temp:
            minted = assign_ids(table(members, MEMBER_SCHEMA), None, None, LIBRARY, key, temp)
            made.append(con.to_pyarrow(minted.ids).to_pylist()[0]["entity_id"])
    assert made[0] != made[1]


def test_two_entities_under_one_id_stop_the_run(con):
    twice = [
        {
            "rid": rid,
            "cluster": rid,
            "source": "a__b",
            "source_key": "same",
            "since_batch": "20260630",
            "batch": "20260630",
            "accepted": True,
        }
        for rid in (1, 2)
    ]
    with TempTables(con) as temp, pytest.raises(EntityIdCollision, match="given twice"):
        assign_ids(table(twice, MEMBER_SCHEMA), None, None, LIBRARY, KEY, temp)
