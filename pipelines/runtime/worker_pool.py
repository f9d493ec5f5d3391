"""Processes that work side by side: expressions are built by one processor, whatever the engine."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
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

# Whom this process tells what it begins: set for as long as it works for a crew.
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
        size: How many processes; a crew of one is this process itself.
        announce: Told, in this process, what the jobs ``tell``.

    Returns:
        The parts that did not end well, and why.

    Raises:
        WorkerDied: a process was killed, most likely for its memory.
    """
    failures: dict[str, BaselibError] = {}
    urgency = {name: place for place, name in enumerate(parts)}
    order = TopologicalSorter({name: part.after | part.needs for name, part in parts.items()})
    order.prepare()
    waiting: list[str] = []
    running: dict[Future[BaselibError | None], str] = {}
    with _open_crew(size, announce) as crew:
        while order.is_active():
            waiting = sorted([*waiting, *order.get_ready()], key=urgency.__getitem__)
            while waiting and len(running) < size:
                name = waiting.pop(0)
                hopeless = parts[name].needs & failures.keys()
                running[crew.submit(_leave_out if hopeless else parts[name].job)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                failure = _result(future, running.values())
                name = running.pop(future)
                if failure is not None:
                    failures[name] = failure
                order.done(name)
    return failures


def tell(what: str) -> None:
    """Say what begins, within a job of a crew."""
    if _announce is not None:
        _announce(what)


def _leave_out() -> None:
    """The job of a part that another made pointless."""


def _result(future: Future[BaselibError | None], running: Iterable[str]) -> BaselibError | None:
    try:
        return future.result()
    except BrokenProcessPool:
        raise WorkerDied(sorted(running)) from None


@contextmanager
def _open_crew(size: int, announce: Announce) -> Iterator[Executor]:
    global _announce
    if size == 1:
        before, _announce = _announce, announce
        try:
            yield _Alone()
        finally:
            _announce = before
        return
    # Spawned, not forked: this process has threads, of engines and of database drivers.
    context = get_context("spawn")
    told: SimpleQueue[str | None] = context.SimpleQueue()
    listener = Thread(target=_listen, args=(told, announce), daemon=True)
    listener.start()
    ours, theirs = context.Pipe()
    begin = (told, theirs)
    crew = _Crew(size, mp_context=context, initializer=_join_crew, initargs=begin)
    try:
        yield crew
    except BaseException:
        ours.close()  # nobody would use what the others still make
        raise
    finally:
        crew.shutdown(cancel_futures=True)
        ours.close()
        theirs.close()
        told.put(None)
        listener.join()


class _Crew(ProcessPoolExecutor):
    """Its processes are deaf to interrupts from their first moment: this one ends them."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # children inherit it
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class _Alone(Executor):
    """Does at once what it is given."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def _listen(told: "SimpleQueue[str | None]", announce: Announce) -> None:
    while (what := told.get()) is not None:
        announce(what)


def _join_crew(told: "SimpleQueue[str | None]", mother: Connection) -> None:
    global _announce
    _announce = told.put
    Thread(target=_end_with, args=(mother,), daemon=True).start()


def _end_with(mother: Connection) -> None:
    """End this process when the other end is closed, be it because that process was killed."""
    mother.poll(None)
    os._exit(1)
