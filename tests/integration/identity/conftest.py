"""The town of ``identity_town``, in a home and a database of its own for each test."""

from pathlib import Path

import pytest
from identity_town import Town, write_contracts

from pipelines.settings import Settings, load_settings
from pipelines.warehouse import migrate


@pytest.fixture
def town(settings: Settings, tmp_path: Path) -> Town:
    write_contracts(tmp_path / "sources")
    url = settings.database_url
    here = load_settings(
        home=settings.home,
        database_url=url and url.get_secret_value(),
        sources=(tmp_path / "sources",),
        today="2026-07-31",
    )
    migrate(here)
    return Town(here)
