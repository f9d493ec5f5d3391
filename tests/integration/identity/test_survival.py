"""Published ids are kept or asked about: the budget before publication, against PostgreSQL."""

import pytest
from identity_town import command_line, person
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from pipelines.cli.main import exit_code
from pipelines.flows.library.build import publish
from pipelines.flows.library.consequences.id_changes import approve_run
from pipelines.flows.shared.errors import IdBudgetExceeded, NothingToApprove
from pipelines.warehouse import connect, read_publications
from pipelines.warehouse.quality.id_changes import read_approvals, read_comparisons

POLICE, HEALTH = "public_security__register", "health__patients"
PEOPLE = range(1, 41)
DAY_1, DAY_2, DAY_3 = "20260701", "20260702", "20260703"


@pytest.fixture
def engine(town):
    engine = connect(town.settings)
    yield engine
    engine.dispose()


def patient(number, **told):
    """A patient without a number, whose name only ties him to nobody."""
    return {**person(number), "key": f"h{number}", "number": "", "mobile": "", "born": "", **told}


@pytest.fixture
def published(town):
    """Forty people, forty patients who are nobody known, published."""
    town.deliver(DAY_1, POLICE, [person(n) for n in PEOPLE])
    town.deliver(DAY_1, HEALTH, [patient(n, address="") for n in PEOPLE])
    town.publish(DAY_1)
    return town


def recognise(town, day, numbers):
    """The hospital delivers again, and now says who some of its patients are."""
    rows = [patient(n, address="") for n in PEOPLE if n not in numbers]
    rows += [{**person(n), "key": f"h{n}"} for n in numbers]
    town.deliver(day, HEALTH, rows)


def stopped(town, day):
    with pytest.raises(IdBudgetExceeded) as refused:
        town.publish(day)
    assert exit_code(refused.value) == 1
    return str(refused.value)


def published_runs(engine):
    return [each.run for each in read_publications(engine)]


def test_merges_and_splits_above_the_budget_wait_for_a_person(published, engine):
    town = published
    (first,) = read_comparisons(engine)
    assert (first.published_run, first.is_within) == (None, True)
    with pytest.raises(NothingToApprove) as refused:
        approve_run(town.settings, DAY_1, by="李主任", reason="无")
    assert exit_code(refused.value) == 2

    recognise(town, DAY_2, range(1, 13))
    message = stopped(town, DAY_2)
    assert "12 of 80 published ids would change (15.00%; the budget is 0.10%)" in message
    assert "merged: 12 ids by same_citizen_id" in message
    assert f"baselib identity approve {DAY_2} --by" in message
    with pytest.raises(IdBudgetExceeded):
        publish(town.settings, "population", DAY_2)
    assert published_runs(engine) == [DAY_1]

    # An approval is for the run as it was: more has come since.
    approve_run(town.settings, DAY_2, by="李主任", reason="医院补报号码")
    recognise(town, f"{DAY_2}-2", range(1, 31))
    assert "30 of 80" in stopped(town, DAY_2)
    answer = command_line(town, "approve", DAY_2, "--by", "李主任", "--reason", "医院又补报号码")
    assert "population, run 20260702: 30 of 80" in answer
    town.publish(DAY_2)
    assert published_runs(engine) == [DAY_1, DAY_2]
    told = [(each.changed_ids, each.reason) for each in read_approvals(engine, "population")]
    assert told == [(12, "医院补报号码"), (30, "医院又补报号码")]
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text("UPDATE quality.id_approval SET reason = 'other'"))

    recognise(town, DAY_3, range(2, 31))
    assert "split: 1 ids by no_longer_same_citizen_id" in stopped(town, DAY_3)


def test_deletions_are_the_sources_own_as_long_as_they_are_ordinary(published, engine):
    town = published
    town.deliver(DAY_2, POLICE, [person(n) for n in PEOPLE if n != 7])
    town.publish(DAY_2)
    found = read_comparisons(engine, run=DAY_2)[0].id_stability
    assert (found.ids, found.changed, found.vanished) == (80, 0, 1)
    assert [(loss.source, loss.gone) for loss in found.losses] == [(HEALTH, 0), (POLICE, 1)]
    town.deliver(DAY_3, POLICE, [person(n) for n in PEOPLE if n % 2])
    assert "of 39 published records are gone" in stopped(town, DAY_3)
    answer = command_line(town, "compare", "population")
    assert "0 would change" in answer
    assert "Nothing was kept" in answer
