"""How the resolver grows: persons at a tenth of the scale and at the whole of it."""

from pathlib import Path

from benchmarks.identity.contest import Cost, contend
from benchmarks.identity.world import make_world
from benchmarks.machine import Machine

SECONDS_AT_MOST, PEAK_AT_MOST, TENFOLD_AT_MOST = 60, 4096, 12.0
GOALS_AT = 3_000_000


def scale_run(scale: int, seed: int, home: Path, machine: Machine) -> str:
    """Resolve ``scale // 10`` and ``scale`` person records; the table says time, CPU and peak."""
    costs = {size: _cost(size, seed, home) for size in (scale // 10, scale)}
    lines = [
        f"{machine.cores} cores, {machine.memory_gib} GiB; load before the run {machine.load}.",
        "",
        "| person records, about | seconds | CPU seconds | peak MiB |",
        "|--:|--:|--:|--:|",
    ]
    for size, cost in costs.items():
        lines.append(
            f"| {size:,} | {cost.seconds:,.1f} | {cost.cpu_seconds:,.1f} | {cost.peak_mib:,} |"
        )
    tenth, whole = costs.values()
    growth = whole.seconds / tenth.seconds
    lines += [
        "",
        f"Ten times the records take {growth:.1f} times the time "
        f"({whole.cpu_seconds / tenth.cpu_seconds:.1f} times the processor); wanted: at most "
        f"{TENFOLD_AT_MOST:g}. At {GOALS_AT:,} records at most {SECONDS_AT_MOST} s and "
        f"{PEAK_AT_MOST:,} MiB are wanted.",
    ]
    return "\n".join(lines)


def _cost(size: int, seed: int, home: Path) -> Cost:
    place = home / str(size)
    folder = make_world(place, "population", size, seed)
    return contend("baselib", folder, "population", place)[1]
