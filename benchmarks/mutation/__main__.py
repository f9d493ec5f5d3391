"""``python -m benchmarks.mutation clean merge --each 40 --seed 1``: what the tests do not notice.

Without rooms, all seven. A survivor is printed with its place; whether it does harm, a person says.
"""

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from benchmarks.mutation.mutants import Mutant, sample
from benchmarks.mutation.nearest import ROOMS, nearest

_HEAVY = (
    *(
        "pytest",
        "hypothesis",
        "ibis",
        "ibis.backends.duckdb",
        "duckdb",
        "pyarrow.parquet",
        "pandas",
    ),
    *("sqlalchemy", "pyiceberg.catalog.sql", "openpyxl", "yaml"),
)
# Seconds for one mutant; an endless loop is noticed, too. Of the processor, for where many work
# a mutant that takes long is not one that never ends; and of the clock, for what waits for ever.
_PROCESSOR_SECONDS = 200
_PATIENCE = 1800
_FAREWELL = 20  # seconds for a server to end


class _Mutated(SourceFileLoader):
    """Loads a module from a mutant's source."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, str(mutant.file.resolve()))
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader's own signature
        return compile(self.mutant.source, self.path, "exec")


class _Finder(MetaPathFinder):
    """Finds the mutated module before any other finder does."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant
        parts = mutant.file.with_suffix("").parts
        self.name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the finder's own signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _Mutated(fullname, self.mutant)
        return spec_from_file_location(fullname, self.mutant.file.resolve(), loader=loader)


def outcome(mutant: Mutant | None, tests: Sequence[str]) -> str:
    """``killed``, ``survived`` or ``endless``, in a fork of this process; None changes nothing."""
    with _folder_of_tests() as folder:
        return _outcome(mutant, tests, folder)


def _outcome(mutant: Mutant | None, tests: Sequence[str], folder: Path) -> str:
    child = os.fork()
    if child == 0:
        os._exit(_run_tests(mutant, tests, folder))
    deadline = time.monotonic() + _PATIENCE
    try:
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                child = 0
                code = os.waitstatus_to_exitcode(status)
                return {0: "survived", -signal.SIGXCPU: "endless"}.get(code, "killed")
            time.sleep(0.05)
        return "endless"
    finally:
        if child:  # also where this process is told to end
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)


@contextmanager
def _folder_of_tests() -> Iterator[Path]:
    """A folder for everything that tests make; what they leave running in it is ended, too."""
    with tempfile.TemporaryDirectory(prefix="baselib-mutant-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root: the user who runs PostgreSQL must pass through
        try:
            yield folder
        finally:
            end_servers(folder)


def end_servers(folder: Path) -> None:
    """End every PostgreSQL whose data are in a folder: whoever was killed could not.

    A server has a session of its own, and so outlives the group of processes that it was made by.
    """
    for noted in folder.rglob("postmaster.pid"):
        with suppress(OSError, IndexError, ValueError):
            pid = int(noted.read_text(encoding="utf-8").split()[0])
            working = Path("/proc", str(pid), "cwd")
            deadline = time.monotonic() + _FAREWELL
            if working.samefile(noted.parent):  # and no other process that has its number by now
                os.kill(pid, signal.SIGQUIT)  # PostgreSQL's immediate shutdown
            while working.samefile(noted.parent) and time.monotonic() < deadline:
                time.sleep(0.05)


def _run_tests(mutant: Mutant | None, tests: Sequence[str], folder: Path) -> int:
    import pytest

    os.setsid()
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    os.environ["HYPOTHESIS_PROFILE"] = "unshrunk"
    used = sum(os.times()[:2])
    resource.setrlimit(resource.RLIMIT_CPU, [int(used) + _PROCESSOR_SECONDS] * 2)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    sys.setswitchinterval(0.005)
    if mutant is not None:
        sys.meta_path.insert(0, _Finder(mutant))
    options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "-p", "no:randomly", "-m", "not spark"]
    made = f"--basetemp={folder}/baselib-pytest-made"  # a name that the server's user may pass
    return int(pytest.main([*options, made, "--hypothesis-seed=0", *tests]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutation", description=__doc__)
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], default=list(ROOMS))
    parser.add_argument(
        "--each", type=int, default=43, help="mutants of each room (43: 300 in all)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="first see that the tests pass as is")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so long")
    parser.add_argument("--after", type=int, default=0, help="go on after so many of each sample")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the figures so far are printed
    for name in _HEAVY:
        import_module(name)
    end = time.monotonic() + 60 * given.minutes
    for room in given.rooms:
        files = [file for file in Path("pipelines", room).rglob("*.py") if nearest(file)]
        chosen = sample(files, given.each, given.seed)[given.after :]
        for tests in {nearest(mutant.file) for mutant in chosen} if given.check else ():
            if outcome(None, tests) != "survived":
                sys.exit(f"Without any change these do not pass: {' '.join(tests)}")
        _try_room(room, chosen, end)


def _try_room(room: str, mutants: Sequence[Mutant], end: float) -> None:
    counted: Counter[str] = Counter()
    try:
        for mutant in mutants:
            if time.monotonic() > end:
                break
            came_to = outcome(mutant, nearest(mutant.file))
            counted[came_to] += 1
            if came_to == "survived":
                texts = (mutant.before, mutant.after)
                before, after = (" ".join(each.split())[:90] for each in texts)
                print(f"{mutant.file}:{mutant.line}: {before}  ->  {after}", flush=True)
    finally:
        print(f"{room}: {counted.total()} of {len(mutants)} tried, {dict(counted)}", flush=True)


if __name__ == "__main__":
    main()
