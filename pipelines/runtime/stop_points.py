"""Stop points: places before and after a commit at which a test can end or hold this process.

Without ``BASELIB_STOP_AT`` in the environment, which only the fault-injection suite sets, they do
nothing. See docs/robustness.md.
"""

import os
import signal
import time
from pathlib import Path

STOP_AT = "BASELIB_STOP_AT"  # name of the point
HOLD_AT = "BASELIB_HOLD_IN"  # folder: tell there that the point is reached, go on when told


def stop_point(name: str) -> None:
    """End this process as ``kill -9`` would, or hold it, if the environment names this point."""
    if os.environ.get(STOP_AT) != name:
        return
    if folder := os.environ.get(HOLD_AT):
        _hold(Path(folder))
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def _hold(folder: Path) -> None:
    """Once per folder: who comes a second time, in a repeated attempt say, is not held again."""
    reached, go = folder / "reached", folder / "go"
    if reached.exists():
        return
    reached.touch()
    while not go.exists():
        time.sleep(0.05)
