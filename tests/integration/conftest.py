"""A throwaway PostgreSQL server per test session, a database of its own per test or module.

Databases are copies of one that was migrated: a migration takes half a second, a copy a tenth.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from pipelines.settings import Settings, load_settings
from pipelines.warehouse import migrate
from pipelines.warehouse.server.database import ensure_database, sqlalchemy_url
from pipelines.warehouse.server.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def postgres_home() -> Iterator[Path]:
    """The home folder of the session's embedded server (one per xdist worker).

    Not below pytest's own folder: run as root, every new pytest session closes that one to the
    user who runs the server.
    """
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as home:
        yield Path(home)
        EmbeddedServer(Path(home) / "postgres").stop(for_good=True)


@pytest.fixture(scope="session")
def postgres_url(postgres_home: Path) -> str:
    """The server's maintenance database; tests make databases beside it, never tables in it."""
    without_override = {k: v for k, v in os.environ.items() if k == "BASELIB_DATABASE_URL"}
    assert not without_override, "unset BASELIB_DATABASE_URL: tests use a server of their own"
    EmbeddedServer(postgres_home / "postgres").make_throwaway()
    return ensure_database(load_settings(home=postgres_home), "postgres")


@pytest.fixture(scope="session")
def migrated_database(postgres_home: Path, postgres_url: str) -> str:
    """The name of a database with all tables and nothing in them."""
    name = "migrated"
    url = ensure_database(load_settings(home=postgres_home), name)
    migrate(load_settings(home=postgres_home, database_url=url))
    return name


@pytest.fixture(scope="module")
def module_settings(
    postgres_url: str, migrated_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """Settings with a new, migrated database and a new home, shared by the tests of one module."""
    return _new_settings(postgres_url, migrated_database, tmp_path_factory.mktemp("module"))


@pytest.fixture
def settings(postgres_url: str, migrated_database: str, tmp_path: Path) -> Settings:
    """Settings with a new, migrated database and a new home, for one test."""
    return _new_settings(postgres_url, migrated_database, tmp_path)


@pytest.fixture
def empty_settings(postgres_home: Path, tmp_path: Path) -> Settings:
    """Settings with a new database without tables, and a new home."""
    url = ensure_database(load_settings(home=postgres_home), _new_name())
    return load_settings(home=tmp_path, database_url=url)


def _new_settings(server: str, template: str, home: Path) -> Settings:
    url = make_url(server).set(database=_new_name())
    with _server(server) as connection:
        connection.execute(text(f"CREATE DATABASE {url.database} TEMPLATE {template}"))
        for grant in _grants_on(connection, template):  # a copy has no rights of its own
            connection.execute(text(grant.replace(template, url.database or "")))
    return load_settings(home=home, database_url=url.render_as_string(hide_password=False))


def _grants_on(connection: Connection, database: str) -> list[str]:
    """What makes the rights on another database those on this one."""
    connects = text(
        "SELECT coalesce(r.rolname, 'PUBLIC') FROM pg_database, aclexplode(datacl) AS a"
        " LEFT JOIN pg_roles AS r ON r.oid = a.grantee"
        " WHERE datname = :name AND privilege_type = 'CONNECT'"
    )
    roles = connection.execute(connects, {"name": database}).scalars()
    return [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        *(f"GRANT CONNECT ON DATABASE {database} TO {role}" for role in roles),
    ]


@contextmanager
def _server(url: str) -> Iterator[Connection]:
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


def _new_name() -> str:
    return f"test_{uuid4().hex[:12]}"
