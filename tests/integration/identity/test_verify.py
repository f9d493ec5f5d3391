"""A replay from raw comes to the same ids and the same bytes, or says where it does not."""

import random
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from identity_town import LIBRARY, Town, person, write_contracts

from pipelines.flows.shared.errors import NeverPublished, ReplayDiffers
from pipelines.flows.shared.session import open_session
from pipelines.flows.shared.upkeep import named_snapshots
from pipelines.flows.verify import verify
from pipelines.settings import load_settings
from pipelines.warehouse import PublicationRecord, migrate, read_publications
from pipelines.warehouse.server.database import ensure_database

verify_module = sys.modules[verify.__module__]
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
    assert not list(town.settings.home.glob("verify-*")), "the scratch home is gone"
    forget_the_past(town)
    (second,) = verify(town.settings, DAY_2)  # by the digest that its publication noted
    assert (second.run, second.runs_replayed, second.files) == (DAY_2, 2, 3)

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


def test_a_publication_whose_files_have_expired_is_compared_by_its_digest(monkeypatch):
    at = datetime(2026, 7, 1, tzinfo=UTC)
    published = PublicationRecord("population", DAY_1, {}, {}, "published", at, fingerprint="ours")
    step = verify_module._Step(at, LIBRARY, DAY_1, published)
    lake = SimpleNamespace(files=lambda table: [table])
    session = SimpleNamespace(warehouse=None, lake=lake)
    monkeypatch.setattr(verify_module, "_same_rules", lambda *_: True)
    for fingerprints, differs in ((["theirs", "ours"], False), (["ours", "theirs"], True)):
        replayed = [replace(published, fingerprint=each) for each in fingerprints]
        monkeypatch.setattr(verify_module, "read_publications", lambda *_, of=replayed: of)
        with pytest.raises(ReplayDiffers, match="have expired") if differs else nullcontext():
            assert verify_module._compare_fingerprints(session, session, step, published) == 3


def forget_the_past(town):
    """As ``tidy`` would after years; a repeat of the last run afterwards comes to the same.

    The first publication is kept as the last one is.
    """
    last = digests(town, "core.person_source")
    with open_session(town.settings) as session:
        named, lake = {**named_snapshots(session)}, session.lake
        first = read_publications(session.warehouse)[0]
        for table, snapshot in first.snapshot_ids.items():
            named[table] = {*named[table], snapshot}
        later = datetime.now(UTC) + timedelta(days=999)
        expired = {name: lake.expire(name, later, named.get(name, ())) for name in lake.tables()}
        lake.remove_orphans(timedelta(0))
    assert {name for name, snapshots in expired.items() if snapshots} >= {
        f"{room}.person{kind}" for room in ("candidate", "core") for kind in ("", "_source")
    }
    assert not any(expired[name] for name in expired if name.startswith(("raw", "staged")))
    town.publish(DAY_3)
    assert digests(town, "core.person_source") == last


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
