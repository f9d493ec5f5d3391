"""A small city, built once per session; each test looks at it, none changes it."""

from dataclasses import dataclass

import pytest

from pipelines.contracts import load_sources
from pipelines.demo.api import environment, serve
from pipelines.demo.generate import FIRST_BATCH, generate
from pipelines.flows.run import RunOutcome, run_libraries
from pipelines.libraries import load_libraries
from pipelines.settings import Settings, load_settings
from pipelines.warehouse import migrate, stop_embedded

PERSONS = 600


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The larger half of the fault-injection suite takes an hour: only when it is asked for."""
    if "faults" in (config.getoption("markexpr") or ""):
        return
    left = [item for item in items if item.get_closest_marker("faults")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


@dataclass(frozen=True)
class City:
    """Settings of a home in which everything was built, and what the run said."""

    settings: Settings
    batch: str
    outcome: RunOutcome

    def run(self, batch: str | None = None) -> RunOutcome:
        """Run everything again, or a later batch."""
        return run_city(self.settings, batch or self.batch)


def run_city(settings: Settings, batch: str) -> RunOutcome:
    """Every source and library, without Airflow."""
    sources = list(load_sources(settings).values())
    return run_libraries(
        settings, list(load_libraries().values()), sources, batch, lambda _what: None
    )


@pytest.fixture(scope="session")
def city(tmp_path_factory):
    home = tmp_path_factory.mktemp("city")
    patch = pytest.MonkeyPatch()
    patch.setenv("BASELIB_HOME", str(home))
    patch.setenv("BASELIB_JOBS", "1")  # tests run side by side already
    settings = load_settings(today="2026-06-30")
    generate(home / "demo", persons=PERSONS, seed=7, batch=FIRST_BATCH)
    migrate(settings)
    with serve(home / "demo", port=0) as url:
        for name, value in environment(url).items():
            patch.setenv(name, value)
        yield City(settings, FIRST_BATCH, run_city(settings, FIRST_BATCH))
    stop_embedded(settings)
    patch.undo()
