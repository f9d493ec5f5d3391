"""An asset's event says what a library was built without, so that Airflow shows it."""

from dataclasses import asdict

from pipelines.flows.shared.results import PublishResult
from pipelines.orchestrate.notes import asset_facts


def test_lists_of_names_are_told_and_empty_ones_are_not():
    told = PublishResult("population", "20260630", 9, 7, True, ("health__a", "health__b"), ())
    assert asset_facts(asdict(told)) == {
        "library": "population",
        "run": "20260630",
        "entities": 9,
        "snapshot_id": 7,
        "changed": True,
        "without_sources": "health__a, health__b",
    }


def test_what_has_no_words_is_no_fact():
    assert asset_facts({"findings": {"a": 1}, "score": None, "share": 0.5}) == {"share": 0.5}
