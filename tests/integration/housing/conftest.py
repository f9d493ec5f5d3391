"""The city of ``housing_city``, built once."""

import os
from collections.abc import Iterator

import pytest
from housing_city import BATCH, HOUSES, HOUSING, MARKET, POLICE, City, write

from pipelines.contracts import load_sources
from pipelines.flows.run import run_libraries
from pipelines.libraries import load_libraries
from pipelines.settings import PROJECT, Settings, load_settings
from pipelines.warehouse import migrate


@pytest.fixture(scope="module")
def city(module_settings: Settings) -> Iterator[City]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BASELIB_LIBRARIES", str(HOUSING / "libraries"))
        patch.setenv("BASELIB_HOME", str(module_settings.home))
        settings = load_settings(
            home=module_settings.home,
            database_url=module_settings.database_url,
            sources=os.pathsep.join(
                [
                    str(HOUSING / "sources"),
                    str(PROJECT / f"sources/population/{POLICE}.yml"),
                    str(PROJECT / f"sources/legal_entity/{MARKET}.yml"),
                ]
            ),
            jobs=1,
        )
        migrate(settings)
        sources = load_sources(settings)
        for name, rows in HOUSES.items():
            write(sources[name], rows)
        outcome = run_libraries(
            settings,
            list(load_libraries().values()),
            list(sources.values()),
            BATCH,
            lambda _what: None,
        )
        yield City(settings, outcome)
