"""The session of a verb: lake, engine and warehouse, open for as long as it runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from time import perf_counter

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pipelines.batch import CHINA
from pipelines.engines.duck import connect
from pipelines.lake import Lake, open_lake
from pipelines.runtime.private_home import make_private
from pipelines.runtime.processor import cpu_seconds
from pipelines.runtime.scratch import scratch_path
from pipelines.settings import Settings
from pipelines.warehouse import connect as connect_warehouse
from pipelines.warehouse import record_timing


@dataclass(frozen=True)
class Session:
    """Lake, engine and warehouse of one verb, with its settings."""

    settings: Settings
    lake: Lake
    con: Backend
    warehouse: Engine

    @contextmanager
    def scratch_file(self, rows: ir.Table) -> Iterator[Path]:
        """Compute ``rows`` once into a Parquet file that is gone after the block.

        A file and not a table in memory: a batch may be larger than the memory limit.
        """
        path = scratch_path(self.settings.scratch_dir, "rows", ".parquet")
        try:
            self.con.to_parquet(rows, path, compression="zstd", compression_level=1)
            yield path
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def materialised(self, rows: ir.Table) -> Iterator[ir.Table]:
        """Compute ``rows`` once, so that reading it twice costs little."""
        with self.scratch_file(rows) as path:
            yield self.con.read_parquet(path)

    @contextmanager
    def timed(self, subject: str, run: str, stage: str) -> Iterator[None]:
        """Record how long a verb took, whether or not it went well."""
        started, worked = perf_counter(), cpu_seconds()

        def note(*, is_done: bool) -> None:
            record_timing(
                self.warehouse,
                subject=subject,
                run=run,
                stage=stage,
                seconds=perf_counter() - started,
                cpu_seconds=cpu_seconds() - worked,
                is_done=is_done,
            )

        try:
            yield
        except BaseException:
            with suppress(SQLAlchemyError):  # a lost database must not hide what ended the verb
                note(is_done=False)
            raise
        note(is_done=True)


@contextmanager
def open_session(settings: Settings, *, keeps_sql: bool = False) -> Iterator[Session]:
    """Open lake, engine and warehouse; memory and connections are given back at the end.

    ``keeps_sql``: keep the SQL of expressions on disk; for verbs that name no record in them.
    """
    make_private(settings.home)
    with ExitStack() as opened:
        con = connect(settings, keeps_sql=keeps_sql)
        opened.callback(con.disconnect)
        warehouse = connect_warehouse(settings)
        opened.callback(warehouse.dispose)
        lake = open_lake(settings)
        opened.callback(lake.close)
        yield Session(settings, lake, con, warehouse)


def moment(settings: Settings) -> datetime:
    """Now; on a day that the settings call today, that day at noon in China."""
    if settings.today:
        return datetime.combine(settings.today, time(12), CHINA)
    return datetime.now(UTC)
