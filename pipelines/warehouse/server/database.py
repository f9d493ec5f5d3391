"""Database connections: the URL of the settings, or the embedded server of the home folder."""

from contextlib import suppress
from functools import cache
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from pipelines.errors import DatabaseUnavailable
from pipelines.settings import Settings
from pipelines.warehouse.server.embedded import EmbeddedServer

DATABASE = "baselib"
_EXISTS = frozenset({"42P04", "23505"})  # duplicate_database, and its row while it is made


def database_url(settings: Settings) -> str:
    """The warehouse as a libpq URL, as ``psql`` and ADBC take it; starts the embedded server.

    Raises:
        DatabaseUnavailable: the embedded server cannot be started.
    """
    if settings.database_url:
        return settings.database_url.get_secret_value()
    return ensure_database(settings, DATABASE)


def ensure_database(settings: Settings, name: str) -> str:
    """The libpq URL of database ``name`` on the same server, created if it is missing.

    Raises:
        DatabaseUnavailable: no server, or no right to create a database there.
    """
    if settings.database_url:
        server = make_url(settings.database_url.get_secret_value())
        wanted, maintenance = server.set(database=name), server
    else:
        socket_dir = EmbeddedServer(settings.home / "postgres").ensure_running()
        wanted = _socket_url(socket_dir, name)
        maintenance = _socket_url(socket_dir, "postgres")
    _create_if_missing(maintenance, name, is_ours=not settings.database_url)
    return wanted.render_as_string(hide_password=False)


def stop_embedded(settings: Settings) -> None:
    """Stop the embedded server of this home, if it runs."""
    EmbeddedServer(settings.home / "postgres").stop()


def sqlalchemy_url(url: str) -> str:
    """``url`` with the driver named: SQLAlchemy's own default is another one."""
    return make_url(url).set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def connect(settings: Settings) -> Engine:
    """A SQLAlchemy engine on the warehouse, to be disposed of; not for use across a fork.

    Its errors quote no parameters: those may be personal data, and end in a log.

    Raises:
        DatabaseUnavailable: nothing answers at the URL.
    """
    url = database_url(settings)
    engine = create_engine(sqlalchemy_url(url), hide_parameters=True)
    try:
        with engine.connect():
            return engine
    except OperationalError as failed:
        raise DatabaseUnavailable(shown_url(url), _first_line(failed)) from None


def run_sql(connection: Connection, statements: str) -> None:
    """Run SQL that takes no parameters, word for word, be there ``%`` or ``:name`` in it."""
    connection.exec_driver_sql(statements.replace("%", "%%"))


def _socket_url(socket_dir: Path, database: str) -> URL:
    return URL.create(
        "postgresql", username="postgres", database=database, query={"host": str(socket_dir)}
    )


@cache
def _create_if_missing(maintenance: URL, name: str, *, is_ours: bool) -> None:
    """Create the database; of a server of our own close the databases that came with it, too."""
    url = sqlalchemy_url(maintenance.render_as_string(hide_password=False))
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    exists = text("SELECT 1 FROM pg_database WHERE datname = :name")
    quoted = engine.dialect.identifier_preparer.quote(name)
    try:
        with engine.connect() as connection:
            if is_ours:
                _close_to_strangers(connection)
            if connection.execute(exists, {"name": name}).first():
                return
            with suppress(_MadeByAnother):
                _create(connection, quoted)
    except (OperationalError, ProgrammingError) as failed:
        raise DatabaseUnavailable(shown_url(url), _first_line(failed)) from None


def _close_to_strangers(connection: Connection) -> None:
    """Whoever may connect to any database of a server can take its room and its locks."""
    for name in connection.execute(_OPEN).scalars().all():
        quoted = connection.dialect.identifier_preparer.quote(str(name))
        with suppress(DBAPIError):  # another process is doing just this
            connection.execute(text(f"REVOKE CONNECT, TEMPORARY ON DATABASE {quoted} FROM PUBLIC"))


_OPEN = text(
    "SELECT datname FROM pg_database WHERE has_database_privilege('public', datname, 'CONNECT')"
    " OR has_database_privilege('public', datname, 'TEMPORARY') ORDER BY 1"
)


class _MadeByAnother(Exception):
    """Another process has just created the database: CREATE DATABASE has no IF NOT EXISTS."""


def _create(connection: Connection, quoted: str) -> None:
    try:
        connection.execute(text(f"CREATE DATABASE {quoted}"))
    except DBAPIError as failed:
        if getattr(failed.orig, "pgcode", None) in _EXISTS:
            raise _MadeByAnother from None
        raise
    connection.execute(text(f"REVOKE CONNECT, TEMPORARY ON DATABASE {quoted} FROM PUBLIC"))


def shown_url(url: str) -> str:
    """``url`` as it may be shown: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _first_line(failed: Exception) -> str:
    return str(getattr(failed, "orig", failed)).strip().splitlines()[0]
