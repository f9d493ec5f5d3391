"""Which licence records are one licence, by example."""

import pytest
from worlds import World, partition_and_rules, resolve_worlds, same

MARKET = "market_regulation__business_licenses"
HEALTH = "health__practice_licenses"
ROOT = "1.2.156.3005.2"
ISSUER = "11110105PDY000010A"


def record(source, identifier=None, **more):
    """A record; an identifier also gives what its parser reads out of it."""
    implied = {}
    if identifier:
        parts = identifier.split(".")
        implied = {
            "license_identifier_type_code": parts[5],
            "license_identifier_issuer_code": parts[6],
            "license_identifier_version": parts[8],
        }
    return {"source": source, "license_identifier": identifier, **implied, **more}


WORLDS = [
    World(
        "all versions of a licence are one licence",
        {
            "first": record(HEALTH, f"{ROOT}.{ISSUER}001.{ISSUER}.2020000001.001.A"),
            "second": record(HEALTH, f"{ROOT}.{ISSUER}001.{ISSUER}.2020000001.002.8"),
            "other": record(HEALTH, f"{ROOT}.{ISSUER}001.{ISSUER}.2020000002.001.A"),
        },
        same("first second", "other"),
        {"second": "same_license_identifier"},
    ),
    World(
        "without an identifier: type, number and issuer",
        {
            "a": record(MARKET, license_type_code="T1", license_number="No 1", issuer_uscc=ISSUER),
            "b": record(HEALTH, license_type_code="T1", license_number="no1", issuer_uscc=ISSUER),
            "other_type": record(
                HEALTH, license_type_code="T2", license_number="no1", issuer_uscc=ISSUER
            ),
            "other_issuer": record(
                HEALTH, license_type_code="T1", license_number="no1", issuer_uscc="X" * 18
            ),
        },
        same("a b", "other_type", "other_issuer"),
    ),
    World(
        "the identifier says type and issuer for a record that has none",
        {
            "a": record(MARKET, f"{ROOT}.{ISSUER}003.{ISSUER}.9.001.A", license_number="3-9"),
            "b": record(
                HEALTH,
                license_type_code=f"{ISSUER}003",
                license_number="3-9",
                issuer_uscc=ISSUER,
            ),
        },
        same("a b"),
        {"b": "same_type_and_number_and_issuer"},
    ),
]


@pytest.fixture(scope="module")
def resolved(con, records_of):
    return resolve_worlds(con, records_of, "e_license", WORLDS)


@pytest.mark.parametrize("place", range(len(WORLDS)), ids=[world.claim for world in WORLDS])
def test_licenses_by_example(resolved, place):
    partition, rules = partition_and_rules(resolved, WORLDS[place], place)
    assert partition == WORLDS[place].entities
    assert {name: rules[name] for name in WORLDS[place].rules} == WORLDS[place].rules
