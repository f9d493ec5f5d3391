"""One writer at a time per table, across processes: a lock in PostgreSQL."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from pipelines.warehouse.server.locks import create_lock_table, take_lock, try_lock

log = logging.getLogger(__name__)


@contextmanager
def table_lock(engine: Engine, table: str) -> Iterator[None]:
    """Hold the lock of ``table`` until the block ends, or the process dies.

    Iceberg's own answer to two writers is that one of them fails and tries again; waiting a few
    hundredths of a second is kinder when fifteen tasks start together.
    """
    create_lock_table(engine)
    with engine.begin() as connection:
        take_lock(connection, f"lake {table}")
        yield


@contextmanager
def work_lock(engine: Engine, subject: str) -> Iterator[None]:
    """As ``table_lock``, for a whole verb: who has to wait for another process says so."""
    name = f"work {subject}"
    create_lock_table(engine)
    with engine.begin() as connection:
        if not try_lock(engine, connection, name):
            log.warning("baselib: another process works on %s; waiting until it is done", subject)
            take_lock(connection, name)
        yield


@contextmanager
def idle_lock(engine: Engine, subject: str) -> Iterator[bool]:
    """As ``work_lock`` without waiting; ``False``, and no lock, while another process holds it."""
    create_lock_table(engine)
    with engine.begin() as connection:
        yield try_lock(engine, connection, f"work {subject}")
