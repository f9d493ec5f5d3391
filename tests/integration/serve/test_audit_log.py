"""The log in the database: what is written there is noted, sealed, and cannot be changed unseen."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_city import City, person, query
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.errors.serving import AuditBroken
from pipelines.flows.shared.site_keys import site_keys
from pipelines.serve.audit.seal import seal_log, verify_log, write_bundle
from pipelines.serve.rotation import rotate
from pipelines.settings import Settings
from pipelines.warehouse.quality.audit_events import Event, note_event
from pipelines.warehouse.quality.unmasked_access import record_unmasked_reading


@pytest.fixture(scope="module", autouse=True)
def noted(city: City, warehouse: Engine, migrated: Settings) -> None:
    city.publish("population", [person("P-1")])
    with warehouse.begin() as connection:
        for number in range(5):
            note_event(connection, Event("export", "ok", actor=f"clerk {number}"))
    assert seal_log(migrated) == 6
    record_unmasked_reading(
        warehouse, library="population", subject="P-1", records=1, purpose="p", by="a clerk"
    )
    assert seal_log(migrated) == 1
    assert seal_log(migrated) == 0


def test_a_publication_and_a_look_behind_the_masks_are_noted(warehouse: Engine):
    found = query(
        warehouse, "SELECT operation, actor, library, outcome FROM audit.event ORDER BY seq"
    )
    assert found[0] == ("publication", "", "population", "published")
    assert found[-1] == ("unmasked reading", "a clerk", "population", "ok")


def test_the_log_is_whole_and_a_bundle_proves_it_elsewhere(migrated: Settings, tmp_path: Path):
    verified = verify_log(migrated)
    assert (verified.seals, verified.events, verified.unsealed) == (2, 7, 0)
    write_bundle(migrated, tmp_path / "evidence")
    command = [sys.executable, "-I", "-S", "verify.py", "."]
    done = subprocess.run(command, cwd=tmp_path / "evidence", capture_output=True, text=True)
    assert (done.returncode, verified.last_hash in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("table", ["audit.event", "audit.seal", "audit.unmasked_reading"])
@pytest.mark.parametrize("change", ["UPDATE {} SET login = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_nothing_noted_is_changed_by_anybody(warehouse: Engine, table: str, change: str):
    statement = change.format(table)
    if table == "audit.seal":
        statement = statement.replace("login = 'x'", "no = 1")
    with warehouse.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("crime", "finding"),
    [
        ("UPDATE audit.event SET actor = 'somebody else' WHERE seq = 3", "event 3 was altered"),
        ("DELETE FROM audit.event WHERE seq = 4", "event 4 was deleted"),
        ("UPDATE audit.event SET seq = 99 WHERE seq = 5", "event 5 was deleted"),
        (
            "UPDATE audit.event SET at = at + interval '1 second' WHERE seq = 2",
            "event 2 was altered",
        ),
        ("DELETE FROM audit.seal WHERE no = 2", "seal 2: it is not the one that was shipped"),
        ("DELETE FROM audit.seal WHERE no = 1", "seal 1 is missing"),
        ("UPDATE audit.seal SET missing = '{3}' WHERE no = 1", "seal 1"),
        ("UPDATE audit.seal SET mac = prev_hash", "not made with the site's key"),
        ("DELETE FROM audit.event; DELETE FROM audit.seal", "not the one that was shipped"),
    ],
)
def test_an_owner_who_turns_the_triggers_off_is_found_out(
    warehouse: Engine, migrated: Settings, crime: str, finding: str
):
    with warehouse.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("ALTER TABLE audit.event ALTER COLUMN seq DROP IDENTITY"))
        for table in ("event", "seal"):
            connection.execute(
                text(f"CREATE TABLE audit.kept_{table} AS SELECT * FROM audit.{table}")
            )
        connection.execute(text(crime))
    try:
        with pytest.raises(AuditBroken, match=finding):
            verify_log(migrated)
    finally:
        with warehouse.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in ("event", "seal"):
                connection.execute(text(f"DELETE FROM audit.{table}"))
                connection.execute(
                    text(f"INSERT INTO audit.{table} SELECT * FROM audit.kept_{table}")
                )
                connection.execute(text(f"DROP TABLE audit.kept_{table}"))
            connection.execute(
                text("ALTER TABLE audit.event ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY")
            )
    verify_log(migrated)


def test_an_event_that_is_committed_late_is_sealed_later(warehouse: Engine, migrated: Settings):
    """Last in this module: identity numbers begin anew after the crimes."""
    with warehouse.begin() as connection:
        connection.execute(text("SELECT setval('audit.event_seq_seq', 100)"))
    with warehouse.begin() as slow:
        number = note_event(slow, Event("export", "ok", actor="slow"))
        with warehouse.begin() as fast:
            note_event(fast, Event("export", "ok", actor="fast"))
        assert seal_log(migrated) == 1
    assert seal_log(migrated) == 1
    missing = query(warehouse, "SELECT missing, late FROM audit.seal ORDER BY no DESC LIMIT 2")
    assert missing[0][1] == [number]
    assert number in missing[1][0]
    verify_log(migrated)


def test_a_log_is_whole_over_a_rotation_of_keys(warehouse: Engine, migrated: Settings):
    before = site_keys(migrated)
    assert rotate(migrated, "an engineer") == 2
    with warehouse.begin() as connection:
        note_event(connection, Event("export", "ok", actor="after"))
    seal_log(migrated)
    versions = query(warehouse, "SELECT DISTINCT key_version FROM audit.seal ORDER BY 1")
    assert versions == [(1,), (2,)]
    verify_log(migrated)
    (migrated.home / "identity.key").write_text(before.secrets[0])
    with pytest.raises(AuditBroken, match="site's key"):
        verify_log(migrated)
