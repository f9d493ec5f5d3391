"""``baselib`` commands in processes of their own that start at once.

A command imports for as long as a small run works. These are forked off a server that has imported
everything and done nothing: processes like any other, that can be killed by their id.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_IMPORTED = (
    *("pipelines.cli", "pipelines.engines.gx.run", "great_expectations", "splink"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "pipelines.report.owner.charts"),
)
_READY = get_context("forkserver")
_READY.set_forkserver_preload([*_IMPORTED])


class Command:
    """A command that has begun."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        handle, name = tempfile.mkstemp(prefix="baselib-said-")
        os.close(handle)
        self._said = Path(name)
        # A process of this kind has no environment of its own: it gets the server's.
        given = (arguments, dict(os.environ | environment), name)
        self._process: ForkServerProcess = _READY.Process(target=_do, args=given)
        self._process.start()

    @property
    def has_ended(self) -> bool:
        return not self._process.is_alive()

    def end(self) -> tuple[int, str]:
        """Wait for its end: exit code, or the signal below zero, and what was said."""
        self._process.join(600)
        code = self._process.exitcode
        assert code is not None, "it does not end"
        said = self._said.read_text(encoding="utf-8")
        self._said.unlink()
        return code, said


def _do(arguments: Sequence[str], environment: Mapping[str, str], said: str) -> None:
    from pipelines.cli import main

    os.environ.clear()
    os.environ.update(environment)
    file = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = ["baselib", *arguments]
    main()
