"""A batch that is stopped is still scored, tracked and reported: its owner has to hear of it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipelines.contracts.source import Source
from pipelines.errors import DeliveryMissing, QualityGateFailed
from pipelines.flows import run as run_module
from pipelines.settings import Settings

VERBS = ("land", "stage", "check", "score", "track", "report")
SOURCE = cast(Source, SimpleNamespace(name="health__records"))


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[str], Any]]:
    """Which verbs were done where some of them fail, and what came of it."""

    def go(settings: Settings, **failing: Exception) -> tuple[list[str], Any]:
        called: list[str] = []
        for name in VERBS:

            def verb(*_about: object, name: str = name) -> None:
                called.append(name)
                if name in failing:
                    raise failing[name]

            verb.__name__ = name
            monkeypatch.setattr(run_module, name, verb)
        return called, run_module._ingest(settings, SOURCE, "20260630")

    return go


def test_a_closed_gate_stops_none_of_what_follows(done, tmp_path):
    closed = QualityGateFailed("health__records, batch 20260630", ["raw/delivery_is_whole"])
    called, failure = done(Settings(home=tmp_path), check=closed)
    assert called == [name for name in VERBS if name != "report"]  # that one follows the libraries
    assert failure is closed


def test_the_first_failure_is_the_one_that_is_told(done, tmp_path):
    first = QualityGateFailed("health__records, batch 20260630", ["a"])
    called, failure = done(
        Settings(home=tmp_path), check=first, track=QualityGateFailed("later", ["b"])
    )
    assert called == [name for name in VERBS if name != "report"]  # that one follows the libraries
    assert failure is first


def test_what_was_not_delivered_is_not_checked(done, tmp_path):
    missing = DeliveryMissing("health__records", "20260630", "nowhere.csv")
    called, failure = done(Settings(home=tmp_path), land=missing)
    assert called == ["land"]
    assert failure is missing
