"""Interrupts (Ctrl-C) in the first seconds of a command, in which it imports what it needs."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # 128 and SIGINT, as shells have it


@contextmanager
def importing() -> Iterator[None]:
    """Who interrupts a command that only imports yet hears one sentence: it has done nothing.

    A handler that ends the process, not an exception: libraries catch those, or write tracebacks of
    their own. Where interrupts are ignored (``nohup``, a job in the background) they stay ignored.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(*_: object) -> None:
    sys.stderr.write("baselib: interrupted before anything was done.\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)
