"""One migrated warehouse per module; its tests go on from one another's publications."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_city import City
from sqlalchemy import Engine

from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate


@pytest.fixture(scope="module")
def migrated(module_settings: Settings) -> Settings:
    migrate(module_settings)
    return module_settings


@pytest.fixture(scope="module")
def warehouse(migrated: Settings) -> Iterator[Engine]:
    engine = connect(migrated)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def city(migrated: Settings, tmp_path_factory: pytest.TempPathFactory) -> City:
    folder: Path = tmp_path_factory.mktemp("editions")
    return City(migrated, folder)
