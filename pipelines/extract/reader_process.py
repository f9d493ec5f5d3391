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
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.limits import Limits
from pipelines.runtime.child_environment import without_secrets

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


@dataclass(frozen=True)
class Call:
    """A function of a module, what it is called with, and how much memory it may use."""

    module: str
    function: str
    arguments: tuple[object, ...]
    memory: int


@dataclass
class ReaderCrashed(Exception):
    """The other process died; ``how`` says of what, ``by_memory`` whether it needed too much."""

    how: str
    by_memory: bool


def read_apart(job: ReaderJob) -> object:
    """What ``read_landed`` returns, or raises, in another process.

    Raises:
        UnreadableDelivery: the reader crashed, was killed or needs more memory than it may have.
    """
    arguments = (job.source, job.batch, job.folder, job.scratch, job.stem, job.limits)
    call = Call("pipelines.extract.reading", "read_landed", arguments, job.limits.reader_memory)
    try:
        return call_apart(call, _made(job.scratch))
    except ReaderCrashed as crash:
        raise _crashed(job, crash) from None


def call_apart(call: Call, scratch: Path | None = None) -> object:
    """What a function returns, or raises, in another process.

    Raises:
        ReaderCrashed: the process crashed, was killed or needs more memory than it may have.
    """
    with TemporaryDirectory(dir=scratch, prefix="reader-") as folder:
        asked, answered = Path(folder, "job"), Path(folder, "outcome")
        asked.write_bytes(pickle.dumps(call))
        code = _run([sys.executable, "-m", __name__, str(asked), str(answered)])
        if code == 0:
            outcome = pickle.loads(answered.read_bytes())  # noqa: S301 - written by our own process
            if isinstance(outcome, Exception):
                raise outcome
            return outcome
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    raise ReaderCrashed(how, code in {_OUT_OF_MEMORY, -signal.SIGKILL})


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
        env={**without_secrets(), "PYTHONPATH": path},
    ) as reader:  # fmt: skip
        try:
            return reader.wait()
        except BaseException:
            reader.kill()
            raise


def _crashed(job: ReaderJob, crash: ReaderCrashed) -> UnreadableDelivery:
    files = ", ".join(sorted(f.name for f in job.folder.iterdir() if not f.name.startswith("_")))
    bound = f"{job.limits.reader_memory / _GIB:g} GiB"
    if crash.by_memory:
        return UnreadableDelivery(
            job.source.name, files, f"To read it takes more memory than a reader may use, {bound}.",
            "Ask for it as delimited text or in several files, or raise BASELIB_READER_MEMORY.",
        )  # fmt: skip
    return UnreadableDelivery(
        job.source.name, files, f"Its reader crashed ({crash.how}).",
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
    """The other process: call the function, and write what came of it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    call = pickle.loads(asked.read_bytes())  # noqa: S301 - written by our own process
    function = getattr(import_module(call.module), call.function)
    _bound_memory(call.memory)
    outcome: object
    try:
        outcome = function(*call.arguments)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    except Exception as wrong:  # noqa: BLE001 - whoever waits for it decides
        outcome = wrong
    answered.write_bytes(pickle.dumps(outcome))


if __name__ == "__main__":
    # By the name under which others import it: what was pickled there is of that module.
    import_module("pipelines.extract.reader_process").main(Path(sys.argv[1]), Path(sys.argv[2]))
