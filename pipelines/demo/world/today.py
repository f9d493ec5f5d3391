"""The day on which the fictional city is seen: its newest records are of the day before.

Whoever writes deliveries says which day is the first (``seen_on``); without that it is a fixed one,
so that the same arguments give the same bytes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date

from pipelines.batch import batch_date

EPOCH = date(1970, 1, 1)
FIRST_BATCH = "20260630"  # of tests and benchmarks; `baselib demo` begins on the day it is run


def day_of(batch: str) -> int:
    """The date of a batch as days since 1970-01-01.

    Raises:
        BadBatchId: the batch id does not begin with a date.
    """
    return (batch_date(batch) - EPOCH).days


_FIRST: ContextVar[str] = ContextVar("first batch", default=FIRST_BATCH)


def first_batch() -> str:
    """Id of the city's first batch."""
    return _FIRST.get()


def today() -> int:
    """The day of the first batch, in days since 1970-01-01."""
    return day_of(_FIRST.get())


@contextmanager
def seen_on(batch: str) -> Iterator[None]:
    """Let the city's first batch be this one, within the block.

    Raises:
        BadBatchId: as ``day_of``.
    """
    day_of(batch)
    before = _FIRST.set(batch)
    try:
        yield
    finally:
        _FIRST.reset(before)
