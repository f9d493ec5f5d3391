"""``python -m benchmarks.reports``: how long it takes to build reports, and one that is very large.

Twelve of the project's sources get two batches whose findings are made up, straight into the lake;
then ``report`` builds the mail of the second batch of each: sheets, charts, HTML and text. No mail
is sent. Imports are within the time, as ``baselib run`` has them once.
"""

import argparse
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time

import ibis
import ibis.expr.types as ir

from benchmarks.machine import this_machine
from pipelines.clean.parsing.findings import FINDING_TYPE
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.flows.shared.session import open_session
from pipelines.settings import Settings, load_settings
from pipelines.standards.rules import load_rules
from pipelines.warehouse import (
    FindingCount,
    migrate,
    record_batch,
    record_findings,
    stop_embedded,
)

BATCHES = ("20260629", "20260630")
GOAL_SECONDS = 30


def main() -> None:
    """Measure and print."""
    given = _options()
    with tempfile.TemporaryDirectory(prefix="baselib-reports-") as folder:
        settings = load_settings(home=Path(folder))
        migrate(settings)
        try:
            sources = list(load_sources(settings).values())[: given.sources]
            for source in sources:
                for batch in BATCHES:
                    _write_batch(settings, source, batch, given.rows, given.every)
            print(_heading(given))
            print(_row(f"{len(sources)} reports", *_timed(settings, sources), GOAL_SECONDS))
            if given.large:
                _write_batch(settings, sources[0], "20260701", given.large, 1)
                name = f"1 report of {given.large:,} bad rows"
                print(_row(name, *_timed(settings, sources[:1], "20260701"), None))
        finally:
            stop_embedded(settings)


def _timed(
    settings: Settings, sources: Sequence[Source], batch: str = BATCHES[-1]
) -> tuple[float, float, int, int]:
    """Seconds by the clock and of the processor, bad rows listed, peak memory (MiB)."""
    started, worked = perf_counter(), process_time()
    from pipelines.flows.source.report.write import (
        report,  # within the time: drawing is heavy to load
    )

    listed = sum(report(settings, source, batch).bad_rows for source in sources)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return perf_counter() - started, process_time() - worked, listed, peak


def _write_batch(settings: Settings, source: Source, batch: str, rows: int, every: int) -> None:
    """``rows`` records of which each ``every``-th has one finding, in turn of column and rule."""
    rules = [rule.code for rule in load_rules().values() if rule.severity != "info"][:25]
    columns = [column.name for column in source.columns if column.element]
    with open_session(settings) as session:
        staged = _staged(rows, every, columns, rules)
        write = session.lake.write
        write(
            session.con, staged, f"staged.{source.name}", batch=batch, order_by=("_file", "_line")
        )
        aside = staged.filter(ibis.literal(False)).mutate(
            reasons=ibis.null("array<string>"),
            record=ibis.null("map<string, string>"),
        )
        write(session.con, aside, f"quarantine.{source.name}", batch=batch)
        finding = staged.select(finding=staged.findings.unnest()).finding
        counted = finding.as_table().group_by(
            column=lambda t: t.finding["column"],
            rule=lambda t: t.finding["rule"],
            severity=lambda t: t.finding["severity"],
        )
        counts = session.con.to_pyarrow(counted.agg(rows=lambda t: t.count())).to_pylist()
        about = {"source": source.name, "batch": batch}
        numbers = {"landed": rows, "staged": rows, "superseded": 0, "quarantined": 0}
        record_batch(session.warehouse, **about, library=source.library, **numbers)
        found = [
            FindingCount(each["column"], each["column"], each["rule"], "error", each["rows"])
            for each in counts
        ]
        record_findings(session.warehouse, **about, counts=found)


def _staged(rows: int, every: int, columns: Sequence[str], rules: Sequence[str]) -> ir.Table:
    number = ibis.range(rows).unnest().name("n").as_table().n
    turn = number // every
    finding = ibis.struct(
        {
            "column": ibis.array(list(columns))[turn % len(columns)],
            "rule": ibis.array(list(rules))[turn % len(rules)],
            "severity": ibis.literal("error"),
            "value": (number * 7919 % 1_000_003).cast("string"),
        }
    ).cast(FINDING_TYPE)
    none = ibis.literal([], type=f"array<{FINDING_TYPE}>")
    return number.as_table().select(
        _file=ibis.literal("delivery.csv"),
        _line=number + 2,
        source_key=ibis.literal("K") + number.cast("string"),
        findings=ibis.ifelse(number % every == 0, ibis.array([finding]), none),
    )


def _heading(given: argparse.Namespace) -> str:
    machine = this_machine()
    return (
        f"{given.rows:,} records a source, one in {given.every} with a finding. "
        f"{machine.cores} cores, {machine.memory_gib} GiB, Python {machine.python}; load before "
        f"the run {machine.load}.\n\n"
        "| | seconds | processor seconds | bad rows | peak MiB | goal (seconds) |\n"
        "|---|--:|--:|--:|--:|--:|"
    )


def _row(name: str, seconds: float, worked: float, listed: int, peak: int, goal: int | None) -> str:
    return f"| {name} | {seconds:.1f} | {worked:.1f} | {listed:,} | {peak:,} | {goal or '—'} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports", description=__doc__)
    parser.add_argument("--sources", type=int, default=12)
    parser.add_argument("--rows", type=int, default=100_000, help="records of a source")
    parser.add_argument("--every", type=int, default=200, help="one record in so many is bad")
    parser.add_argument("--large", type=int, default=0, help="bad rows of one very large report")
    return parser.parse_args()


if __name__ == "__main__":
    main()
