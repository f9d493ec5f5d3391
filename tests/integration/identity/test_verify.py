"""A replay from raw comes to the same ids and the same bytes, or says where it does not."""

import random

import pytest
from identity_town import LIBRARY, Town, person, write_contracts

from pipelines.flows.shared.errors import NeverPublished, ReplayDiffers
from pipelines.flows.shared.session import open_session
from pipelines.flows.verify import verify
from pipelines.settings import load_settings
from pipelines.warehouse import migrate
from pipelines.warehouse.server.database import ensure_database

POLICE, HEALTH, CHANGES = "public_security__register", "health__patients", "civil_affairs__changes"
DAY_1, DAY_2, DAY_3 = "20260701", "20260702", "20260703"


def life(town: Town) -> None:
    """Three days: people come, are corrected, leave and come back; all of it published."""
    town.deliver(DAY_1, POLICE, [person(n) for n in range(1, 61)])
    ill = [{**person(n), "number": ""} for n in range(30, 90)]
    ill[0]["number"] = "110101199003079990"  # wrong, and so a finding
    town.deliver(DAY_1, HEALTH, ill)
    town.publish(DAY_1)
    town.deliver(DAY_2, CHANGES, [person(n, address="解放路1号") for n in (3, 95)])
    town.deliver(DAY_2, POLICE, [person(n) for n in range(1, 61) if n != 5])
    town.publish(DAY_2)
    town.deliver(DAY_3, POLICE, [person(n) for n in range(1, 62)])
    town.publish(DAY_3)


def test_a_replay_comes_to_the_same_bytes_and_an_edit_is_found(town):
    with pytest.raises(NeverPublished):
        verify(town.settings)
    life(town)
    (last,) = verify(town.settings)
    assert (last.run, last.runs_replayed, last.files) == (DAY_3, 3, 3)
    (second,) = verify(town.settings, DAY_2)
    assert (second.run, second.runs_replayed) == (DAY_2, 2)
    assert not list(town.settings.home.glob("verify-*")), "the scratch home is gone"

    with open_session(town.settings) as session:
        table = f"identity.{LIBRARY.entity}_event"
        events = session.lake.read(session.con, table, DAY_1)
        assert int(events.count().execute()) > 0
        raw = f"raw.{POLICE}"
        rows = session.lake.read(session.con, raw, DAY_1)
        edited = rows.mutate(地址=rows["地址"] + "x")
        known = session.lake.properties(raw, DAY_1)
        session.lake.write(session.con, edited, raw, batch=DAY_1, properties=known)
    with pytest.raises(ReplayDiffers, match="residence_address"):
        verify(town.settings, DAY_1)


def test_the_order_of_deliveries_repeated_and_late_files_change_nothing(
    town, tmp_path, postgres_home
):
    """What arrives before a run is resolved may come in any order, twice, or for an older day."""
    deliveries = [
        (DAY_1, POLICE, [person(n) for n in range(1, 61)]),
        (DAY_1, HEALTH, [{**person(n), "number": ""} for n in range(30, 90)]),
        (DAY_2, POLICE, [person(n) for n in range(2, 61)]),
        (DAY_2, CHANGES, [person(n, address="解放路1号") for n in (3, 95)]),
        (DAY_1, CHANGES, [person(n, address="和平路1号") for n in (3, 96)]),
    ]
    for delivery in deliveries:
        town.deliver(*delivery)
    town.publish(DAY_2)

    write_contracts(tmp_path / "other" / "sources")
    url = ensure_database(load_settings(home=postgres_home), f"other_{tmp_path.name[-20:]}")
    other = Town(
        load_settings(
            home=tmp_path / "other",
            database_url=url,
            sources=(tmp_path / "other" / "sources",),
            today="2026-07-31",
        )
    )
    migrate(other.settings)
    secret = (town.settings.home / "identity.key").read_text()
    (other.settings.home / "identity.key").write_text(secret)
    dice = random.Random(5)
    dice.shuffle(deliveries)
    deliveries = [(day, source, dice.sample(rows, len(rows))) for day, source, rows in deliveries]
    for batch, source, rows in [*deliveries, deliveries[0]]:
        other.deliver(batch, source, rows)
    other.publish(DAY_2)
    for table in ("core.person", "core.person_source", "core.person_redirect"):
        assert digests(other, table) == digests(town, table), table


def digests(town, table):
    """The lake names files by their content."""
    with open_session(town.settings) as session:
        return [file.name for file in session.lake.files(table)]
