"""Planning a long statement costs as much per character as planning a short one.

A parser is one statement of up to 100 KB, and planning it is most of the fixed cost of a small
source. Both sizes are planned in one process and their CPU times divided, so that a busy machine
does not matter.
"""

from time import process_time

import ibis
import pytest
from ibis.backends.duckdb import Backend

_CASES, _TIMES = 100, 8
_TRIES = 5  # the least of them: what the statement needs, without what else went on


@pytest.fixture
def engine() -> Backend:
    con = ibis.duckdb.connect(threads=1)
    con.con.execute("CREATE TABLE delivered (text VARCHAR, figure INTEGER)")
    return con


def _statement(cases: int) -> str:
    columns = (
        f"CASE WHEN text = 'x{n}' THEN figure + {n} WHEN length(text) > {n} THEN {n} "
        f"ELSE figure END AS column_{n:04d}"
        for n in range(cases)
    )
    return f"SELECT {', '.join(columns)} FROM delivered"


def _seconds_to_plan(engine: Backend, sql: str) -> float:
    def once() -> float:
        began = process_time()
        engine.con.execute(f"EXPLAIN {sql}").fetchall()
        return process_time() - began

    return min(once() for _ in range(_TRIES))


def test_planning_grows_no_faster_than_the_statement(engine: Backend) -> None:
    short, long = _statement(_CASES), _statement(_CASES * _TIMES)
    _seconds_to_plan(engine, short)  # what only a first statement costs

    growth = _seconds_to_plan(engine, long) / _seconds_to_plan(engine, short)

    assert growth < 2.5 * len(long) / len(short)
