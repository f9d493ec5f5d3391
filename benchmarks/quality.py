"""``python -m benchmarks.quality --rows 3000000``: everything that is counted in a staged batch.

Finding profile, facts of the score, and measures of drift, of a made-up batch in which every fifth
row has a finding: what ``check`` and ``score`` do besides Great Expectations.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import ibis
import ibis.expr.types as ir

from pipelines.batch import batch_date
from pipelines.engines.duck import connect
from pipelines.quality.drift import batch_measures
from pipelines.quality.measure import batch_facts
from pipelines.quality.profile import finding_profile
from pipelines.registry import load_sources
from pipelines.settings import load_settings

BATCH = "20260630"
SOURCE = "public_security__household_registration"
STAGED = """
SELECT 'k' || i AS source_key, 'a.csv' AS _file, i AS _line, '1101051949' || i AS citizen_id,
    'name' AS person_name, CAST(i % 2 + 1 AS VARCHAR) AS sex_code, '01' AS ethnicity_code,
    DATE '1980-01-01' AS birth_date, '10' AS marital_code, '420106' AS residence_region_code,
    'address' AS residence_address, TIMESTAMP '2026-01-01' AS changed_at,
    CAST(i % 2 + 1 AS VARCHAR) AS citizen_id_sex_code, DATE '1980-01-01' AS citizen_id_birth_date,
    CASE WHEN i % 5 = 0 THEN [{'column': 'citizen_id', 'rule': 'CHECK_DIGIT', 'severity': 'error',
        'value': 'x'}, {'column': 'sex_code', 'rule': 'UNKNOWN_CODE', 'severity': 'error',
        'value': 'x'}] ELSE [] END AS findings
FROM range(?) AS r(i)"""
QUARANTINE = """
SELECT 'b.csv' AS _file, i AS _line, CAST(NULL AS VARCHAR) AS source_key, findings,
    ['NO_KEY'] AS reasons, MAP {'XM': 'x'} AS record
FROM (SELECT i, CAST([] AS STRUCT("column" VARCHAR, "rule" VARCHAR, severity VARCHAR,
    "value" VARCHAR)[]) AS findings FROM range(100) AS r(i))"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=home)
        source = load_sources(settings)[SOURCE]
        con = connect(settings)
        staged = _table(con, Path(home) / "staged.parquet", STAGED, [rows])
        quarantined = _table(con, Path(home) / "quarantine.parquet", QUARANTINE, [])
        counted = {
            "finding profile": finding_profile(staged, quarantined, source),
            "facts of the score": batch_facts(staged, quarantined, source, batch_date(BATCH)),
            "measures of drift": batch_measures(staged, source),
        }
        for name, facts in counted.items():
            wall, cpu = perf_counter(), process_time()
            lines = con.to_pyarrow(facts).num_rows
            wall, cpu = perf_counter() - wall, process_time() - cpu
            print(f"{name:20} {rows:>9,} rows -> {lines:>3} lines  {wall:6.2f} s, CPU {cpu:6.2f} s")


def _table(con: ibis.BaseBackend, path: Path, sql: str, parameters: list[int]) -> ir.Table:
    con.con.execute(f"COPY ({sql}) TO '{path}'", parameters)
    return con.read_parquet(path)


if __name__ == "__main__":
    main()
