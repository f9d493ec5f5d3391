"""An increment ends where a full run ends: random towns that live through random batches."""

import random
import sys

import ibis
import pytest
from test_laws import BIRTHS, LIBRARY, NAMES, town
from worlds import KEY, plain

from pipelines.resolve import resolve
from pipelines.resolve.increment import Before, resolve_increment

TABLES = ("record", "disputed", "question", "index")
BATCHES = 4


def held(con, table):
    return ibis.memtable(con.to_pyarrow(table))


def next_day(rows, dice, day):
    """Some records are corrected, some deleted, some come new, some come back."""
    kept = [row for row in rows if dice.random() > 0.04]
    after = []
    for row in kept:
        if dice.random() < 0.05:
            column = dice.choice(["person_name", "mobile", "birth_date", "citizen_id"])
            value = {
                "person_name": dice.choice(NAMES) + "甲",
                "mobile": f"139000000{dice.randrange(10, 60)}",
                "birth_date": dice.choice(BIRTHS),
                "citizen_id": None,
            }[column]
            row = {**row, column: value}
            if column == "citizen_id":
                row["citizen_id_birth_date"] = None
        after.append(row)
    gone = {row["source_key"] for row in rows} - {row["source_key"] for row in kept}
    pool = {row["source_key"]: row for row in spread(town(99, 400), random.Random(9))}
    present = {row["source_key"] for row in after}
    fresh = [key for key in pool if key not in present]
    back = dice.sample(fresh, 6) + dice.sample(sorted(gone), min(2, len(gone)))
    after += [{**pool[key], "since_batch": day} for key in dict.fromkeys(back)]
    dice.shuffle(after)
    return after


@pytest.mark.parametrize("seed", [1, 2])
def test_an_increment_ends_where_a_full_run_ends(con, records_of, seed, monkeypatch):
    """Record for record, event for event, after any sequence of batches."""
    monkeypatch.setattr("pipelines.resolve.increment.LARGEST_SHARE", 9.0)
    # A library with a model of scores is resolved in full: see flows/resolution.py.
    module = sys.modules["pipelines.resolve.resolve"]  # the name is the function's, too
    monkeypatch.setattr(module, "load_model", lambda *_: None)
    dice = random.Random(seed)
    rows = spread(town(seed, 150), dice)
    first = resolve(con, records_of(LIBRARY, rows), LIBRARY, key=KEY, run="run-0")
    state, events = first, held(con, first.event)
    smaller = 0
    for step in range(1, BATCHES):
        rows = next_day(rows, dice, f"202607{step:02}")
        records = records_of(LIBRARY, rows)
        before = Before(
            *(held(con, getattr(state, name)) for name in TABLES), events=events, decisions=None
        )
        part = resolve_increment(con, records, LIBRARY, before, key=KEY, run=f"run-{step}")
        full = resolve(
            con,
            records,
            LIBRARY,
            key=KEY,
            run=f"run-{step}",
            previous=before.record,
            events=events,
        )
        assert part is not None
        smaller += part.looked_at < len(rows)
        for name in (*TABLES, "event"):
            mine, its = plain(con, getattr(part.resolved, name)), plain(con, getattr(full, name))
            assert mine == its, name
        state = part.resolved
        events = held(con, events.union(held(con, part.resolved.event), distinct=False))
    assert smaller, "the town falls apart into neighbourhoods"


def spread(rows, dice):
    """So many names, numbers, mobiles and addresses that not everybody knows everybody."""
    told = []
    for row in rows:
        after = {**row, "person_name": row["person_name"] + dice.choice("甲乙丙丁戊己庚辛")}
        if row.get("citizen_id"):
            after["citizen_id"] = f"{row['citizen_id'][:16]}{dice.randrange(10, 60)}"
        if row["mobile"]:
            after["mobile"] = f"139000000{dice.randrange(10, 60)}"
        if row["residence_address"]:
            after["residence_address"] = f"和平路{dice.randrange(10, 60)}号3单元"
        told.append(after)
    return told
