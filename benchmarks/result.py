"""Result of a benchmark: everything measured, and the ratios that are wanted."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.cost import Measured, StageCost
from benchmarks.machine import Machine

FLOOR_AT_MOST, PLAIN_AT_LEAST, PEAK_AT_MOST, TENFOLD_AT_MOST = 5.0, 6.0, 8192, 11.0
PLAIN_AT_LEAST_SMALL = 2.0  # with fewer persons, where fixed costs weigh more
GOALS_AT = 1_000_000  # persons; elsewhere the goals are shown for orientation


@dataclass(frozen=True)
class Result:
    """One run of all three."""

    persons: int
    machine: Machine
    ours: Measured
    floor: Measured
    plain: Mapping[int, Measured]  # persons to what was measured there, smallest first
    tenth_seconds: float | None  # ours at a tenth of the persons, where that has been measured

    @property
    def plain_here(self) -> Measured:
        """The plain stack at this size: measured, or else extrapolated."""
        if self.persons in self.plain:
            return self.plain[self.persons]
        least, most = self.plain.values()
        return extrapolate(least, most, self.ours.records)


def extrapolate(least: Measured, most: Measured, records: int) -> Measured:
    """What ``most`` would cost with that many records.

    Each stage goes on along the straight line through both, so that fixed costs count once. What
    grows faster than its records (sorting, pairs, memory) counts in favour of the plain stack.
    """

    def further(here: float, there: float) -> float:
        slope = max(0.0, here - there) / (most.records - least.records)
        return here + slope * (records - most.records)

    def cost(stage: str) -> StageCost:
        here, there = most.stages[stage], least.stages[stage]
        return StageCost(
            further(here.seconds, there.seconds),
            cpu_seconds=further(here.cpu_seconds, there.cpu_seconds),
        )

    entities = round(most.entities * records / most.records)
    return Measured({stage: cost(stage) for stage in most.stages}, records, entities)


def write_result(result: Result, folder: Path) -> Path:
    """``<persons>.json`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.persons}.json"
    file.write_text(json.dumps(asdict(result), indent=1, ensure_ascii=False), encoding="utf-8")
    return file


def seconds_at(folder: Path, persons: int) -> float | None:
    """What ours took with that many persons, where a result is kept."""
    file = folder / f"{persons}.json"
    if not file.exists():
        return None
    return float(json.loads(file.read_text(encoding="utf-8"))["ours"]["whole"]["seconds"])


def as_markdown(result: Result) -> str:
    """The tables of README.md."""
    machine, ours = result.machine, result.ours
    parts = [
        f"{result.persons:,} persons, {ours.records:,} source records, {ours.entities:,} golden "
        f"records. {machine.cores} cores, {machine.memory_gib} GiB, Python {machine.python}; "
        f"load before the run {machine.load}.",
        _stages("baselib", ours),
        _stages("floor", result.floor),
    ]
    parts += [_stages(f"plain stack, {n:,} persons", it) for n, it in result.plain.items()]
    if result.persons not in result.plain:
        parts.append(_stages(f"plain stack, extrapolated to {result.persons:,}", result.plain_here))
    return "\n\n".join([*parts, _goals(result)])


def _stages(title: str, measured: Measured) -> str:
    rows = [*measured.stages.items(), ("**all**", measured.all)]
    lines = [f"| {title} | seconds | CPU s | records/s | peak MiB |", "|---|--:|--:|--:|--:|"]
    for name, cost in rows:
        speed = f"{measured.records / cost.seconds:,.0f}" if cost.seconds else "–"
        peak = f"{cost.peak_mib:,}" if cost.peak_mib else "–"
        worked = f"{cost.cpu_seconds:,.1f}" if cost.cpu_seconds else "–"
        lines.append(f"| {name} | {cost.seconds:,.1f} | {worked} | {speed} | {peak} |")
    return "\n".join(lines)


def _goals(result: Result) -> str:
    ours = result.ours.seconds
    to_floor, from_plain = ours / result.floor.seconds, result.plain_here.seconds / ours
    peak = result.ours.all.peak_mib
    plain_goal = PLAIN_AT_LEAST if result.persons >= GOALS_AT else PLAIN_AT_LEAST_SMALL
    rows = [
        ("baselib ÷ floor", f"{to_floor:.2f}", f"≤ {FLOOR_AT_MOST:g}", to_floor <= FLOOR_AT_MOST),
        (
            "plain stack ÷ baselib",
            f"{from_plain:.2f}",
            f"≥ {plain_goal:g}",
            from_plain >= plain_goal,
        ),
        ("peak MiB", f"{peak:,}", f"≤ {PEAK_AT_MOST:,}", peak <= PEAK_AT_MOST),
    ]
    if result.tenth_seconds:
        growth = ours / result.tenth_seconds
        name = f"time ÷ that of {result.persons // 10:,} persons"
        rows.append((name, f"{growth:.1f}", f"≤ {TENFOLD_AT_MOST:g}", growth <= TENFOLD_AT_MOST))
    note = "" if result.persons == GOALS_AT else f" (set for {GOALS_AT:,} persons)"
    lines = [f"| | here | wanted{note} | |", "|---|--:|--:|---|"]
    lines += [f"| {name} | {got} | {goal} | {_met(ok)} |" for name, got, goal, ok in rows]
    return "\n".join(lines)


def _met(is_met: bool) -> str:
    return "met" if is_met else "not met"
