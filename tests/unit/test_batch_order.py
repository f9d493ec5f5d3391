"""Batches are put in order by one rule, whether Python or an engine does it."""

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.batch import batch_key
from pipelines.records import batch_order

IN_ORDER = ["20260629-11", "20260630", "20260630-2", "20260630-10", "20260630T0930", "20260701"]
IDS = st.from_regex(r"\A2026060[1-3]([-T][0-9A-Za-z]{1,20})?\Z")


def test_the_tenth_batch_of_a_day_comes_after_the_second():
    assert sorted(IN_ORDER, key=batch_key) == IN_ORDER
    assert sorted(IN_ORDER) != IN_ORDER


@pytest.fixture(scope="module")
def con():
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


@settings(max_examples=25, deadline=None)
@given(ids=st.sets(IDS, min_size=2, max_size=8))
def test_python_and_the_engine_agree(con, ids):
    table = ibis.memtable({"batch": sorted(ids)})
    ordered = con.to_pyarrow(table.order_by(batch_order(table.batch))).column("batch").to_pylist()
    assert ordered == sorted(ids, key=batch_key)
