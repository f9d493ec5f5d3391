"""The change feed and the history of publications: nothing is lost, nothing is made up."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from small_city import LONGER, City, person, query
from sqlalchemy import Engine, text

from pipelines.errors import PublicationFailed

STATE = "SELECT entity_id, person_name, sex_code FROM {} ORDER BY 1"
OPEN = STATE.format("serve.person_history WHERE to_pub IS NULL")
State = Mapping[str, tuple[Any, ...]]


def feed(warehouse: Engine, number: int) -> dict[str, tuple[Any, ...]]:
    rows = query(
        warehouse,
        "SELECT entity_id, op, columns, related FROM serve.change WHERE publication = :n"
        " AND library = 'population'",
        n=number,
    )
    return {row[0]: row[1:] for row in rows}


@pytest.fixture(scope="module", autouse=True)
def begun(city: City) -> None:
    city.publish("population", [person(f"P-{name}") for name in "abc"])


def test_the_first_publication_is_where_feed_and_history_begin(warehouse: Engine):
    ((horizon,),) = query(warehouse, "SELECT publication FROM serve.horizon")
    assert query(warehouse, "SELECT id FROM quality.publication") == [(horizon,)]
    assert query(warehouse, OPEN) == query(warehouse, STATE.format("base.person"))
    assert query(warehouse, "SELECT DISTINCT publication FROM base.person") == [(horizon,)]
    assert query(warehouse, "SELECT count(*) FROM serve.change") == [(0,)]


def test_each_kind_of_change_is_told_with_its_columns(city: City, warehouse: Engine):
    golden = [person("P-a", sex_code="1"), person("P-b"), person("P-d")]
    done = city.publish("population", golden)
    assert feed(warehouse, done.number) == {
        "P-a": ("changed", ["sex_code"], []),
        "P-c": ("removed", [], []),
        "P-d": ("created", [], []),
    }
    stamps = dict(query(warehouse, "SELECT entity_id, publication FROM base.person"))
    assert stamps["P-a"] == stamps["P-d"] == done.number > stamps["P-b"]
    assert done.noted == {"population": 3}


def test_a_merged_id_names_its_heir_and_a_split_one_its_part(city: City, warehouse: Engine):
    apart = {"1": "P-a", "2": "P-b", "3": "P-d"}
    city.publish("population", [person(f"P-{n}") for n in "abd"], apart)
    together = {"1": "P-a", "2": "P-a", "3": "P-d"}
    done = city.publish("population", [person("P-a"), person("P-d")], together, {"P-b": "P-a"})
    assert feed(warehouse, done.number) == {"P-b": ("merged", [], ["P-a"])}
    done = city.publish("population", [person(f"P-{n}") for n in "ade"], {**together, "2": "P-e"})
    assert feed(warehouse, done.number) == {
        "P-a": ("split", [], ["P-e"]),
        "P-e": ("created", [], ["P-a"]),
    }
    done = city.publish("population", [person(f"P-{n}") for n in "abd"], apart)
    assert feed(warehouse, done.number)["P-b"] == ("restored", [], ["P-e"])


def test_links_that_follow_to_another_id_are_told_too(city: City, warehouse: Engine):
    city.publish("population", [person("P-a"), person("P-b")])
    city.publish("e_license", [{"entity_id": "L-1", "holder_person_id": "P-b"}])
    done = city.publish("population", [person("P-a")], redirects={"P-b": "P-a"})
    found = query(
        warehouse,
        "SELECT library, entity_id, op, columns FROM serve.change WHERE publication = :n"
        " ORDER BY seq",
        n=done.number,
    )
    assert found == [
        ("population", "P-b", "merged", []),
        ("e_license", "L-1", "changed", ["holder_person_id"]),
    ]
    past = "SELECT holder_person_id, to_pub FROM serve.license_history ORDER BY from_pub"
    assert query(warehouse, past) == [("P-b", done.number), ("P-a", None)]


def test_what_is_not_committed_was_never_told(city: City, warehouse: Engine):
    before = query(warehouse, "SELECT * FROM serve.change")
    with pytest.raises(PublicationFailed):
        city.publish("population", [person("P-x"), person("P-x")])
    assert query(warehouse, "SELECT * FROM serve.change") == before


def test_a_change_of_what_nobody_reads_is_no_change(city: City, warehouse: Engine):
    golden = [person("P-a"), person("P-b")]
    city.publish("population", golden)
    done = city.publish("population", [row | {"person_name_record": 2} for row in golden])
    assert done.changed
    assert feed(warehouse, done.number) == {}


@pytest.mark.parametrize("seed", range(2 * LONGER))
def test_a_snapshot_and_the_feed_are_the_next_snapshot(city: City, warehouse: Engine, seed: int):
    """T3, T4: a follower who reads only what the feed names has what is published."""
    chance = random.Random(seed)
    read = text("SELECT person_name, sex_code FROM base.person WHERE entity_id = :id")
    follower: dict[str, tuple[Any, ...]] = {
        row[0]: row[1:] for row in query(warehouse, STATE.format("base.person"))
    }
    kept: dict[int, list[tuple[Any, ...]]] = {}
    for _ in range(5):
        names = chance.sample("abcdefghij", 5)
        owners = {str(key): f"P-{chance.choice(names)}" for key in range(8)}
        golden = [person(one, sex_code=chance.choice("12")) for one in sorted({*owners.values()})]
        gone = {f"P-{n}" for n in "abcdefghij"} - {*owners.values()}
        heirs = [*owners.values(), None]
        done = city.publish(
            "population", golden, owners, {one: chance.choice(heirs) for one in gone}
        )
        with warehouse.connect() as connection:
            for entity_id, (op, *_) in feed(warehouse, done.number).items():
                row = connection.execute(read, {"id": entity_id}).first()
                assert (row is None) == (op in ("merged", "removed")), op
                follower.pop(entity_id, None)
                if row is not None:
                    follower[entity_id] = tuple(row)
        now = query(warehouse, STATE.format("base.person"))
        assert [(one, *rest) for one, rest in sorted(follower.items())] == now
        assert query(warehouse, OPEN) == now
        kept[done.number] = now
    for number, state in kept.items():
        as_of = (
            f"serve.person_history WHERE from_pub <= {number} AND {number} < coalesce(to_pub, 1e9)"
        )
        assert query(warehouse, STATE.format(as_of)) == state


def test_a_database_of_an_earlier_version_begins_its_history_with_what_it_has(
    city: City, warehouse: Engine
):
    golden = [person("P-a"), person("P-b")]
    city.publish("population", golden)
    with warehouse.begin() as connection:
        connection.execute(text("DELETE FROM serve.person_history"))
        begun = "DELETE FROM serve.horizon WHERE library = 'population'"
        connection.execute(text(begun))
        connection.execute(text("UPDATE base.person SET publication = NULL"))
    done = city.publish("population", [person("P-a"), person("P-b", sex_code="1")])
    assert query(warehouse, OPEN) == query(warehouse, STATE.format("base.person"))
    horizon = "SELECT publication FROM serve.horizon WHERE library = 'population'"
    assert query(warehouse, horizon) == [(done.number,)]
    assert query(warehouse, "SELECT DISTINCT publication FROM base.person") == [(done.number,)]


def test_codes_are_published(warehouse: Engine):
    sex = "SELECT code, name FROM serve.code WHERE code_table = 'sex' ORDER BY 1 LIMIT 2"
    assert query(warehouse, sex) == [("0", "未知的性别"), ("1", "男性")]
    assert query(warehouse, "SELECT count(*) > 7000 FROM serve.code") == [(True,)]
