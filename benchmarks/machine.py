"""The machine that was measured on: cores, memory, load and Python."""

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """Size and state of this machine."""

    cores: int  # that this process may use
    memory_gib: float
    load: float  # runnable processes, mean of the minute before: other work slows everything
    python: str


def this_machine() -> Machine:
    """This machine now."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(pages / 2**30, 1),
        load=round(os.getloadavg()[0], 1),
        python=platform.python_version(),
    )
