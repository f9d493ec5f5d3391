"""Bring the warehouse to the state that this version of baselib needs."""

import logging

from sqlalchemy import text

from pipelines.libraries import load_libraries
from pipelines.settings import PROJECT, Settings
from pipelines.warehouse.server.database import connect

SCRIPTS = PROJECT / "sql"


def migrate(settings: Settings) -> None:
    """Run what is missing of the migrations in ``sql/``, then follow the library declarations.

    Safe to call at the start of every run, and by several processes at once.

    Raises:
        DatabaseUnavailable: PostgreSQL cannot be reached.
    """
    # Here and not above: both take a second or more to load, and most who import this only read.
    from alembic import command
    from alembic.config import Config

    from pipelines.warehouse.base.declared import follow_declarations

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    engine = connect(settings)
    with engine.begin() as connection:
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended('baselib migrate', 0))")
        connection.execute(lock)
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS audit"))  # Alembic's own table
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        follow_declarations(connection, load_libraries())
