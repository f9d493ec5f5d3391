"""On a site's server baselib is no superuser: migrations, grants, seals work as its plain owner."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from pipelines.serve.audit.seal import seal_log, verify_log
from pipelines.serve.grants.apply import apply_grants
from pipelines.settings import Settings, load_settings
from pipelines.warehouse import connect, migrate
from pipelines.warehouse.server.database import ensure_database, stop_embedded


@pytest.fixture
def site() -> Iterator[Settings]:
    """A server of its own: on a shared one the roles are there already, and a superuser's."""
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as folder:
        server = load_settings(home=Path(folder))
        url = make_url(ensure_database(server, "postgres"))
        engine = create_engine(url.set(drivername="postgresql+psycopg2")).execution_options(
            isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text("CREATE ROLE baselib LOGIN CREATEROLE"))
            connection.execute(text("CREATE DATABASE site OWNER baselib"))
        engine.dispose()
        own = url.set(username="baselib", database="site").render_as_string(hide_password=False)
        yield load_settings(home=Path(folder) / "site", database_url=own)
        stop_embedded(server)


def test_a_plain_owner_grants_revokes_and_seals(site: Settings, tmp_path: Path):
    migrate(site)
    assert {one.grant for one in apply_grants(site, "test")}
    assert apply_grants(site, "test") == []
    revoked = apply_grants(site.model_copy(update={"grants": tmp_path}), "test")
    assert {one.after for one in revoked} == {None}
    assert seal_log(site) == 2 * len(revoked)
    assert verify_log(site).unsealed == 0
    engine = connect(site)
    with engine.connect() as connection:
        views = "SELECT count(*) FROM pg_views WHERE viewowner = 'serve_owner'"
        assert connection.execute(text(views)).scalar_one() == 0
        superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        assert not connection.execute(text(superuser)).scalar_one()
    engine.dispose()
