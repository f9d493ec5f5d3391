"""A small city, built once per session; each test looks at it, none changes it."""

from dataclasses import dataclass

import pytest

from pipelines.contracts import load_sources
from pipelines.demo.api import environment, serve
from pipelines.demo.generate import generate
from pipelines.demo.world.today import FIRST_BATCH
from pipelines.flows.run import RunOutcome, run_libraries
from pipelines.libraries import load_libraries
from pipelines.settings import Settings, load_settings
from pipelines.warehouse import migrate
from pipelines.warehouse.server.embedded import EmbeddedServer

PERSONS = 600


@dataclass(frozen=True)
class City:
    """Settings of a home in which everything was built, and what the run said."""

    settings: Settings
    batch: str
    outcome: RunOutcome

    def run(self, batch: str | None = None, *, always_rebuild: bool = False) -> RunOutcome:
        """Run the batch again, or a later one."""
        changed = self.settings.model_copy(update={"always_rebuild": always_rebuild})
        return run_city(changed, batch or self.batch)


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
    EmbeddedServer(home / "postgres").make_throwaway()
    migrate(settings)
    with serve(home / "demo", port=0) as url:
        for name, value in environment(url).items():
            patch.setenv(name, value)
        yield City(settings, FIRST_BATCH, run_city(settings, FIRST_BATCH))
    EmbeddedServer(home / "postgres").stop(for_good=True)
    patch.undo()
