"""The whole job of baselib on a city, stage by stage, in one process."""

from pathlib import Path

from benchmarks.city import forget_runs, school_interface, settings_of
from benchmarks.cost import Measured, Meter
from pipelines.demo.people import FIRST_BATCH
from pipelines.flows.run import run_libraries
from pipelines.libraries import Library, libraries_in_order, load_libraries
from pipelines.registry import load_sources
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate, read_batches, read_publications, stop_embedded


def run_ours(home: Path) -> Measured:
    """Run every source and library once, from the files to the mails and PostgreSQL.

    Not timed: starting PostgreSQL and making its empty tables, once in a server's life.
    """
    forget_runs(home)
    settings = settings_of(home)
    sources = list(load_sources(settings).values())
    libraries = libraries_in_order(load_libraries())
    migrate(settings)
    meter = Meter()
    with school_interface(home):
        outcome = run_libraries(
            settings, libraries, sources, FIRST_BATCH, lambda what: meter.begin(what.split()[0])
        )
        meter.end()
    if outcome.failures:
        failed = "; ".join(f"{subject}: {error}" for subject, error in outcome.failures.items())
        raise RuntimeError(f"Nothing to measure, for the run failed: {failed}")
    records, entities = _count(settings, libraries)
    stop_embedded(settings)
    return Measured(meter.stages, records, entities)


def _count(settings: Settings, libraries: list[Library]) -> tuple[int, int]:
    """Records landed, and entities published."""
    warehouse = connect(settings)
    records = sum(batch.landed or 0 for batch in read_batches(warehouse))
    published = {one.library: one.row_counts for one in read_publications(warehouse)}
    warehouse.dispose()
    return records, sum(published[one.name][one.entity] for one in libraries)
