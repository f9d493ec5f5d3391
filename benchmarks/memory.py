"""Peak memory of a process and its children, sampled while they work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_SAMPLE = 0.1  # seconds between two looks


@dataclass
class Peak:
    """The largest sum of resident sets that was seen, MiB. What they share counts for each."""

    mib: int = 0


@contextmanager
def watched(pid: int) -> Iterator[Peak]:
    """Watch a process and its children, theirs too, for as long as the block lasts."""
    peak, done = Peak(), threading.Event()

    def look() -> None:
        mother = psutil.Process(pid)
        while not done.is_set():
            peak.mib = max(peak.mib, _resident(mother) // 2**20)
            done.wait(_SAMPLE)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _resident(mother: psutil.Process) -> int:
    total = 0
    try:
        family = [mother, *mother.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total
