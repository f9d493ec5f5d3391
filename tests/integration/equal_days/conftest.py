"""A city that ends days early and one that does not, each with a home and a database of its own."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from two_cities import SOURCES, City

from pipelines.settings import load_settings
from pipelines.warehouse import migrate
from pipelines.warehouse.server.database import ensure_database


@pytest.fixture
def new_city(postgres_home: Path, tmp_path: Path) -> Callable[..., City]:
    """Makes a city; those of one test have the same secret."""

    def make(name: str, *, always_rebuild: bool = False) -> City:
        home, server = tmp_path / name, load_settings(home=postgres_home)
        settings = load_settings(
            home=home,
            database_url=ensure_database(server, f"test_{uuid4().hex[:12]}"),
            sources=(tmp_path / f"{name}-sources",),
            today="2026-07-31",
            jobs=1,
            always_rebuild=always_rebuild,
            id_budget=1.0,
            deletion_budget=1.0,
        )
        city = City(settings, tmp_path / f"{name}-sources")
        for source in SOURCES:
            city.write_contract(source)
        migrate(settings)
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "identity.key").write_text("5" * 64, encoding="ascii")
        return city

    return make
