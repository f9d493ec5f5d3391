"""What a role without grants cannot do, and what a reader cannot hold up."""

import re
import threading
import time
from pathlib import Path

import pytest
from publishing import Publish
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from pipelines.errors import PublicationFailed
from pipelines.errors.tables import DatabaseBusy
from pipelines.settings import Settings
from pipelines.warehouse import migrate
from pipelines.warehouse.quality.unmasked_access import record_unmasked_reading
from pipelines.warehouse.server import locks

PIPELINES = Path(__file__).parents[3] / "pipelines"
ROLES = ("base_reader", "share_reader", "quality_reader", "steward")
PERSON = {"entity_id": "P-a", "person_name": "王小明"}


def test_without_a_grant_nobody_connects_and_nobody_makes_temporary_tables(warehouse: Engine):
    asked = text(
        "SELECT has_database_privilege(:role, current_database(), 'CONNECT'),"
        " has_database_privilege(:role, current_database(), 'TEMPORARY'),"
        " has_schema_privilege(:role, 'public', 'USAGE')"
    )
    with warehouse.connect() as connection:
        connection.execute(text("CREATE ROLE stranger NOLOGIN"))
        stranger = connection.execute(asked, {"role": "stranger"}).one()
        assert tuple(stranger) == (False, False, False)
        for role in ROLES:
            assert tuple(connection.execute(asked, {"role": role}).one())[:2] == (True, False)


def test_no_other_database_of_the_home_s_server_lets_a_stranger_in(warehouse: Engine):
    asked = text(
        "SELECT datname FROM pg_database WHERE datallowconn AND"
        " (has_database_privilege('public', datname, 'CONNECT')"
        " OR has_database_privilege('public', datname, 'TEMPORARY'))"
    )
    with warehouse.connect() as connection:
        assert connection.execute(asked).all() == []


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reaches_the_locks(warehouse: Engine, role: str):
    with warehouse.connect() as connection:
        connection.execute(text(f"SET ROLE {role}"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("SELECT FROM internal.lock WHERE name = 'publish' FOR UPDATE"))


def test_no_lock_of_ours_is_one_that_anybody_may_take():
    using = [f for f in PIPELINES.rglob("*.py") if re.search(r"pg_\w*advisory", f.read_text())]
    assert using == []


def test_what_was_looked_at_without_masks_stays_noted(warehouse: Engine):
    record_unmasked_reading(
        warehouse, library="population", subject="P-a", records=1, purpose="审核", by="steward"
    )
    for change in ("DELETE FROM", "TRUNCATE"):
        with warehouse.connect() as connection, pytest.raises(DBAPIError, match="never changed"):
            connection.execute(text(f"{change} audit.unmasked_reading"))


def test_altering_a_view_waits_for_a_reader_with_a_limit_and_is_tried_again(
    warehouse: Engine, migrated: Settings, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
):
    publish_rows("population", [PERSON])
    monkeypatch.setattr(locks, "_PAUSE", 0.1)
    monkeypatch.setattr("pipelines.warehouse.migrations.LOCK_TIMEOUT", 0.5)
    with warehouse.begin() as connection:  # another version's declarations
        connection.execute(text("UPDATE audit.declared_schema SET digest = 'other'"))
    with warehouse.connect() as idle:
        idle.execute(text("SELECT count(*) FROM base.person"))  # and then nothing, in a transaction
        monkeypatch.setattr(locks, "ATTEMPTS", 2)
        with pytest.raises(DatabaseBusy, match="pg_stat_activity"):
            migrate(migrated)
        monkeypatch.setattr(locks, "ATTEMPTS", 1000)
        altering = threading.Thread(target=migrate, args=(migrated,))
        altering.start()
        time.sleep(0.6)  # it waits by now
        begun = time.monotonic()
        with warehouse.connect() as other:
            other.execute(text("SELECT count(*) FROM base.person"))
        assert time.monotonic() - begun < 30  # nobody waits as long as the idle reader stays
        assert altering.is_alive()
    altering.join(timeout=120)
    with warehouse.connect() as connection:
        digest = connection.execute(text("SELECT digest FROM audit.declared_schema")).scalar()
    assert digest != "other"


@pytest.mark.parametrize(
    ("kind", "code_kind", "shown"),
    [
        ("111", "citizen_id", "王*明"),
        ("414", "other", "王*明"),
        (None, None, "王*明"),
        ("001", "citizen_id", "王*明"),  # a wrong type does not show a person
        ("001", "uscc", "王小明"),
        ("099", None, "王小明"),
    ],
)
def test_the_name_of_a_holder_is_masked_unless_it_is_an_organisation_s(
    warehouse: Engine, publish_rows: Publish, kind: str | None, code_kind: str | None, shown: str
):
    licence = {"entity_id": "L-1", "holder_name": "王小明", "holder_type": kind}
    publish_rows("e_license", [licence | {"holder_code_kind": code_kind}])
    with warehouse.connect() as connection:
        connection.execute(text("SET ROLE share_reader"))
        seen = connection.execute(text("SELECT holder_name FROM share.license")).scalar_one()
    assert seen == shown


def test_a_first_publication_waits_for_a_reader_with_a_limit_and_tries_again(
    warehouse: Engine, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(locks, "_PAUSE", 0.1)
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", 0.5)
    monkeypatch.setattr(locks, "ATTEMPTS", 2)
    idle = warehouse.connect()
    idle.execute(text("SELECT count(*) FROM base.person_source"))
    with pytest.raises(PublicationFailed, match="lock timeout"):
        publish_rows("population", [PERSON])
    monkeypatch.setattr(locks, "ATTEMPTS", 1000)
    publishing = threading.Thread(target=publish_rows, args=("population", [PERSON]))
    publishing.start()
    publishing.join(timeout=3)
    assert publishing.is_alive()
    idle.close()
    publishing.join(timeout=120)
    with warehouse.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM base.person")).scalar_one() == 1
