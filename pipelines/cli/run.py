"""``baselib run``: the whole job without Airflow."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines.batch import batch_date
from pipelines.cli.options import LIBRARY_HELP, Batch, Home, Sources, batch_of_today
from pipelines.cli.words import counted
from pipelines.contracts import load_sources
from pipelines.errors import ContractsRefused
from pipelines.flows.doctor import check_places
from pipelines.flows.library.lacks import what_was_lacking
from pipelines.flows.run import exit_code, run_libraries
from pipelines.flows.source.unchanged import what_was_equal
from pipelines.libraries import load_libraries, load_library
from pipelines.runtime.worker_pool import Announce
from pipelines.settings import load_settings
from pipelines.warehouse import migrate

STEPS_PER_SOURCE, STEPS_PER_LIBRARY = 6, 6


def run(
    libraries: Annotated[
        list[str] | None, typer.Argument(help=f"{LIBRARY_HELP} All if none.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", help="Only this source; may be repeated.")
    ] = None,
    sources: Sources = None,
    home: Home = None,
    batch: Batch = None,
) -> None:
    """Land, stage, check, track and report sources; resolve to publish and compare libraries."""
    settings = load_settings(home=home, sources=tuple(sources) if sources else None)
    chosen = [load_library(name) for name in libraries or load_libraries()]
    declared = load_sources(settings)
    for name in source or ():
        declared[name]  # says so where nothing declares it, or its contract is faulty
    names = {library.name for library in chosen}
    picked = [
        each
        for each in declared.values()
        if each.library in names and each.status == "active" and (not source or each.name in source)
    ]
    batch = batch or batch_of_today(settings)
    batch_date(batch)
    check_places(settings)
    migrate(settings)
    steps = STEPS_PER_SOURCE * len(picked) + STEPS_PER_LIBRARY * len(chosen) + 1
    with _progress(steps) as announce:
        outcome = run_libraries(settings, chosen, picked, batch, announce)
    if not source:
        for name, faults in declared.faulty.items():
            outcome.failures[name] = ContractsRefused(faults)
    for subject, failure in outcome.failures.items():
        message = str(failure)
        named = message if message.startswith(subject) else f"{subject}: {message}"
        sys.stderr.write(f"baselib: {named}\n")
    equal = what_was_equal(settings, [each.name for each in picked], batch)
    for sentence in (*equal, *what_was_lacking(settings, chosen, batch)):
        sys.stdout.write(f"{sentence}\n")
    sys.stdout.write(
        f"batch {batch}: {counted(len(picked), 'source', 'sources')}, "
        f"{counted(len(chosen), 'library', 'libraries')}, "
        f"{len(outcome.failures)} failed. `baselib status` shows what was built.\n"
    )
    raise typer.Exit(exit_code(outcome))


@contextmanager
def _progress(steps: int) -> Iterator[Announce]:
    """A bar on a terminal, nothing in a pipe."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed}/{task.total} {task.description}"))
    quiet = not console.is_terminal
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=quiet) as bar:
        job = bar.add_task("starting", total=steps)

        def announce(what: str) -> None:
            bar.update(job, description=what, advance=1)

        yield announce
