"""A throwaway PostgreSQL server per test session, a database of its own per test module."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from pipelines.settings import Settings, load_settings
from pipelines.warehouse.server.database import ensure_database, stop_embedded


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """The home folder of the session's embedded server (one per xdist worker).

    Not below pytest's own folder: run as root, every new pytest session closes that one to the
    user who runs the server.
    """
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as home:
        yield Path(home)
        stop_embedded(load_settings(home=home))


@pytest.fixture(scope="session")
def postgres_url(postgres_home: Path) -> str:
    """The server's maintenance database; tests make databases beside it, never tables in it."""
    without_override = {k: v for k, v in os.environ.items() if k == "BASELIB_DATABASE_URL"}
    assert not without_override, "unset BASELIB_DATABASE_URL: tests use a server of their own"
    return ensure_database(load_settings(home=postgres_home), "postgres")


@pytest.fixture(scope="module")
def module_settings(postgres_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with a new database and a new home, shared by the tests of one module."""
    return _new_settings(postgres_home, tmp_path_factory.mktemp("module"))


@pytest.fixture
def settings(postgres_home: Path, tmp_path: Path) -> Settings:
    """Settings with a new database and a new home, for one test."""
    return _new_settings(postgres_home, tmp_path)


def _new_settings(postgres_home: Path, home: Path) -> Settings:
    url = ensure_database(load_settings(home=postgres_home), f"test_{uuid4().hex[:12]}")
    return load_settings(home=home, database_url=url)
