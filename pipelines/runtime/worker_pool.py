"""Worker pool: processes that do jobs side by side, each after those that it depends on.

Expressions are built by one processor, whatever the engine, so threads would not help.
"""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.queues import SimpleQueue
from threading import Thread
from typing import ParamSpec, TypeVar

from pipelines.errors import BaselibError, WorkerDied

P = ParamSpec("P")
T = TypeVar("T")

Announce = Callable[[str], None]

# Called with what this process begins: set for as long as it works for a pool.
_announce: Announce | None = None


@dataclass(frozen=True)
class Part:
    """A job of a larger work, and what must have come before it.

    ``job`` can be pickled, and returns why it did not end well. ``after`` names parts that must
    have ended, well or not; where one of ``needs`` did not end well this one is left out.
    """

    job: Callable[[], BaselibError | None]
    after: Set[str] = frozenset()
    needs: Set[str] = frozenset()


def work_through(
    parts: Mapping[str, Part], size: int, announce: Announce
) -> Mapping[str, BaselibError]:
    """Do all parts, ``size`` at once; of those that could begin, the first named is most urgent.

    Args:
        parts: By name.
        size: How many processes; a pool of one is this process itself.
        announce: Told, in this process, what the jobs announce.

    Returns:
        The parts that did not end well, and why.

    A job whose process is killed, most likely for its memory, and killed again when it works
    alone, has ended with ``WorkerDied``.
    """
    work = _Work(parts)
    while work.order.is_active():
        try:
            with _open_pool(size, announce) as pool:
                work.go_on(pool, size)
        except BrokenProcessPool:
            work.try_alone(announce)
    return work.failures


class _Work:
    """How far the parts have come: which wait, which are being done, which did not end well."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.parts = parts
        self.order = TopologicalSorter({n: part.after | part.needs for n, part in parts.items()})
        self.order.prepare()
        self.failures: dict[str, BaselibError] = {}
        self._urgency = {name: rank for rank, name in enumerate(parts)}
        self._waiting: list[str] = []
        self._running: dict[Future[BaselibError | None], str] = {}

    def go_on(self, pool: Executor, size: int) -> None:
        """Do what is left in this pool.

        Raises:
            BrokenProcessPool: one of its processes was killed, and the others with it.
        """
        while self.order.is_active():
            ready = [*self._waiting, *self.order.get_ready()]
            self._waiting = sorted(ready, key=self._urgency.__getitem__)
            while self._waiting and len(self._running) < size:
                name = self._waiting.pop(0)
                self._running[_submit(pool, self._job(name))] = name
            for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                self._end(self._running[future], future.result())
                del self._running[future]

    def try_alone(self, announce: Announce) -> None:
        """Do again, one by one, what was being done when one was killed: nobody says which."""
        suspects = sorted(self._running.values(), key=self._urgency.__getitem__)
        self._running = {}
        for name in suspects:
            self._end(name, _alone(name, self._job(name), announce))

    def _job(self, name: str) -> Callable[[], BaselibError | None]:
        pointless = self.parts[name].needs & self.failures.keys()
        return _leave_out if pointless else self.parts[name].job

    def _end(self, name: str, failure: BaselibError | None) -> None:
        if failure is not None:
            self.failures[name] = failure
        self.order.done(name)


def announce_step(what: str) -> None:
    """Say what begins, within a job of a worker pool."""
    if _announce is not None:
        _announce(what)


def _leave_out() -> None:
    """The job of a part that another made pointless."""


def _submit(pool: Executor, job: Callable[[], BaselibError | None]) -> Future[BaselibError | None]:
    """A pool that is broken says so like the jobs that it had."""
    try:
        return pool.submit(job)
    except BrokenProcessPool as broken:
        future: Future[BaselibError | None] = Future()
        future.set_exception(broken)
        return future


def _alone(
    name: str, job: Callable[[], BaselibError | None], announce: Announce
) -> BaselibError | None:
    """Do a job again, in a process with no other beside it."""
    try:
        with _open_pool(1, announce, apart=True) as pool:
            return pool.submit(job).result()
    except BrokenProcessPool:
        return WorkerDied([name])


@contextmanager
def _open_pool(size: int, announce: Announce, *, apart: bool = False) -> Iterator[Executor]:
    """``apart``: a process of its own also for a pool of one."""
    global _announce
    if size == 1 and not apart:
        before, _announce = _announce, announce
        try:
            yield _InThisProcess()
        finally:
            _announce = before
        return
    # Spawned, not forked: this process has threads, of engines and of database drivers.
    context = get_context("spawn")
    messages: SimpleQueue[str | None] = context.SimpleQueue()
    listener = Thread(target=_listen, args=(messages, announce), daemon=True)
    listener.start()
    ours, theirs = context.Pipe()
    begin = (messages, theirs)
    pool = _WorkerPool(size, mp_context=context, initializer=_begin_worker, initargs=begin)
    try:
        yield pool
    except BaseException:
        ours.close()  # nobody would use what the others still make
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        ours.close()
        theirs.close()
        messages.put(None)
        listener.join()


class _WorkerPool(ProcessPoolExecutor):
    """Its processes are deaf to interrupts from their first moment: this one ends them."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # children inherit it
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class _InThisProcess(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _listen(messages: "SimpleQueue[str | None]", announce: Announce) -> None:
    while (what := messages.get()) is not None:
        announce(what)


def _begin_worker(messages: "SimpleQueue[str | None]", parent: Connection) -> None:
    global _announce
    _announce = messages.put
    Thread(target=_end_with_parent, args=(parent,), daemon=True).start()


def _end_with_parent(parent: Connection) -> None:
    """End this process when the other end is closed, be it because that process was killed."""
    parent.poll(None)
    os._exit(1)
