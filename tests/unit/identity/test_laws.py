"""What holds for any records: laws on random towns small enough to collide in everything."""

import random

import ibis
import pytest
from worlds import KEY, plain

from pipelines.identity import resolve
from pipelines.identity.ids.entity_ids import RECORD_SCHEMA
from pipelines.libraries import load_library

LIBRARY = load_library("population")
SOURCES = ("public_security__a", "human_resources__b", "health__c", "education__d")
NAMES = ("王伟", "王芳", "李娜", "李?", "张小明", "张小亮", "买买提·阿里")
BIRTHS = ("1990-01-01", "1990-10-01", "1985-05-05")
SEEDS = (1, 2)


def town(seed, size=160):
    """Random records: few names, dates, numbers and mobiles, so that everything happens."""
    dice = random.Random(seed)
    rows = []
    for place in range(size):
        birth = dice.choice(BIRTHS)
        number = f"110105{birth.replace('-', '')}00{dice.randrange(10, 22)}"
        numbered = dice.random() < 0.6
        row = {
            "source": dice.choice(SOURCES),
            "source_key": str(place),
            "since_batch": dice.choice(("20260630", "20260701")),
            "person_name": dice.choice(NAMES),
            "birth_date": dice.choice((birth, birth, birth, None, dice.choice(BIRTHS))),
            "sex_code": dice.choice(("1", "2", None)),
            "mobile": dice.choice((None, *(f"1390000000{n}" for n in range(6)))),
            "residence_address": dice.choice((None, "和平路12号3单元", "解放路9号1单元")),
            "residence_region_code": dice.choice((None, "110101", "110105")),
        }
        if numbered:
            row |= {"citizen_id": number, "citizen_id_birth_date": birth}
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def run(con, records_of):
    def go(rows, previous=None, events=None):
        found = resolve(
            con,
            records_of(LIBRARY, rows),
            LIBRARY,
            key=KEY,
            run="run",
            previous=previous,
            events=events,
        )
        record = found.record.order_by("source", "source_key")
        return con.to_pyarrow(record).to_pylist(), plain(con, found.event)

    return go


@pytest.fixture(scope="module", params=SEEDS)
def lived(request, run):
    rows = town(request.param)
    record, event = run(rows)
    return rows, record, event


def ledger(rows):
    columns = {name: [row[name] for row in rows] for name in RECORD_SCHEMA}
    return ibis.memtable(columns, schema=ibis.schema(RECORD_SCHEMA))


def test_every_record_is_in_exactly_one_entity(lived):
    rows, record, _ = lived
    placed = [(row["source"], row["source_key"]) for row in record]
    assert sorted(placed) == sorted((row["source"], row["source_key"]) for row in rows)


def test_no_entity_has_two_believed_numbers(lived):
    rows, record, _ = lived
    number = {row["source_key"]: row.get("citizen_id") for row in rows}
    believed: dict[str, set[str]] = {}
    for row in record:
        if number[row["source_key"]] and not row["withheld"]:
            believed.setdefault(row["entity_id"], set()).add(number[row["source_key"]])
    assert believed, "the town has numbers"
    assert all(len(numbers) == 1 for numbers in believed.values())


def test_no_believed_number_is_in_two_entities(lived):
    rows, record, _ = lived
    number = {row["source_key"]: row.get("citizen_id") for row in rows}
    holders: dict[str, set[str]] = {}
    for row in record:
        if number[row["source_key"]] and not row["withheld"]:
            holders.setdefault(number[row["source_key"]], set()).add(row["entity_id"])
    assert all(len(entities) == 1 for entities in holders.values())


def test_every_record_but_the_first_says_which_of_its_entity_it_was_linked_to(lived):
    _, record, _ = lived
    entity = {(row["source"], row["source_key"]): row["entity_id"] for row in record}
    for row in record:
        if row["rule"] == "founding_record":
            assert row["linked_key"] is None
        else:
            assert entity[row["linked_source"], row["linked_key"]] == row["entity_id"]
    founders = [row["entity_id"] for row in record if row["rule"] == "founding_record"]
    assert sorted(founders) == sorted(set(entity.values())), "each entity has one"


def test_the_order_of_rows_and_sources_changes_nothing(lived, run):
    rows, record, event = lived
    assert run(random.Random(7).sample(rows, len(rows))) == (record, event)


def test_resolving_again_changes_nothing(lived, run):
    rows, record, _ = lived
    assert run(rows, previous=ledger(record)) == (record, [])


def test_ids_survive_new_data_or_redirect(lived, run):
    rows, record, _ = lived
    early = [row for row in rows if row["since_batch"] == "20260630"]
    before, _ = run(early)
    after, events = run(rows, previous=ledger(before))
    alive = {row["entity_id"] for row in after}
    redirected = {e["entity_id"]: e["other_entity_id"] for e in events if e["kind"] == "merged"}
    for row in before:
        assert redirected.get(row["entity_id"], row["entity_id"]) in alive
    assert not alive & redirected.keys()
    same_as = {}
    for old, new in zip(record, after, strict=True):
        assert same_as.setdefault(old["entity_id"], new["entity_id"]) == new["entity_id"], (
            "history decides ids, never who is whom"
        )
