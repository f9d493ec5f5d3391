"""One town per module, and the command line in this process."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from steward_town import Town, new_town

from pipelines.settings import Settings
from pipelines.warehouse import connect


@pytest.fixture(scope="module")
def town(module_settings: Settings) -> Town:
    """One town for all tests of a module."""
    return new_town(module_settings)


@pytest.fixture
def warehouse(town: Town) -> Engine:
    engine = connect(town.settings)
    yield engine
    engine.dispose()


@pytest.fixture
def baselib(town: Town, capsys: pytest.CaptureFixture[str], monkeypatch) -> Callable[..., str]:
    """Run the command line in this process and return what it printed."""
    from pipelines.cli.main import app

    def run(*arguments: str | Path) -> str:
        url = town.settings.database_url
        monkeypatch.setenv("BASELIB_HOME", str(town.settings.home))
        monkeypatch.setenv("BASELIB_DATABASE_URL", url.get_secret_value() if url else "")
        monkeypatch.setattr(sys, "argv", ["baselib", *map(str, arguments)])
        app([str(each) for each in arguments], standalone_mode=False)
        return capsys.readouterr().out

    return run
