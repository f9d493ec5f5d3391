"""Locks between processes: a row each, ``SELECT … FOR UPDATE``, until the transaction ends.

Not PostgreSQL's advisory locks: those anybody may take who can connect, so that a role without any
grant could hold up publications. These rows belong to the owner of the database alone.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from pipelines.errors.tables import DatabaseBusy

LOCK_TIMEOUT = 5.0  # seconds that DDL may wait for a reader: all later readers wait behind it
ATTEMPTS = 12  # and then a pause each: a reader of a minute is waited for, one left open is not
_PAUSE = 2.0  # seconds
_TIMED_OUT = "55P03"  # PostgreSQL: lock_not_available
# Made at the same moment by another process: no such schema or table yet when it was looked up.
_MADE_BY_ANOTHER = frozenset({"23505", "42P06", "42P07", "XX000"})
_CREATE = (
    "CREATE SCHEMA IF NOT EXISTS internal",
    "CREATE TABLE IF NOT EXISTS internal.lock (name text PRIMARY KEY)",
    "COMMENT ON SCHEMA internal IS '内部：进程间的锁，不授权给任何角色'",
)
_INSERT = "INSERT INTO internal.lock (name) VALUES ({name}) ON CONFLICT DO NOTHING"
_LOCK = "SELECT name FROM internal.lock WHERE name = {name} FOR UPDATE"


def take_lock(connection: Connection, name: str) -> None:
    """Wait for the lock, and hold it until the transaction ends. The table must be there."""
    for statement in (_INSERT, _LOCK):
        connection.execute(text(statement.format(name=":name")), {"name": name})


def try_lock(engine: Engine, connection: Connection, name: str) -> bool:
    """``take_lock`` without waiting; ``False`` if another transaction has the lock."""
    with engine.begin() as own:  # committed at once: nobody waits for the row itself
        own.execute(text(_INSERT.format(name=":name")), {"name": name})
    attempt = text(f"{_LOCK.format(name=':name')} SKIP LOCKED")
    return connection.execute(attempt, {"name": name}).first() is not None


def take_lock_by_cursor(cursor: Any, name: str) -> None:
    """``take_lock`` over ADBC."""
    cursor.execute(_INSERT.format(name="$1::text"), (name,))
    cursor.execute(_LOCK.format(name="$1::text"), (name,)).fetchall()


def create_lock_table(engine: Engine) -> None:
    """Create the table of locks if it is missing; looked up once in a process and database."""
    _create_once(engine.url)


@cache
def _create_once(url: URL) -> None:
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    for attempt in range(ATTEMPTS):
        try:
            with engine.begin() as connection:
                if connection.execute(text("SELECT to_regclass('internal.lock')")).scalar():
                    return
                for statement in _CREATE:
                    connection.execute(text(statement))
                return
        except DBAPIError as failed:
            if sqlstate(failed) not in _MADE_BY_ANOTHER or attempt == ATTEMPTS - 1:
                raise


def sqlstate(failed: BaseException) -> str | None:
    """PostgreSQL's code of an error, whichever driver raised it."""
    cause = getattr(failed, "orig", failed)
    return getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)


def retry_ddl(attempt: Callable[[], None], what: str) -> None:
    """Call ``attempt`` until it gets its locks: it must set ``LOCK_TIMEOUT`` and roll back.

    Raises:
        DatabaseBusy: somebody held a lock all the time.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except DBAPIError as failed:
            if sqlstate(failed) != _TIMED_OUT:
                raise
        if number < ATTEMPTS - 1:
            time.sleep(_PAUSE)
    raise DatabaseBusy(what)


def ddl_with_retry(statement: str) -> str:
    """``statement`` as ``retry_ddl`` would run it, for the middle of a transaction.

    It is tried again by the server: after an error ADBC takes no ROLLBACK TO SAVEPOINT.
    """
    return f"""DO $retry$
BEGIN
    FOR attempt IN 1..{ATTEMPTS} LOOP
        BEGIN
            SET LOCAL lock_timeout = '{LOCK_TIMEOUT}s';
            EXECUTE $ddl${statement}$ddl$;
            SET LOCAL lock_timeout = 0;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = {ATTEMPTS} THEN
                RAISE;
            END IF;
            PERFORM pg_sleep({_PAUSE});
        END;
    END LOOP;
END
$retry$"""
