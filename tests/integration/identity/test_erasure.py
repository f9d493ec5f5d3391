"""An entity is erased out of every layer, with proof, and does not come back."""

import json
from pathlib import Path

import pytest
from identity_town import LIBRARY, Town, person
from sqlalchemy import text

from pipelines.errors.serving import ErasuresRefused
from pipelines.flows.backup import back_up, restore
from pipelines.flows.erasure.again import erase_again
from pipelines.flows.erasure.certificate import is_genuine
from pipelines.flows.erasure.erase import Erased, erase
from pipelines.flows.erasure.retention import expire
from pipelines.flows.erasure.search import search_databases, search_home
from pipelines.flows.verify import verify
from pipelines.identity.review.errors import UnknownSubject
from pipelines.settings import Settings
from pipelines.warehouse import connect

POLICE, HEALTH, CHANGES = "public_security__register", "health__patients", "civil_affairs__changes"
DAYS = ["20260701", "20260702", "20260703"]
SUBJECT = person(7, name="欧阳独秀", address="独一无二街77号", mobile="13911112222")
OTHERS = [person(n) for n in range(1, 30) if n != 7]


@pytest.fixture(scope="module")
def erased(module_town: Town) -> tuple[Town, Erased, str]:
    town = module_town
    older = {**SUBJECT, "address": "独一无二街76号"}
    town.deliver(DAYS[0], POLICE, [*OTHERS, older, SUBJECT])  # one of the two is superseded
    set_aside = {**SUBJECT, "key": "", "name": "", "born": ""}
    town.deliver(DAYS[0], HEALTH, [{**SUBJECT, "key": "h7"}, person(40), set_aside])
    town.publish(DAYS[0])
    town.deliver(
        DAYS[1], CHANGES, [{**SUBJECT, "key": "c7", "address": "独一无二街78号"}, person(3)]
    )
    town.publish(DAYS[1])
    entity = town.ids()[f"{POLICE}/7"]
    outbox = town.settings.outbox_dir
    outbox.mkdir(exist_ok=True)
    back_up(town.settings, town.settings.sources[0].parent / "backup")
    (outbox / "sheet.txt").write_bytes("欧阳独秀".encode("gb18030"))
    return town, erase(town.settings, entity, by="数据局 张三", ground="本人申请"), entity


def values() -> list[str]:
    return [
        SUBJECT["name"],
        SUBJECT["number"],
        SUBJECT["mobile"],
        *(f"独一无二街7{n}号" for n in "678"),
    ]


def test_nothing_of_it_is_left_in_home_or_databases(erased):
    town, done, _ = erased
    assert done.is_clean, done.certificate
    assert search_home(town.settings, values()) == []
    assert search_databases(town.settings, values()) == {}
    assert done.rows[f"raw.{POLICE}"] == 2
    assert done.rows[f"raw.{HEALTH}"] == 2
    assert done.rows[f"raw.{CHANGES}"] == 1


def test_the_search_finds_what_is_there(erased, tmp_path: Path):
    town, _, _ = erased
    name = OTHERS[0]["mobile"]
    found = {
        path.parts[1] for path in search_home(town.settings, [name]) if path.parts[0] == "lake"
    }
    assert {"raw", "staged", "core"} <= found
    assert any("base.person" in table for table in search_databases(town.settings, [name]))


def test_all_others_are_as_they_were(erased):
    town, _, entity = erased
    rows = town.rows("core.person")
    assert {row["person_name"] for row in rows} == {each["name"] for each in [*OTHERS, person(40)]}
    assert entity not in town.ids().values()


def test_the_certificate_is_signed_kept_and_names_no_value(erased):
    town, done, entity = erased
    assert is_genuine(done.certificate)
    assert not is_genuine({**done.certificate, "records": 1})
    assert not any(value in str(done.certificate) for value in values())
    engine = connect(town.settings)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT entity_id, certificate FROM quality.erasure")).one()
        noted = connection.execute(
            text("SELECT actor FROM audit.event WHERE operation = 'erasure'")
        ).scalar_one()
        feed = connection.execute(
            text("SELECT op FROM serve.change WHERE entity_id = :id"), {"id": entity}
        ).scalars()
        past = connection.execute(
            text("SELECT person_name, citizen_id FROM serve.person_history WHERE entity_id = :id"),
            {"id": entity},
        ).all()
        assert "removed" in list(feed)
    engine.dispose()
    assert tuple(kept) == (entity, done.certificate)
    assert noted == "数据局 张三"
    assert past == [(None, None)]


def test_it_does_not_come_back_and_what_follows_can_be_replayed(erased):
    town, _, _ = erased
    (taken,) = verify(town.settings)
    assert (taken.runs_replayed, taken.files) == (0, 0), "what an erasure left is where it begins"
    town.deliver(DAYS[2], POLICE, [*OTHERS, SUBJECT, person(50)])
    town.publish(DAYS[2])
    assert search_home(town.settings, values()) == []
    assert search_databases(town.settings, values()) == {}
    assert {row["person_name"] for row in town.rows("core.person")} >= {person(50)["name"]}
    (last,) = verify(town.settings)
    assert (last.run, last.runs_replayed, last.files) == (DAYS[2], 1, 3)


def test_a_backup_of_before_is_restored_without_who_was_erased(
    erased, empty_settings: Settings, tmp_path: Path
):
    """T8: by the list that is kept elsewhere, for the backup knows nothing of the erasure."""
    town, _, entity = erased
    backup, kept = town.settings.sources[0].parent / "backup", town.settings.home / "audit"
    assert not any(value in (kept / "erasures.jsonl").read_text() for value in values())
    here = {"home": tmp_path / "restored", "database_url": empty_settings.database_url}
    restored = town.settings.model_copy(update=here)
    restore(backup, restored)
    assert search_home(restored, values()), "the backup has it"
    (again,) = erase_again(restored, kept / "erasures.jsonl")
    assert (again.entity_id, again.is_clean) == (entity, True)
    assert search_home(restored, values()) == []
    assert search_databases(restored, values()) == {}
    assert erase_again(restored, kept / "erasures.jsonl") == []


@pytest.mark.parametrize("change", ["another", "unsigned", "no line"])
def test_a_list_that_was_touched_erases_nobody(erased, tmp_path: Path, change: str):
    town, _, _ = erased
    (line,) = map(json.loads, (town.settings.home / "audit" / "erasures.jsonl").open())
    touched = {
        "another": json.dumps(line | {"digests": []}),
        "unsigned": json.dumps({k: v for k, v in line.items() if k != "signature"}),
        "no line": "[]",
    }
    file = tmp_path / "erasures.jsonl"
    file.write_text(f"{json.dumps(line)}\n{touched[change]}\n")
    with pytest.raises(ErasuresRefused, match="line 2"):
        erase_again(town.settings, file)


def test_who_is_unknown_is_not_erased(erased):
    town, _, entity = erased
    for unknown in (entity, "P-" + "0" * 24, "nonsense"):
        with pytest.raises(UnknownSubject):
            erase(town.settings, unknown, by="x", ground="y")
    assert LIBRARY.name == "population"


def test_what_a_contract_lets_us_keep_no_longer_is_dropped(town: Town):
    for contract in (town.settings.sources[0] / "population").glob("*.yml"):
        told = contract.read_text(encoding="utf-8")
        told = told.replace(
            "customProperties: [{property: sharing",
            "  - {property: retention, value: 1, unit: y}\ncustomProperties: [{property: sharing",
        )
        contract.write_text(told, encoding="utf-8")
    old, older, new = "20250601", "20250501", "20260701"
    town.deliver(older, POLICE, [person(n, address="老街1号") for n in range(1, 9)])
    town.deliver(old, POLICE, [person(n) for n in range(1, 9)])
    town.deliver(old, CHANGES, [person(n, mobile="13955550000") for n in (2, 3)])
    town.publish(old)
    assert expire(town.settings).dropped == {POLICE: 8}, "what still counts is kept"
    town.deliver(new, POLICE, [person(n) for n in range(1, 10)])
    town.deliver(new, CHANGES, [person(2)])
    town.publish(new)
    before = town.rows("core.person")
    assert expire(town.settings).dropped == {POLICE: 8, CHANGES: 1}
    assert expire(town.settings).dropped == {}
    left = {path.parts[0] for path in search_home(town.settings, ["老街1号"])}
    assert left == {"sources"}, "what departments delivered is theirs"
    assert {row["source_key"] for row in town.rows(f"staged.{CHANGES}", old)} == {"3"}
    town.publish(f"{new}-2")
    assert town.rows("core.person") == before
