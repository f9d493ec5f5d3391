"""This project's resolver, as a library run calls it."""

from pathlib import Path

import ibis
import pypinyin  # noqa: F401
import splink  # noqa: F401  (imported before the clock starts, as for everybody)

from benchmarks.identity.world.build import RECORDS
from pipelines.identity import resolve
from pipelines.libraries import load_library

KEY = "benchmark-of-identity-not-a-secret"
MEMORY, THREADS = "3GB", 2


def run(folder: Path, library: str, out: Path) -> None:
    """Resolve the records of ``folder`` and write ``answer``, ``question`` and ``scored`` there."""
    con = ibis.duckdb.connect(
        memory_limit=MEMORY, threads=THREADS, temp_directory=str(out / "spill")
    )
    records = con.read_parquet(folder / RECORDS)
    found = resolve(con, records, load_library(library), key=KEY, run="benchmark")
    record = found.record
    answer = record.select(
        "source", "source_key", "rule", "linked_source", "linked_key", cluster="entity_id"
    )
    con.to_parquet(answer, out / "answer.parquet")
    question = found.question
    con.to_parquet(question, out / "question.parquet")
    links = record.filter(record.probability.notnull(), record.linked_key.notnull())
    pairs = {"left_source": "source", "left_key": "source_key"}
    pairs |= {"right_source": "linked_source", "right_key": "linked_key"}
    linked = links.select("probability", **pairs)
    asked = question.filter(question.probability.notnull()).select("probability", *pairs)
    con.to_parquet(linked.union(asked, distinct=True), out / "scored.parquet")
