"""A run owns what it made: an older one, started again, goes on from nothing of a newer one."""

import pytest
from identity_town import person
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipelines.errors import MadeByAnotherRun, TableMissing
from pipelines.flows.library.build import check_library, merge, publish
from pipelines.flows.library.compare import compare
from pipelines.flows.library.consequences.id_changes import approve_run
from pipelines.flows.shared.errors import IdBudgetExceeded
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.score import score_library
from pipelines.flows.verify import verify
from pipelines.warehouse import read_publications
from pipelines.warehouse.quality.id_changes import read_comparisons

POLICE, HEALTH = "public_security__register", "health__patients"
PEOPLE = range(1, 21)
FIRST, OLDER, NEWER = "20260701", "20260702", "20260703"
LIBRARY = "population"


def patient(number):
    unknown = {"number": "", "mobile": "", "born": "", "address": ""}
    return {**person(number), "key": f"h{number}", **unknown}


def recognise(town, day, numbers):
    rows = [patient(n) for n in PEOPLE if n not in numbers]
    town.deliver(day, HEALTH, rows + [{**person(n), "key": f"h{n}"} for n in numbers])


def comparison_of(town, run):
    with open_session(town.settings) as session:
        return read_comparisons(session.warehouse, run=run)


def published_runs(town):
    with open_session(town.settings) as session:
        return [each.run for each in read_publications(session.warehouse, LIBRARY)]


@pytest.fixture
def overtaken(town):
    """Run A stopped over its budget and approved; run B, newer, checked and published."""
    town.deliver(FIRST, POLICE, [person(n) for n in PEOPLE])
    town.deliver(FIRST, HEALTH, [patient(n) for n in PEOPLE])
    town.publish(FIRST)
    recognise(town, OLDER, range(1, 8))
    with pytest.raises(IdBudgetExceeded):
        town.publish(OLDER)
    approve_run(town.settings, OLDER, by="李主任", reason="医院补报号码")
    recognise(town, NEWER, range(1, 9))
    with pytest.raises(IdBudgetExceeded):
        town.publish(NEWER)
    approve_run(town.settings, NEWER, by="李主任", reason="又补报一个")
    publish(town.settings, LIBRARY, NEWER)
    return town


def test_an_older_run_goes_on_from_nothing_of_a_newer_one_and_its_evidence_stays(overtaken):
    """Its verbs refuse; begun again at resolve, it comes out otherwise and is compared beside."""
    town = overtaken
    evidence = comparison_of(town, OLDER)
    assert [(each.id_stability.changed, each.is_within) for each in evidence] == [(7, False)]
    for verb in (check_library, publish, compare, score_library, merge):
        with pytest.raises(MadeByAnotherRun) as refused:
            verb(town.settings, LIBRARY, OLDER)
        assert f"made by run {NEWER}" in str(refused.value)
        assert "begin this run again at resolve" in str(refused.value)
    assert comparison_of(town, OLDER) == evidence
    assert published_runs(town) == [FIRST, NEWER]
    assert [each.run for each in verify(town.settings)] == [NEWER]

    (approved,) = evidence
    recognise(town, f"{NEWER}-2", range(1, 11))
    with pytest.raises(IdBudgetExceeded):
        town.publish(OLDER)
    kept, later = comparison_of(town, OLDER)
    assert kept == approved
    assert (later.id_stability.changed, later.published_run) == (2, NEWER)
    with open_session(town.settings) as session:
        for change in ("DELETE FROM", "UPDATE"):
            tail = "" if change == "DELETE FROM" else " SET changed_ids = 0, is_within = true"
            with (
                pytest.raises(DBAPIError, match="evidence of an approval"),
                session.warehouse.begin() as connection,
            ):
                connection.execute(text(f"{change} quality.id_comparison{tail}"))


def test_a_run_that_comes_to_the_same_rows_owns_them_all_the_same(town):
    town.deliver(FIRST, POLICE, [person(n) for n in PEOPLE])
    town.publish(FIRST)
    town.publish(NEWER)
    with pytest.raises(MadeByAnotherRun):
        publish(town.settings, LIBRARY, FIRST)
    publish(town.settings, LIBRARY, NEWER)


def test_without_candidates_there_is_nothing_to_check(town):
    town.deliver(FIRST, POLICE, [person(n) for n in PEOPLE])
    with pytest.raises(TableMissing):
        publish(town.settings, LIBRARY, FIRST)


def test_a_repeat_of_an_approved_run_does_not_replace_its_evidence(town):
    town.deliver(FIRST, POLICE, [person(n) for n in PEOPLE])
    town.deliver(FIRST, HEALTH, [patient(n) for n in PEOPLE])
    town.publish(FIRST)
    recognise(town, OLDER, range(1, 8))
    with pytest.raises(IdBudgetExceeded):
        town.publish(OLDER)
    approve_run(town.settings, OLDER, by="李主任", reason="医院补报号码")
    evidence = comparison_of(town, OLDER)
    town.publish(OLDER)
    town.check_ids(OLDER)  # against itself: nothing would change any more
    assert comparison_of(town, OLDER) == evidence
