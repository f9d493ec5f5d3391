"""Signals that end a command: Ctrl-C while it still imports, and a termination at any time."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # 128 and SIGINT, as shells have it
_ENDING = (signal.SIGTERM, signal.SIGHUP)  # a service manager's, and that of a closed terminal


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


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """Turn a termination into ``SystemExit``, so that what a command has begun is put away.

    Python's default ends the process at once: a database server that it had started lives on. What
    is ignored (``nohup``) stays ignored, and a forked child ends as it would have without this.
    """
    mine = os.getpid()

    def leave(number: int, _frame: object) -> None:
        if os.getpid() != mine:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        for each in _ENDING:  # a second request does not break off the tidying of the first
            signal.signal(each, signal.SIG_IGN)
        sys.exit(128 + number)

    before = {each: signal.getsignal(each) for each in _ENDING}
    for each, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(each, leave)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(*_: object) -> None:
    sys.stderr.write("baselib: interrupted before anything was done.\n")
    sys.stderr.flush()
    os._exit(INTERRUPTED)
