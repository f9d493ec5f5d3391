"""Keep one component of Airflow running.

    python -m pipelines.orchestrate.service.keeper COMMAND…

Scheduler and DAG processor end when the database goes away, as containers are meant to; without a
container somebody must start them again. Only the standard library and psutil, for it lives long.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import psutil

_COMES_UP = 60.0  # seconds; what ends sooner the first time is wrong and not unlucky
_LONGEST_PAUSE = 60.0  # seconds between two starts; a database that comes back is found within it
_WELL_AGAIN = 300.0  # seconds after which an end counts as the first one again
_PATIENCE = 10.0  # seconds that orphans of a dead component have to end


class _Told(Exception):
    """Somebody told the keeper to end."""


def keep(command: Sequence[str], prepare: Callable[[], None]) -> int:
    """Run ``command``, again and again, until this process is told to end; answers an exit code.

    Args:
        command: What to run, in the session of this process.
        prepare: Called before every start but the first.
    """
    signal.signal(signal.SIGTERM, _tell)
    pause, first = 1.0, True
    child: subprocess.Popen[bytes] | None = None
    try:
        while True:
            began = time.monotonic()
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
            code = child.wait()
            lived = time.monotonic() - began
            if first and code and lived < _COMES_UP:
                return code
            first, pause = False, 1.0 if lived > _WELL_AGAIN else pause
            _say(f"{' '.join(command[1:])} ended with {code}; again in {pause:.0f} s")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            _end_orphans()
            prepare()
    except _Told:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if child is not None and child.poll() is None:
            child.terminate()
            child.wait()
        return 0


def start_database() -> None:
    """The embedded server of this home, if that is where the database is and it has ended."""
    with suppress(OSError):
        subprocess.run(
            [sys.executable, "-m", "pipelines", "db", "url"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the URL may have a password in it
            check=False,
        )


def _tell(*_: object) -> None:
    raise _Told


def _say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} keeper: {what}\n")
    sys.stderr.flush()


def _end_orphans() -> None:
    """Tasks of a killed scheduler may still write; they are started again by the next one."""
    session, others = os.getsid(0), []
    for process in psutil.process_iter():
        with suppress(OSError):
            if process.pid != os.getpid() and os.getsid(process.pid) == session:
                others.append(process)
    for process in others:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(others, timeout=_PATIENCE)[1]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:], start_database))
