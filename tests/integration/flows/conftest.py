"""A town of a few records in a home and a database of its own."""

import pytest
from town import Town

from pipelines.settings import Settings, load_settings
from pipelines.warehouse import migrate


@pytest.fixture
def town(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setenv("BASELIB_HOME", str(settings.home))
    ours = load_settings(home=settings.home, database_url=settings.database_url)
    migrate(ours)
    return Town(ours)
