"""Read a delivery in a process of its own, with a bound on its memory.

Workbooks, archives and web pages are made by programs that nobody here knows, and their readers are
partly native code. What makes one of them crash, or eat the memory, must end with a sentence about
one source and not with the run: so the reader is another process, which this one outlives.
"""

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.limits import Limits

_PROJECT = Path(__file__).resolve().parents[2]
_OUT_OF_MEMORY = 87  # the exit code that says so; the usual ones are taken
_GIB = 1 << 30


@dataclass(frozen=True)
class ReaderJob:
    """What ``read_landed`` is called with."""

    source: Source
    batch: str
    folder: Path
    scratch: Path
    stem: str
    limits: Limits


def read_apart(job: ReaderJob) -> object:
    """What ``read_landed`` returns, or raises, in another process.

    Raises:
        UnreadableDelivery: the reader crashed, was killed or needs more memory than it may have.
    """
    with TemporaryDirectory(dir=_made(job.scratch), prefix="reader-") as folder:
        asked, answered = Path(folder, "job"), Path(folder, "outcome")
        asked.write_bytes(pickle.dumps(job))
        code = _run([sys.executable, "-m", __name__, str(asked), str(answered)])
        if code == 0:
            outcome = pickle.loads(answered.read_bytes())  # noqa: S301 - written by our own process
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
    raise _crashed(job, code)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(command: list[str]) -> int:
    """Run it to its end; it ends by itself when this process does, for then its input is closed.

    What native code writes as it dies goes nowhere: it may hold data.
    """
    path = os.pathsep.join([str(_PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    ) as reader:  # fmt: skip
        try:
            return reader.wait()
        except BaseException:
            reader.kill()
            raise


def _crashed(job: ReaderJob, code: int) -> UnreadableDelivery:
    files = ", ".join(sorted(f.name for f in job.folder.iterdir() if not f.name.startswith("_")))
    bound = f"{job.limits.reader_memory / _GIB:g} GiB"
    if code == _OUT_OF_MEMORY or code == -signal.SIGKILL:
        return UnreadableDelivery(
            job.source.name, files, f"To read it takes more memory than a reader may use, {bound}.",
            "Ask for it as delimited text or in several files, or raise BASELIB_READER_MEMORY.",
        )  # fmt: skip
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return UnreadableDelivery(
        job.source.name, files, f"Its reader crashed ({how}).",
        "Ask for it to be saved again as .xlsx or as delimited text; the other sources go on.",
    )  # fmt: skip


def _bound_memory(most: int) -> None:
    """What is mapped already does not count: libraries reserve more than they use."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    taken = pages * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = taken + most
    resource.setrlimit(
        resource.RLIMIT_AS,
        (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard),
    )
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the delivery


def _end_with_parent() -> None:
    os.read(0, 1)  # not sys.stdin, whose lock would abort an interpreter that ends meanwhile
    os._exit(1)


def main(asked: Path, answered: Path) -> None:
    """The other process: do the job, and write what came of it."""
    from pipelines.extract.reading import read_landed

    threading.Thread(target=_end_with_parent, daemon=True).start()
    job = pickle.loads(asked.read_bytes())  # noqa: S301 - written by our own process
    _bound_memory(job.limits.reader_memory)
    outcome: object
    try:
        outcome = read_landed(job.source, job.batch, job.folder, job.scratch, job.stem, job.limits)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except Exception as wrong:  # noqa: BLE001 - whoever waits for it decides
        outcome = wrong
    answered.write_bytes(pickle.dumps(outcome))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
