"""What only a person can change is not tried again; what comes back by itself is."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.errors import (
    BaselibError,
    DatabaseLost,
    DeliveryMissing,
    DeliveryUnfinished,
    MissingColumn,
    QualityGateFailed,
)
from pipelines.errors.tables import DatabaseBusy
from pipelines.orchestrate.retry_rules import LATER, NEVER, SOON, cause_of, waits_until

DUE = datetime(2026, 6, 30, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def error(kind: type[BaselibError]) -> BaselibError:
    return kind.__new__(kind)


@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        (MissingColumn, NEVER),
        (QualityGateFailed, NEVER),
        (DatabaseBusy, SOON),
        (DatabaseLost, LATER),
    ],
)
def test_an_error_is_tried_again_by_what_can_have_changed(kind, rules):
    assert issubclass(kind, rules)
    others = [each for each in (NEVER, SOON, LATER) if each is not rules]
    assert not any(issubclass(kind, each) for each in others)


def test_a_missing_delivery_is_looked_for_until_the_next_one_is_nearly_due():
    missing = error(DeliveryMissing)
    assert waits_until(missing, DUE, DAY, DUE) == DUE + timedelta(minutes=15)
    assert waits_until(missing, DUE, DAY, DUE + timedelta(hours=22)) is not None
    assert waits_until(missing, DUE, DAY, DUE + timedelta(hours=23)) is None
    assert waits_until(missing, DUE, timedelta(days=7), DUE + timedelta(days=6)) is not None


def test_a_source_that_delivers_often_does_not_wait_into_its_next_delivery():
    assert waits_until(error(DeliveryMissing), DUE, timedelta(hours=1), DUE) is None
    assert waits_until(error(DeliveryMissing), DUE, timedelta(hours=2), DUE) is not None


def test_a_file_that_is_being_written_is_looked_at_soon():
    assert waits_until(error(DeliveryUnfinished), DUE, DAY, DUE) == DUE + timedelta(minutes=2)


def test_nothing_else_is_waited_for():
    assert waits_until(error(MissingColumn), DUE, DAY, DUE) is None


def test_a_database_that_is_away_is_one_cause_whatever_it_ends():
    lost = error(DatabaseLost)
    assert cause_of(lost, "ingest__a") == cause_of(lost, "library__b")
    column = error(MissingColumn)
    assert cause_of(column, "ingest__a") != cause_of(column, "ingest__b")
