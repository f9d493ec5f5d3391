"""What a stage costs: seconds by the clock, and the peak memory of this process (Linux)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from pipelines.runtime.processor import cpu_seconds

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # proc(5): resets the peak resident set size to the current one


@dataclass
class StageCost:
    """Of one stage over all sources or libraries: seconds by the clock and of the processor, and
    the largest resident set in MiB.
    """

    seconds: float = 0.0
    peak_mib: int = 0
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class Measured:
    """What one contestant cost, and how much it did."""

    stages: dict[str, StageCost]
    records: int  # source records delivered
    entities: int  # golden records made
    # Of all of it, where stages went side by side: by the clock, and of all processes at a time.
    whole: StageCost | None = None

    @property
    def all(self) -> StageCost:
        """All stages together."""
        stages = self.stages.values()
        one_by_one = StageCost(
            sum(c.seconds for c in stages),
            max(c.peak_mib for c in stages),
            sum(c.cpu_seconds for c in stages),
        )
        return self.whole or one_by_one

    @property
    def seconds(self) -> float:
        """By the clock."""
        return self.all.seconds


@dataclass
class Meter:
    """Adds up what stages cost, in the order in which they first come."""

    stages: dict[str, StageCost] = field(default_factory=dict)
    _running: tuple[str, float, float] | None = None

    def begin(self, stage: str) -> None:
        """End what runs, and begin ``stage``, for the first time or again."""
        self.end()
        reset_peak()
        self._running = (stage, perf_counter(), cpu_seconds())

    def end(self) -> None:
        """End what runs, if anything does."""
        if self._running is None:
            return
        stage, began, worked = self._running
        cost = self.stages.setdefault(stage, StageCost())
        cost.seconds += perf_counter() - began
        cost.cpu_seconds += cpu_seconds() - worked
        cost.peak_mib = max(cost.peak_mib, peak_mib())
        self._running = None

    @contextmanager
    def stage(self, stage: str) -> Iterator[None]:
        """What happens inside is ``stage``."""
        self.begin(stage)
        yield
        self.end()


def reset_peak() -> None:
    """Begin a new measurement; where the kernel does not allow it the peak is of the whole run."""
    try:
        _CLEAR.write_text(_RESET_PEAK)
    except OSError:
        return


def peak_mib() -> int:
    """Largest resident set since ``reset_peak``, MiB."""
    lines = _STATUS.read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kib) // 1024
