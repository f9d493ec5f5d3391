"""A site with a governance folder of its own and a migrated warehouse, per module."""

import shutil
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine

from pipelines.settings import PROJECT, Settings
from pipelines.warehouse import connect, migrate


@pytest.fixture(scope="module")
def site(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(PROJECT / "governance", folder / "governance")
    shutil.rmtree(folder / "governance/requests", ignore_errors=True)
    (folder / "grants").mkdir()
    migrate(module_settings)
    return module_settings.model_copy(
        update={
            "governance": folder / "governance",
            "grants": folder / "grants",
            "today": date(2026, 9, 30),
        }
    )


@pytest.fixture(scope="module")
def warehouse(site: Settings) -> Iterator[Engine]:
    engine = connect(site)
    yield engine
    engine.dispose()
