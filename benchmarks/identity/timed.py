"""How the resolver grows: persons at a tenth of the scale and at the whole of it, beside Splink."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.identity.contest import Cost, contend
from benchmarks.identity.world.build import make_world
from benchmarks.machine import Machine

SECONDS_AT_MOST, PEAK_AT_MOST, TENFOLD_AT_MOST = 60, 4096, 12.0
GOALS_AT = 3_000_000
OURS, PEER = "baselib", "Splink 5, its defaults"


def scale_run(scale: int, seed: int, home: Path, machine: Machine) -> str:
    """Resolve ``scale // 10`` and ``scale`` person records; the table says time, CPU and peak."""
    costs = {
        who: {size: _cost(who, size, seed, home) for size in (scale // 10, scale)}
        for who in (OURS, PEER)
    }
    tenth, whole = costs[OURS].values()
    return "\n".join(
        [
            f"{machine.cores} cores, {machine.memory_gib} GiB, Python {machine.python}; load "
            f"before the run {machine.load}.",
            "",
            *_table(costs),
            "",
            f"Ten times the records take {whole.seconds / tenth.seconds:.1f} times the time "
            f"({whole.cpu_seconds / tenth.cpu_seconds:.1f} times the processor); wanted: at most "
            f"{TENFOLD_AT_MOST:g}. At {GOALS_AT:,} records at most {SECONDS_AT_MOST} s and "
            f"{PEAK_AT_MOST:,} MiB are wanted.",
        ]
    )


def _table(costs: Mapping[str, Mapping[int, Cost]]) -> list[str]:
    head = [
        "| | person records, about | seconds | CPU seconds | peak MiB |",
        "|---|--:|--:|--:|--:|",
    ]
    return head + [
        f"| {who} | {size:,} | {cost.seconds:,.1f} | {cost.cpu_seconds:,.1f} | {cost.peak_mib:,} |"
        for who, sizes in costs.items()
        for size, cost in sizes.items()
    ]


def _cost(contestant: str, size: int, seed: int, home: Path) -> Cost:
    place = home / str(size)
    folder = make_world(place, "population", size, seed)
    return contend(contestant, folder, "population", place)[1]
