"""The whole job of baselib on a city, as ``baselib run`` does it."""

import os
from pathlib import Path
from time import perf_counter

from benchmarks.city import forget_runs, school_interface, settings_of
from benchmarks.cost import Measured, StageCost
from benchmarks.memory import watched
from pipelines.contracts import load_sources
from pipelines.demo.world.today import FIRST_BATCH
from pipelines.flows.run import run_libraries
from pipelines.libraries import Library, libraries_in_order, load_libraries
from pipelines.runtime.processor import cpu_seconds
from pipelines.settings import Settings
from pipelines.warehouse import (
    connect,
    migrate,
    read_batches,
    read_publications,
    read_timings,
    stop_embedded,
)


def run_ours(home: Path) -> Measured:
    """Run every source and library once, from the files to the mails and PostgreSQL.

    Not timed: starting PostgreSQL and making its empty tables, once in a server's life.
    """
    forget_runs(home)
    settings = settings_of(home)
    sources = list(load_sources(settings).values())
    libraries = libraries_in_order(load_libraries())
    migrate(settings)
    with school_interface(home), watched(os.getpid()) as peak:
        began, worked = perf_counter(), cpu_seconds()
        outcome = run_libraries(settings, libraries, sources, FIRST_BATCH, lambda _what: None)
        whole = StageCost(perf_counter() - began, cpu_seconds=cpu_seconds() - worked)
    if outcome.failures:
        failed = "; ".join(f"{subject}: {error}" for subject, error in outcome.failures.items())
        raise RuntimeError(f"Nothing to measure, for the run failed: {failed}")
    whole.peak_mib = peak.mib
    measured = _measured(settings, libraries, whole)
    stop_embedded(settings)
    return measured


def _measured(settings: Settings, libraries: list[Library], whole: StageCost) -> Measured:
    """Beside the whole, the seconds of each verb, as the run itself noted them."""
    warehouse = connect(settings)
    built = {library.name for library in libraries}
    stages: dict[str, StageCost] = {}
    for timing in read_timings(warehouse):
        stage = f"{timing.stage} (library)" if timing.subject in built else timing.stage
        cost = stages.setdefault(stage, StageCost())
        cost.seconds += timing.seconds
        cost.cpu_seconds += timing.cpu_seconds or 0.0
    records = sum(batch.landed or 0 for batch in read_batches(warehouse))
    published = {one.library: one.row_counts for one in read_publications(warehouse)}
    warehouse.dispose()
    entities = sum(published[one.name][one.entity] for one in libraries)
    return Measured(stages, records, entities, whole)
