"""Database migrations: Alembic scripts of ``sql/``, then what the declarations ask for."""

import logging

from sqlalchemy import Engine, text

from pipelines.libraries import load_libraries
from pipelines.settings import PROJECT, Settings
from pipelines.warehouse.server.database import connect, shown_url
from pipelines.warehouse.server.locks import (
    LOCK_TIMEOUT,
    create_lock_table,
    retry_ddl,
    take_lock,
)

SCRIPTS = PROJECT / "sql"


def missing_migrations(engine: Engine) -> list[str]:
    """Revisions that this version has and the database lacks, oldest first."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    revisions = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    exists = text("SELECT to_regclass('audit.alembic_version') IS NOT NULL")
    with engine.connect() as connection:
        if not connection.execute(exists).scalar_one():
            return revisions[::-1]
        current = connection.execute(text("SELECT version_num FROM audit.alembic_version")).scalar()
    return revisions[: revisions.index(current)][::-1] if current in revisions else []


def migrate(settings: Settings) -> None:
    """Upgrade the schema to the newest migration, then apply the library declarations.

    Safe to call at the start of every run, and by several processes at once.

    Raises:
        DatabaseUnavailable: PostgreSQL cannot be reached.
        DatabaseBusy: a reader kept what is to be altered locked for more than a minute.
    """
    # Here and not above: both take a second or more to load, and most who import this only read.
    from alembic import command
    from alembic.config import Config

    from pipelines.warehouse.base.declared import apply_declarations

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    engine = connect(settings)
    create_lock_table(engine)

    def attempt() -> None:
        with engine.begin() as connection:
            take_lock(connection, "migrate")
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s'"))
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS audit"))  # Alembic's own table
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            apply_declarations(connection, load_libraries())

    try:
        retry_ddl(attempt, shown_url(engine.url.render_as_string()))
    finally:
        engine.dispose()
