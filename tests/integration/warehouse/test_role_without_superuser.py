"""The role that a compose file gives baselib may do all that an upgrade asks of it."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import create_engine, make_url, text

from pipelines.settings import load_settings
from pipelines.warehouse import migrate
from pipelines.warehouse.server.database import ensure_database, sqlalchemy_url, stop_embedded

PROJECT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text(encoding="utf-8"))
ROLES = COMPOSE["configs"]["database_roles"]["content"]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A new server with the roles of the compose file; the URL of baselib's database."""
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as home:
        settings = load_settings(home=home)
        url = sqlalchemy_url(ensure_database(settings, "postgres"))
        statements = re.sub(r"PASSWORD :'\w+'", "", ROLES.split("<<'SQL'\n")[1].split("SQL")[0])
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in filter(str.strip, statements.split(";")):
                connection.execute(text(statement))
        engine.dispose()
        yield (
            make_url(url)
            .set(drivername="postgresql", username="baselib", database="baselib")
            .render_as_string(hide_password=False)
        )
        stop_embedded(settings)


def test_it_upgrades_its_database_and_no_other(site, tmp_path):
    migrate(load_settings(home=tmp_path, database_url=site))
    engine = create_engine(sqlalchemy_url(site))
    with engine.connect() as connection:
        asked = "SELECT rolsuper, has_database_privilege('airflow', 'CONNECT') FROM pg_roles"
        mine = connection.execute(text(f"{asked} WHERE rolname = current_user")).one()
    engine.dispose()
    assert tuple(mine) == (False, False)
