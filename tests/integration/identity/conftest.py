"""The town of ``identity_town``, in a home and a database of its own for each test, or module."""

from pathlib import Path

import pytest
from identity_town import Town, write_contracts

from pipelines.settings import Settings, load_settings
from pipelines.warehouse import migrate


@pytest.fixture
def town(settings: Settings, tmp_path: Path) -> Town:
    return _new_town(settings, tmp_path)


@pytest.fixture(scope="module")
def module_town(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Town:
    return _new_town(module_settings, tmp_path_factory.mktemp("town"))


def _new_town(settings: Settings, folder: Path) -> Town:
    write_contracts(folder / "sources")
    url = settings.database_url
    here = load_settings(
        home=settings.home,
        database_url=url and url.get_secret_value(),
        sources=(folder / "sources",),
        today="2026-07-31",
    )
    migrate(here)
    return Town(here)
