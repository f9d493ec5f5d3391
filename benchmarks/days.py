"""``python -m benchmarks.days``: what a day costs on which everything, nothing or a little came.

Three days of one city, one after the other, by ``pipelines.flows.run`` and without Airflow: all
sources for the first time; the same deliveries once more; about one per cent of the household
register moved, corrected or new, with the new deaths and moves, and the others once more. Beside
the seconds of the clock stand those of the processor, of all processes and of the database server.
"""

import argparse
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil

from benchmarks.city import school_interface, settings_of
from benchmarks.machine import this_machine
from pipelines.batch import batch_date
from pipelines.contracts import load_sources
from pipelines.demo.generate import generate
from pipelines.demo.world.today import FIRST_BATCH
from pipelines.flows.run import run_libraries
from pipelines.libraries import libraries_in_order, load_libraries
from pipelines.runtime.processor import cpu_seconds
from pipelines.settings import Settings
from pipelines.warehouse import connect, migrate, read_publications, read_timings, stop_embedded


@dataclass(frozen=True)
class Day:
    """What one day cost, and what came of it."""

    what: str
    seconds: float
    cpu_seconds: float
    of_server: float
    steps: int
    publications: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.days", description=__doc__)
    parser.add_argument("--scale", type=int, default=2_000, help="persons of the city")
    persons = parser.parse_args().scale
    for name in [name for name in os.environ if name.startswith("BASELIB_")]:
        if name not in {"BASELIB_MEMORY_LIMIT", "BASELIB_THREADS", "BASELIB_JOBS"}:
            del os.environ[name]
    machine = this_machine()
    with TemporaryDirectory(prefix="baselib-bench-") as folder:
        Path(folder).chmod(0o711)  # for the user who runs PostgreSQL, where this is root
        home = Path(folder) / "home"
        days = _days(home, persons)
    size = f"{machine.cores} cores, {machine.memory_gib} GiB"
    print(f"{persons:,} persons. {size}; load before the run {machine.load}.\n")
    print("| day | seconds | CPU s | of them PostgreSQL | CPU ÷ first day | steps | publications |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for day in days:
        share = day.cpu_seconds / days[0].cpu_seconds
        print(
            f"| {day.what} | {day.seconds:,.1f} | {day.cpu_seconds:,.1f} | {day.of_server:,.1f} "
            f"| {share:.1%} | {day.steps} | {day.publications} |"
        )


def _days(home: Path, persons: int) -> list[Day]:
    first, second, third = (_batch(number) for number in range(3))
    deliveries = home / "demo"
    generate(deliveries, persons)
    _again(deliveries, first, second)
    settings = settings_of(home)
    migrate(settings)
    try:
        with school_interface(home):
            days = [
                _day("everything, the first time", settings, first),
                _day("the same once more", settings, second),
            ]
            generate(deliveries, persons, batch=third)
            _again(deliveries, first, third)
            return [*days, _day("one per cent changed", settings, third)]
    finally:
        stop_embedded(settings)


def _batch(days_later: int) -> str:
    return f"{batch_date(FIRST_BATCH) + timedelta(days=days_later):%Y%m%d}"


def _again(deliveries: Path, first: str, batch: str) -> None:
    """Deliver every file of the first batch under the name of another, where it has none."""
    for file in deliveries.rglob(f"*{first}*"):
        other = file.with_name(file.name.replace(first, batch))
        if not other.exists():
            shutil.copyfile(file, other)


def _day(what: str, settings: Settings, batch: str) -> Day:
    """Run everything as of the day of the batch."""
    today = settings.model_copy(update={"today": batch_date(batch)})
    sources = list(load_sources(today).values())
    libraries = libraries_in_order(load_libraries())
    began, worked, served = perf_counter(), cpu_seconds(), _server_seconds(settings)
    outcome = run_libraries(today, libraries, sources, batch, lambda _what: None)
    seconds, worked = perf_counter() - began, cpu_seconds() - worked
    if outcome.failures:
        failed = "; ".join(f"{subject}: {error}" for subject, error in outcome.failures.items())
        raise RuntimeError(f"Nothing to measure, for the run failed: {failed}")
    served = _server_seconds(settings) - served
    warehouse = connect(settings)
    steps = len(read_timings(warehouse, batch))
    published = sum(each.run == batch for each in read_publications(warehouse))
    warehouse.dispose()
    return Day(what, seconds, worked + served, served, steps, published)


def _server_seconds(settings: Settings) -> float:
    """What the embedded server and its processes have used, those that have ended among them."""
    file = settings.home / "postgres" / "data" / "postmaster.pid"
    server = psutil.Process(int(file.read_text(encoding="ascii").split()[0]))
    ended = server.cpu_times()
    used = ended.user + ended.system + ended.children_user + ended.children_system
    for each in server.children():
        times = each.cpu_times()
        used += times.user + times.system
    return used


if __name__ == "__main__":
    main()
