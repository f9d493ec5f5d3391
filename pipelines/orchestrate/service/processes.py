"""Long-lived child processes that are found again: by a file, also after a ``kill -9``.

A process id alone proves nothing, since ids are used again; with the moment of its creation it
does.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

PATIENCE = 15.0  # seconds between the request to end and the order; Airflow's processes take 2-5
# Seconds. The kernel tells when a process began by the moment of the boot, and that moment moves by
# a second now and then as the clock is corrected; ids do not come round again as fast as this.
_SAME_MOMENT = 10.0


@dataclass(frozen=True)
class Started:
    """A process that we started: enough to find it, and only it, again."""

    name: str
    pid: int
    created: float

    @property
    def process(self) -> psutil.Process | None:
        """The process, if it still lives."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid)
            if self._is(found) and found.status() != psutil.STATUS_ZOMBIE:
                return found
        return None

    @property
    def owns_its_id(self) -> bool:
        """Whether the process id is still that of this process, dead or alive, and of no other.

        While a session has members its id is not given to others: where this holds, every member
        of the session is a descendant of ours.
        """
        try:
            return self._is(psutil.Process(self.pid))
        except psutil.NoSuchProcess:
            return True

    def _is(self, found: psutil.Process) -> bool:
        return abs(found.create_time() - self.created) < _SAME_MOMENT


def start(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Started:
    """Start ``command`` in a session of its own, both outputs going to the end of ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Started(name, child.pid, psutil.Process(child.pid).create_time())


def stop(started: Iterable[Started], patience: float = PATIENCE) -> None:
    """End processes and everything that they started, at first politely. Safe to repeat.

    Descendants are looked for by session as well as by parent: the tasks of a scheduler that was
    killed have lost their parent, keep its session, and may still be writing.
    """
    family = _family(started)
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(family, timeout=patience)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=PATIENCE)


def _family(started: Iterable[Started]) -> list[psutil.Process]:
    ours = {one.pid for one in started if one.owns_its_id}
    return [process for process in psutil.process_iter() if _session(process.pid) in ours]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return -1


def remember(file: Path, started: Sequence[Started], **facts: object) -> None:
    """Write down what runs, so that a later command can find and stop it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    state = {"processes": [asdict(one) for one in started], "since": time.time(), **facts}
    draft.write_text(json.dumps(state, indent=1), encoding="utf-8")
    draft.replace(file)


def recall(file: Path) -> tuple[list[Started], Mapping[str, object]]:
    """What ``remember`` wrote last: the processes, and the facts beside them; empty if nothing."""
    try:
        state = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return [], {}
    return [Started(**one) for one in state.pop("processes")], state
