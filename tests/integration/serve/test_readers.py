"""Readers: look-ups use indexes, and a poller sees whole publications through loads and DDL."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from small_city import City, Row, person, query
from sqlalchemy import Engine, text

from pipelines.libraries import GoldenColumn, load_libraries
from pipelines.serve.grants.apply import apply_grants
from pipelines.settings import Settings
from pipelines.warehouse.base.declared import apply_declarations

VIEW = 'serve."statistics__enterprise_directory"'
SIZE = 2_000
LOOK_UPS = [
    ("base.person", "citizen_id", "'110105194912310021'"),
    ("base.person", "mobile", "'13800138000'"),
    ("base.person", "birth_date", "DATE '1949-12-31'"),
    ("base.person", "person_name", "'王小明'"),
    ("base.legal_entity", "uscc", "'91110105MA00000000'"),
    ("base.legal_entity", "organization_name", "'甲'"),
    ("base.legal_entity", "legal_representative_person_id", "'P-1'"),
    ("base.license", "license_number", "'1'"),
    ("base.license", "holder_code", "'1'"),
    ("base.license", "holder_person_id", "'P-1'"),
    (VIEW, "uscc", "'91110105MA00000000'"),
    (VIEW, "entity_id", "'E-1'"),
    ("serve.person_history", "entity_id", "'P-1'"),
    ("serve.license_history", "holder_person_id", "'P-1'"),
    ("serve.change", "entity_id", "'P-1'"),
]


def firm(entity_id: str, edition: str) -> Row:
    return {"entity_id": entity_id, "organization_name": edition, "uscc": f"u{entity_id}"}


@pytest.fixture(scope="module")
def seen(city: City, migrated: Settings, warehouse: Engine) -> set[tuple[Any, ...]]:
    """What a poller saw of all firms: before, while and after they were loaded and changed."""
    apply_grants(migrated, "test")
    states: set[tuple[Any, ...]] = set()
    done = threading.Event()
    state = text(
        f"SELECT count(*), min(organization_name), max(organization_name), max(publication),"
        " (SELECT count(*) FROM serve.legal_entity_history WHERE to_pub IS NULL),"
        " (SELECT max(publication) FROM serve.change)"
        f" FROM {VIEW}"
    )

    failed: list[Exception] = []

    def poll() -> None:
        while not done.is_set():
            try:
                with warehouse.connect() as connection:
                    states.add(tuple(connection.execute(state).one()))
            except Exception as error:  # noqa: BLE001 - a thread's own is told to nobody
                # Who waits for a view that changes may be told to ask again, and has seen nothing.
                if "DeadlockDetected" not in str(error):
                    failed.append(error)
                    return

    poller = threading.Thread(target=poll)
    poller.start()
    try:
        for edition in "abc":
            city.publish("legal_entity", [firm(f"E-{n}", edition) for n in range(SIZE)])
            if edition == "b":
                _add_a_column(warehouse)
                apply_grants(migrated, "test")
    finally:
        done.set()
        poller.join()
    assert not failed
    return states


def _add_a_column(warehouse: Engine) -> None:
    libraries = dict(load_libraries())
    columns = libraries["legal_entity"].columns | {
        "nickname": GoldenColumn("nickname", "organization_name", ())
    }
    libraries["legal_entity"] = replace(libraries["legal_entity"], columns=columns)
    with warehouse.begin() as connection:
        assert apply_declarations(connection, libraries)


def test_a_poller_sees_no_half_of_a_publication(seen: set[tuple[Any, ...]]):
    """T4: rows, history and feed of one publication, or of the one before."""
    assert len(seen) > 1
    for count, least, most, publication, history, change in seen:
        assert (count, history) in ((0, 0), (SIZE, SIZE))
        assert least == most
        if count and least != "a":
            assert change == publication


@pytest.mark.parametrize(("table", "column", "value"), LOOK_UPS)
def test_a_documented_look_up_reads_no_whole_table(
    seen: object, city: City, warehouse: Engine, table: str, column: str, value: str
):
    if not query(warehouse, "SELECT 1 FROM base.license LIMIT 1"):
        city.publish("population", [person(f"P-{n}") for n in range(3)])
        city.publish("e_license", [{"entity_id": "L-1", "holder_person_id": "P-1"}])
    with warehouse.begin() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))  # tables of a few rows
        plan = connection.execute(
            text(f"EXPLAIN (FORMAT JSON) SELECT * FROM {table} WHERE {column} = {value}")
        ).scalar_one()
    looked_at = {node["Relation Name"] for node in nodes(plan[0]["Plan"], is_whole)}
    assert not looked_at & {"person", "legal_entity", "license", "change"}
    assert not {name for name in looked_at if name.endswith("_history")}


def is_whole(node: dict[str, Any]) -> bool:
    return "Seq Scan" in node["Node Type"]


def nodes(plan: dict[str, Any], wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    found = [plan] if wanted(plan) else []
    return found + [one for part in plan.get("Plans", ()) for one in nodes(part, wanted)]
