"""What an expectation stopped, or no check has let pass, is read by no run until one has."""

from typing import NoReturn

import pytest
from identity_town import LIBRARY, Town, person

from pipelines.contracts import load_sources
from pipelines.errors import TableMissing
from pipelines.flows.library.lacks import what_was_lacking
from pipelines.flows.shared.run_inputs import inputs_of_run
from pipelines.flows.shared.session import open_session
from pipelines.flows.source import ingest
from pipelines.flows.source.attention import Attention, sources_to_look_at
from pipelines.flows.verify import verify
from pipelines.lake import Lake
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.warehouse import read_publications, read_stopped_batches, record_expectations
from tests.integration.let_pass import let_pass

POLICE, HEALTH = "public_security__register", "health__patients"
CHANGES = "civil_affairs__changes"
DAY_1, DAY_2, DAY_3 = "20260701", "20260702", "20260703"


def checked(town: Town, batch: str, *, success: bool, severity: str = "critical") -> None:
    outcome = ExpectationOutcome(
        suite="findings",
        name="quarantine_is_rare",
        expectation="expect_column_values_to_be_between",
        column=None,
        severity=severity,
        success=success,
        observed="",
        expected="",
        note_zh="",
        exception=None,
    )
    with open_session(town.settings) as session:
        record_expectations(
            session.warehouse, subject=POLICE, run=batch, layer="source", outcomes=[outcome]
        )


def troubles(town: Town) -> list[Attention]:
    with open_session(town.settings) as session:
        found = sources_to_look_at(town.settings, session.warehouse)
    return [each for each in found if each.state not in ("late", "missing")]


def batches_read(town: Town, run: str) -> dict[str, list[str]]:
    with open_session(town.settings) as session:
        inputs = inputs_of_run(session, LIBRARY, run)
        return {row["source"]: row["batches"] for row in inputs}


def _die(*_: object, **__: object) -> NoReturn:
    raise SystemExit


def test_a_stopped_batch_and_one_whose_check_never_ended_are_left_out_until_they_pass(town: Town):
    town.deliver(DAY_1, POLICE, [person(n) for n in range(1, 41)])
    town.deliver(DAY_1, HEALTH, [person(n) for n in range(1, 4)])
    town.publish(DAY_1)
    town.deliver(DAY_2, POLICE, [person(n) for n in range(1, 46)])
    checked(town, DAY_2, success=False, severity="warning")
    with open_session(town.settings) as session:
        assert read_stopped_batches(session.warehouse, POLICE) == set()
    checked(town, DAY_2, success=False)
    town.deliver(DAY_2, HEALTH, [person(n) for n in range(1, 6)], checked=False)
    town.publish(DAY_2)
    assert batches_read(town, DAY_2) == {POLICE: [DAY_1], HEALTH: [DAY_1]}, "the day before"
    assert len(town.ids()) == 40 + 3
    unchecked, stopped = troubles(town)
    assert (unchecked.source, unchecked.batch, unchecked.state) == (HEALTH, DAY_2, "unchecked")
    assert (stopped.source, stopped.state) == (POLICE, "stopped")
    with open_session(town.settings) as session:
        (*_, publication) = read_publications(session.warehouse)
    assert publication.without_sources == [CHANGES, HEALTH, POLICE], "one of them never came"
    (told,) = what_was_lacking(town.settings, [LIBRARY], DAY_2)
    assert f"{HEALTH} (was staged, and not checked; is read by no library)" in told
    (verified,) = verify(town.settings)
    assert verified.run == DAY_2, "a replay, which checks nothing, reads what the run read"

    checked(town, DAY_2, success=True)
    let_pass(town.settings, load_sources(town.settings)[HEALTH], DAY_2)
    assert troubles(town) == []
    town.publish(DAY_3)
    assert len(town.ids()) == 45 + 5
    town.deliver(DAY_2, HEALTH, [person(n) for n in range(1, 6)], checked=False)
    assert troubles(town) == [], "staged again by the same, it says what was checked"


def test_a_library_whose_only_batch_was_stopped_has_nothing_to_read(town: Town):
    town.deliver(DAY_1, POLICE, [person(1)])
    checked(town, DAY_1, success=False)
    with pytest.raises(TableMissing, match="stopped"):
        town.build(DAY_1)


def test_of_increments_an_earlier_one_that_was_not_checked_is_missed_too(town: Town):
    town.deliver(DAY_1, CHANGES, [person(1)])
    town.deliver(DAY_2, CHANGES, [person(2)], checked=False)
    town.deliver(DAY_3, CHANGES, [person(3)])
    assert [each.batch for each in troubles(town)] == [DAY_2]
    town.build(DAY_3)
    assert town.ids().keys() == {f"{CHANGES}/1", f"{CHANGES}/3"}


def test_staging_that_died_leaves_its_batch_to_nobody(town: Town, monkeypatch):
    town.deliver(DAY_1, POLICE, [person(n) for n in range(1, 4)])
    monkeypatch.setattr(ingest, "_record_findings", _die)
    with pytest.raises(SystemExit):
        town.deliver(DAY_2, POLICE, [person(n) for n in range(1, 6)])
    monkeypatch.setattr(Lake, "write", _die)
    with pytest.raises(SystemExit):
        town.deliver(DAY_3, POLICE, [person(n) for n in range(1, 9)])
    monkeypatch.undo()
    (lack,) = troubles(town)
    assert (lack.batch, lack.state) == (DAY_3, "failed")
    town.publish(DAY_3)
    assert len(town.ids()) == 3


def test_rules_that_changed_since_want_another_check(town: Town, monkeypatch):
    rows = [person(n) for n in range(1, 4)]
    town.deliver(DAY_1, POLICE, rows)
    monkeypatch.setattr(ingest, "batch_digest", lambda *_: "other rules\n")
    town.deliver(DAY_1, POLICE, rows, checked=False)
    assert [each.state for each in troubles(town)] == ["unchecked"]
