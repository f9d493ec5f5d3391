"""The session of a verb: lake, engine and warehouse, open for as long as it runs."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from time import perf_counter
from uuid import uuid4

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pipelines.batch import CHINA
from pipelines.engines.duck import connect
from pipelines.lake import Lake, open_lake
from pipelines.runtime.private_home import make_private
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
        started = perf_counter()

        def note() -> None:
            seconds = perf_counter() - started
            record_timing(self.warehouse, subject=subject, run=run, stage=stage, seconds=seconds)

        try:
            yield
        except BaseException:
            with suppress(SQLAlchemyError):  # a lost database must not hide what ended the verb
                note()
            raise
        note()


@contextmanager
def open_session(settings: Settings) -> Iterator[Session]:
    """Open lake, engine and warehouse; memory and connections are given back at the end."""
    make_private(settings.home)
    with ExitStack() as opened:
        con = connect(settings)
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


def identity_key(settings: Settings) -> str:
    """The site's secret that makes entity ids impossible to guess; made once, kept in the home.

    Losing it does not change an id that was minted, only those minted afterwards.
    """
    path = settings.home / "identity.key"
    make_private(settings.home)
    if not path.exists():
        _create_once(path, secrets.token_hex(32))
    return path.read_text(encoding="ascii")


def _create_once(path: Path, content: str) -> None:
    """Of several processes that try at once, one wins and nobody reads half a file."""
    draft = path.with_name(f"{path.name}.{uuid4().hex}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
