"""The history of a source in a real PostgreSQL: the last batches that no gate stopped."""

from pipelines.quality.drift import Drift, Measure
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.warehouse import read_batches, record_batch, record_expectations
from pipelines.warehouse.quality.drift import LOOK_BACK, read_drift, read_history, record_drift

SOURCE = "health__births"


def record(warehouse, batch, value=0.1, distance=None):
    record_batch(warehouse, source=SOURCE, batch=batch, library="population")
    drift = [Drift("null_rate", "mobile", "", value, None, None, distance, 0)]
    record_drift(warehouse, source=SOURCE, batch=batch, drift=drift)


def test_a_batch_is_compared_with_those_before_it_that_were_not_stopped(warehouse):
    for day in range(1, 6):
        record(warehouse, f"2026060{day}", day / 10)
    stopped = ExpectationOutcome(
        *("raw", "delivery_is_whole", "e", None, "critical", False, "", "", "。")
    )
    record_expectations(
        warehouse, subject=SOURCE, run="20260602", layer="source", outcomes=[stopped]
    )
    history = read_history(warehouse, source=SOURCE, before="20260605")
    assert history == {
        f"2026060{day}": [Measure("null_rate", "mobile", "", day / 10)] for day in (1, 3, 4)
    }


def test_history_is_bounded(warehouse):
    for day in range(1, 41):
        record(warehouse, f"202606{day:02d}")
    history = read_history(warehouse, source=SOURCE, before="20260699")
    assert len(history) == LOOK_BACK
    assert max(history) == "20260640"


def test_a_repeat_replaces_and_the_unusual_is_told(warehouse):
    record(warehouse, "20260601", distance=0.2)
    assert read_drift(warehouse, source=SOURCE, batch="20260601") == []
    record(warehouse, "20260601", distance=3.0)
    (unusual,) = read_drift(warehouse, source=SOURCE, batch="20260601")
    assert unusual.distance == 3.0


def test_several_batches_of_a_day_come_in_the_order_of_their_numbers(warehouse):
    ids = ["20260601", "20260601-2", "20260601-9", "20260601-10", "20260602"]
    for batch in reversed(ids):
        record(warehouse, batch)
    assert set(read_history(warehouse, source=SOURCE, before="20260601-10")) == set(ids[:3])
    assert [record.batch for record in read_batches(warehouse, SOURCE)] == ids
