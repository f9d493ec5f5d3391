"""One writer at a time per table, across processes: a PostgreSQL advisory lock."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text


@contextmanager
def table_lock(engine: Engine, table: str) -> Iterator[None]:
    """Hold the lock of ``table`` until the block ends, or the process dies.

    Iceberg's own answer to two writers is that one of them fails and tries again; waiting a few
    hundredths of a second is kinder when fifteen tasks start together.
    """
    take = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
    with engine.begin() as connection:
        connection.execute(take, {"name": f"baselib lake {table}"})
        yield
