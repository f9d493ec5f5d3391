"""Before ids change it is known who has read them; what consumers doubt becomes a dispute."""

from types import SimpleNamespace
from typing import Any

import pytest
from small_city import City, person, query
from sqlalchemy import Engine, text

from pipelines.flows.library.consequences.blast_radius import note_readers, told_readers
from pipelines.flows.owner.dispute import take_requests
from pipelines.flows.shared.errors import IdBudgetExceeded
from pipelines.flows.shared.site_keys import site_keys
from pipelines.serve.grants.apply import apply_grants
from pipelines.settings import Settings
from pipelines.warehouse.quality.audit_events import Event, note_event

LOANS = "housing_fund__loan_review"


@pytest.fixture(scope="module")
def session(city: City, migrated: Settings, warehouse: Engine) -> Any:
    city.publish("population", [person("P-1", mobile="13800138000", mobile_record=1)])
    apply_grants(migrated, "test")
    keys = site_keys(migrated)
    with warehouse.begin() as connection:
        for one, operation in (("P-1", "find"), ("P-1", "read"), ("P-2", "read"), ("P-3", "usage")):
            names = "SELECT coalesce((SELECT own_id FROM serve.own_id WHERE real_id = :i), :i)"
            called = connection.execute(text(names), {"i": one}).scalar_one()
            digests = keys.digests(called)
            note_event(connection, Event(operation, "ok", LOANS, subjects=digests))
    return SimpleNamespace(settings=migrated, warehouse=warehouse)


def test_who_has_read_ids_is_told_before_they_change(session: Any):
    comparison: Any = SimpleNamespace(library="population", run="r", candidate="c")
    note_readers(session, comparison, ["P-1", "P-2", "P-3", "P-9"])
    note_readers(session, comparison, ["P-1", "P-2", "P-3", "P-9"])
    (line,) = told_readers(session.warehouse, comparison)
    assert f"({LOANS}) has read 2 of them, last on 20" in line
    told = str(IdBudgetExceeded("s", "population", "r", 4, 9, 0.001, [], [], [line]))
    assert line in told


def test_who_follows_changes_is_concerned_though_he_read_none(session: Any):
    comparison: Any = SimpleNamespace(library="legal_entity", run="r", candidate="c")
    note_readers(session, comparison, ["E-1"])
    (line,) = told_readers(session.warehouse, comparison)
    assert "(statistics__enterprise_directory) follows changes" in line
    comparison.run = "nothing changes"
    note_readers(session, comparison, [])
    assert told_readers(session.warehouse, comparison) == []


def test_what_was_handed_in_is_raised_once_and_a_wrong_one_is_kept_as_refused(
    session: Any, migrated: Settings, warehouse: Engine
):
    hand_in = text(
        "INSERT INTO serve.dispute_request (grant_name, entity_id, column_name, reason, raised_by)"
        " VALUES (:grant, :id, 'mobile', 'r', '公积金中心 李雷')"
    )
    with warehouse.begin() as connection:
        for one in ("P-1", "P-none"):
            connection.execute(hand_in, {"grant": LOANS, "id": one})
    told = take_requests(migrated)
    assert "dispute 1, for a__b by" in told[0]
    assert "refused: No library knows this entity." in told[1]
    assert take_requests(migrated) == []
    found = query(warehouse, "SELECT raised_by, column_name FROM quality.dispute")
    assert found == [("公积金中心 李雷", "mobile")]
