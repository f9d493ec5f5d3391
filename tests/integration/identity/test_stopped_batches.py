"""What a critical expectation stopped is not read by any later run, until a check lets it pass."""

import pytest
from identity_town import Town, person

from pipelines.errors import TableMissing
from pipelines.flows.shared.session import open_session
from pipelines.flows.verify import verify
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.warehouse import read_stopped_batches, record_expectations

POLICE, HEALTH = "public_security__register", "health__patients"
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


def test_a_stopped_batch_is_left_out_until_it_passes(town: Town):
    town.deliver(DAY_1, POLICE, [person(n) for n in range(1, 41)])
    town.publish(DAY_1)
    town.deliver(DAY_2, POLICE, [person(n) for n in range(1, 46)])
    checked(town, DAY_2, success=False, severity="warning")
    with open_session(town.settings) as session:
        assert read_stopped_batches(session.warehouse, POLICE) == set()
    checked(town, DAY_2, success=False)
    town.publish(DAY_2)
    assert len(town.ids()) == 40, "the run reads the day before"
    (verified,) = verify(town.settings)
    assert verified.run == DAY_2

    checked(town, DAY_2, success=True)
    town.publish(DAY_3)
    assert len(town.ids()) == 45


def test_a_library_whose_only_batch_was_stopped_has_nothing_to_read(town: Town):
    town.deliver(DAY_1, POLICE, [person(1)])
    checked(town, DAY_1, success=False)
    with pytest.raises(TableMissing, match="stopped"):
        town.build(DAY_1)
