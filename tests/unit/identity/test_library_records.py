"""What a source says today, out of all that it ever delivered."""

import ibis
import pytest

from pipelines.libraries import load_library
from pipelines.records import current_records, library_records

STAGED = {
    "source_key": "string",
    "person_name": "string",
    "changed_at": "timestamp",
    "_batch": "string",
    "_file": "string",
    "_line": "int64",
}


def staged(*rows):
    """Rows as (key, name, batch, change day or None)."""
    filled = [
        (key, name, day and f"2026-06-{day:02d}", batch, "f.csv", line)
        for line, (key, name, batch, day) in enumerate(rows, start=2)
    ]
    columns = dict(zip(STAGED, map(list, zip(*filled, strict=True)), strict=True))
    return ibis.memtable(columns, schema=ibis.schema({**STAGED, "changed_at": "string"})).cast(
        STAGED
    )


def told(con, table):
    rows = con.to_pyarrow(table).to_pylist()
    return {row["source_key"]: (row["person_name"], row["since_batch"]) for row in rows}


def test_a_record_that_left_the_snapshot_is_gone(con):
    table = staged(
        ("a", "旧", "20260630", 1), ("b", "在", "20260630", 1), ("b", "在", "20260701", 1)
    )
    assert told(con, current_records(table, "snapshot")) == {"b": ("在", "20260630")}


def test_a_delta_keeps_what_it_does_not_mention_and_the_latest_change_stands(con):
    table = staged(
        ("a", "旧", "20260630", 1),
        ("b", "新", "20260630", 9),
        ("b", "迟到的旧", "20260701", 3),
        ("c", "旧", "20260630", None),
        ("c", "新", "20260701", None),
    )
    assert told(con, current_records(table, "delta")) == {
        "a": ("旧", "20260630"),
        "b": ("新", "20260630"),
        "c": ("新", "20260630"),
    }


@pytest.mark.parametrize(
    ("earlier", "later"), [("20260630-2", "20260630-10"), ("20260630", "20260630-2")]
)
def test_the_tenth_delivery_of_a_day_is_later_than_the_second(con, earlier, later):
    table = staged(("a", "旧", earlier, 1), ("b", "新", later, 1))
    assert told(con, current_records(table, "snapshot")) == {"b": ("新", later)}


def test_sources_are_aligned_and_what_one_lacks_is_null(con):
    library = load_library("population")
    first = current_records(staged(("a", "甲", "20260630", 1)), "snapshot")
    second = current_records(
        staged(("a", "乙", "20260630", 1)).drop("changed_at").mutate(mobile=ibis.literal("139")),
        "snapshot",
    )
    records = library_records({"y__y": second, "x__x": first}, library)
    rows = con.to_pyarrow(records.order_by("source")).to_pylist()
    assert [(r["source"], r["person_name"], r["mobile"]) for r in rows] == [
        ("x__x", "甲", None),
        ("y__y", "乙", "139"),
    ]
    assert rows[1]["changed_at"] is None
    assert set(library.record_columns) <= set(records.columns)
