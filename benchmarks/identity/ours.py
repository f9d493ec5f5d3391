"""This project's resolver, as a library run calls it."""

from pathlib import Path

import ibis

from benchmarks.identity.world import RECORDS
from pipelines.libraries import load_library
from pipelines.resolve import resolve

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
    question = getattr(found, "question", None)
    if question is not None:
        con.to_parquet(question, out / "question.parquet")
    if "probability" in record.columns:
        links = record.filter(record.probability.notnull(), record.linked_key.notnull())
        scored = links.select(
            "probability", left_source="source", left_key="source_key",
            right_source="linked_source", right_key="linked_key",
        )  # fmt: skip
        if question is not None:
            asked = question.filter(question.probability.notnull()).select(*scored.columns)
            scored = scored.union(asked, distinct=True)
        con.to_parquet(scored, out / "scored.parquet")
