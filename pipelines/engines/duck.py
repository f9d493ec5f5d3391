"""DuckDB behind Ibis: the engine of one machine, held to the memory and threads of the settings."""

from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from pipelines.engines import kept_sql
from pipelines.engines.kept_sql import writers
from pipelines.engines.statements import StatementStore
from pipelines.runtime.scratch import scratch_path, sweep
from pipelines.settings import Settings


def connect(settings: Settings, *, keeps_sql: bool = False) -> Backend:
    """A new in-memory DuckDB. What does not fit in memory spills under ``settings.scratch_dir``.

    Extensions are never downloaded: a site without internet behaves as every other.

    Args:
        settings: Memory and threads, and the folders of the site.
        keeps_sql: Keep the SQL of its expressions on disk, too; not of one that names a record.
    """
    store = StatementStore(settings.cache_dir / "sql", writers()) if keeps_sql else None
    con = kept_sql.connect(store, **duck_config(settings))
    # A bar in a log is noise, and on a terminal there is one of our own. No option of the
    # database but of the connection, so that it cannot stand in the configuration.
    con.con.execute("SET enable_progress_bar = false")
    return con


def arrow_reader(con: Backend, rows: ir.Table, batch_size: int) -> pa.RecordBatchReader:
    """``rows`` as a stream of Arrow batches.

    Ibis 12's own ``to_pyarrow_batches`` asks DuckDB 2 for a method that it no longer has.
    """
    return con.con.sql(con.compile(rows)).to_arrow_reader(batch_size)


def duck_config(settings: Settings) -> dict[str, Any]:
    """DuckDB's own options for these settings, for whoever opens a DuckDB without Ibis."""
    return {
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(_spill_dir(settings.scratch_dir)),
        "autoinstall_known_extensions": False,
        "allow_community_extensions": False,
    }


def _spill_dir(scratch: Path) -> Path:
    """A folder that DuckDB makes on its first spill; what dead processes left is removed."""
    sweep(scratch)
    return scratch_path(scratch, "duck")
