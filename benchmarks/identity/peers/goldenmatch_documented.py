"""GoldenMatch as its documentation recommends, in an environment that has nothing of the project.

Given the pipeline's clean columns: placeholders are NULL, names are matching keys. The
configuration is the template of its documentation (an exact key, and a weighted one with
Jaro-Winkler at 0.85) with this data's columns, blocked in several passes, and with its negative
evidence, at its own default, for two different numbers. That is the best of what its documentation
offers here: without the negative evidence precision is far worse, with its probabilistic key worse
still, and its zero-configuration run takes soundex of names, which is empty for Chinese.

Usage: goldenmatch_documented.py FOLDER LIBRARY OUT
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("GOLDENMATCH_AUTOCONFIG_MEMORY", "0")

import goldenmatch as gm
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from goldenmatch.config.schemas import (
    BlockingConfig,
    BlockingKeyConfig,
    GoldenMatchConfig,
    MatchkeyConfig,
    MatchkeyField,
    NegativeEvidenceField,
)

COLUMNS = {
    "population": {
        "person_name": ("person_name_key", "person_name"),
        "birth_date": ("birth_date", "citizen_id_birth_date"),
        "citizen_id": ("citizen_id",),
        "sex_code": ("sex_code", "citizen_id_sex_code"),
        "mobile": ("mobile",),
        "residence_address": ("residence_address",),
    },
    "legal_entity": {
        "organization_name": ("organization_name_key", "organization_name"),
        "uscc": ("uscc",),
        "organization_code": ("organization_code", "uscc_organization_code"),
        "registration_number": ("registration_number",),
        "legal_representative_name": ("legal_representative_name",),
        "region_code": ("region_code",),
        "phone": ("phone",),
        "registered_address": ("registered_address",),
    },
}
EXACT = {
    "population": ["citizen_id"],
    "legal_entity": ["uscc", "organization_code", "registration_number"],
}
WEIGHTED = {
    "population": [
        ("person_name", "jaro_winkler", 0.4),
        ("birth_date", "levenshtein", 0.3),
        ("mobile", "exact", 0.15),
        ("residence_address", "jaro_winkler", 0.15),
    ],
    "legal_entity": [
        ("organization_name", "jaro_winkler", 0.5),
        ("legal_representative_name", "jaro_winkler", 0.2),
        ("registered_address", "jaro_winkler", 0.15),
        ("phone", "exact", 0.15),
    ],
}
BLOCKS = {
    "population": [["birth_date"], ["person_name"], ["mobile"]],
    "legal_entity": [["organization_name"], ["phone"], ["legal_representative_name"]],
}
AGAINST = {"population": "citizen_id", "legal_entity": "uscc"}
THRESHOLD = 0.85  # of the documentation's template
PENALTY, DIFFERENT = 0.3, 0.4  # what its auto-configuration gives negative evidence


def config(library: str) -> GoldenMatchConfig:
    """The documentation's template with this data's columns."""
    keys = [
        MatchkeyConfig(name=f"exact_{c}", type="exact", fields=[MatchkeyField(field=c)])
        for c in EXACT[library]
    ]
    fields = [MatchkeyField(field=f, scorer=s, weight=w) for f, s, w in WEIGHTED[library]]
    other_number = NegativeEvidenceField(
        field=AGAINST[library], scorer="exact", threshold=DIFFERENT, penalty=PENALTY
    )
    weighted = MatchkeyConfig(
        name="weighted",
        type="weighted",
        threshold=THRESHOLD,
        fields=fields,
        negative_evidence=[other_number],
    )
    keys.append(weighted)
    passes = [BlockingKeyConfig(fields=block) for block in BLOCKS[library]]
    return GoldenMatchConfig(
        matchkeys=keys,
        blocking=BlockingConfig(strategy="multi_pass", passes=passes, skip_oversized=True),
    )


def main(folder: str, library: str, out: str) -> None:
    """Match, and write the answer and what it cost."""
    records = pq.read_table(Path(folder) / "records.parquet")
    clean = {name: _first(records, options) for name, options in COLUMNS[library].items()}
    began, cpu = time.perf_counter(), _processor_seconds()
    result = gm.dedupe_df(pa.table(clean), config=config(library), confidence_required=False)
    cluster = list(range(len(records)))
    for members in (one["members"] for one in result.clusters.values()):
        for member in members:
            cluster[member] = min(members)
    cost = {"seconds": time.perf_counter() - began, "cpu_seconds": _processor_seconds() - cpu}
    answer = records.select(["source", "source_key"]).append_column("cluster", pa.array(cluster))
    pq.write_table(answer, Path(out) / "answer.parquet")
    (Path(out) / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


def _first(records: pa.Table, options: tuple[str, ...]) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    known = [records[name].cast(pa.string()) for name in options]
    return known[0] if len(known) == 1 else pc.coalesce(*known)


def _processor_seconds() -> float:
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main(*sys.argv[1:])
