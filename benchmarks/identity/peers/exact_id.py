"""Grouping by the valid number alone: what a library without matching would do."""

from pathlib import Path

import duckdb

from benchmarks.identity.world.build import RECORDS
from pipelines.libraries import load_library


def run(folder: Path, library: str, out: Path) -> None:
    """One cluster per valid number; everybody without one is alone."""
    number = load_library(library).identity.strong
    duckdb.connect().execute(
        f"""COPY (
            SELECT source, source_key,
                   coalesce({number}, source || ' ' || source_key) AS cluster
            FROM read_parquet($records)
        ) TO '{out / "answer.parquet"}'""",
        {"records": str(folder / RECORDS)},
    )
