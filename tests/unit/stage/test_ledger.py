"""Which corrections of owners apply to a batch."""

import ibis
import pytest

from pipelines.stage.overlay import LEDGER_SCHEMA, applicable

# id: (made for the batch, retired by the batch)
ENTRIES = {
    1: ("20260630", None),
    2: ("20260630-2", None),
    3: ("20260601", "20260630"),
    4: ("20260601", "20260630-2"),
    5: ("20260601", "20260630-10"),
}


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ("20260531", set()),
        ("20260601", {3, 4, 5}),
        ("20260630", {1, 4, 5}),  # 3 says what this batch delivered itself: it is over
        ("20260630-2", {1, 2, 5}),
        ("20260630-9", {1, 2, 5}),  # the ninth of a day, before the tenth
        ("20260630-10", {1, 2}),
        ("20260701", {1, 2}),
    ],
)
def test_a_correction_acts_from_its_batch_until_the_one_that_retires_it(con, batch, expected):
    rows = [{"id": n, "since_batch": a, "retired_batch": b} for n, (a, b) in ENTRIES.items()]
    filled = [dict.fromkeys(LEDGER_SCHEMA) | row for row in rows]
    ledger = ibis.memtable(filled, schema=ibis.schema(LEDGER_SCHEMA))
    found = con.to_pyarrow(applicable(ledger, batch)).to_pylist()
    assert {row["id"] for row in found} == expected
