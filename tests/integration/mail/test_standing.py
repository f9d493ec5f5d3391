"""The score that a report shows is the stored one, with those before it and none after it."""

import pytest

from pipelines.flows.source.report.score_news import read_score
from pipelines.quality.score import Count, score_counts
from pipelines.standards.scores import load_scoring
from pipelines.warehouse import Told, connect, migrate
from pipelines.warehouse.quality.scores import record_score


@pytest.fixture
def warehouse(settings):
    migrate(settings)
    engine = connect(settings)
    yield engine
    engine.dispose()


def score(warehouse, batch, right):
    counts = [Count("0301", "citizen_id", "citizen_id", right, 100)]
    about = {"scope": "source", "subject": "a__b", "run": batch}
    record_score(warehouse, **about, counts=counts, scores={"": score_counts(counts)})


def test_a_batch_stands_beside_those_before_it(warehouse):
    for batch, right in (("20260628", 80), ("20260629", 90), ("20260630", 95), ("20260701", 10)):
        score(warehouse, batch, right)
    standing = read_score(warehouse, "a__b", "20260630", batches=2)
    assert standing.history == [("20260629", 90.0), ("20260630", 95.0)]
    assert (standing.value, standing.before, standing.grade) == (95.0, 90.0, "A")
    assert [each.name for each in standing.dimensions] == [
        each.title for each in load_scoring().dimensions.values()
    ]
    measured = {each.name: (each.before, each.score) for each in standing.dimensions}
    assert measured[load_scoring().dimensions["03"].title] == (90.0, 95.0)
    assert measured[load_scoring().dimensions["06"].title] == (None, None)  # not applicable


def test_a_batch_is_compared_with_what_its_owner_was_told(
    warehouse,
):
    for batch, right in (("20260628", 80), ("20260629", 90), ("20260630", 95)):
        score(warehouse, batch, right)
    told = [Told("a__b", "20260628", 99.9, {"03": 99.9})]
    standing = read_score(warehouse, "a__b", "20260630", 12, told=told)
    assert standing.history == [("20260628", 99.9), ("20260629", 90.0), ("20260630", 95.0)]
    assert standing.before == 99.9
    assert [each.before for each in standing.dimensions if each.number == "03"] == [99.9]
    unscored = [Told("a__b", "20260628")]  # by a version that did not keep it
    assert read_score(warehouse, "a__b", "20260630", 12, told=unscored).before == 90.0


def test_a_batch_that_was_not_scored_has_no_standing(warehouse):
    score(warehouse, "20260628", 80)
    assert read_score(warehouse, "a__b", "20260630", batches=12) is None
