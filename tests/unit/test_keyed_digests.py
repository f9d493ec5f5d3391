"""An issue's name is stable, distinct and says nothing about the person."""

import hashlib

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.keyed_digests import add_fingerprint, record_key

KEY = "secret of the site"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\x1f"), max_size=12)
FINDING = st.tuples(TEXT, st.one_of(st.none(), TEXT), TEXT)


@pytest.fixture(scope="module")
def con():
    return ibis.duckdb.connect()


def fingerprints(con, findings, source="a__b", key=KEY):
    columns = zip(*findings, strict=True)
    data = dict(zip(("record_key", "column", "rule"), columns, strict=True))
    schema = pa.schema([(name, pa.string()) for name in ("record_key", "column", "rule")])
    rows = ibis.memtable(pa.table({k: list(v) for k, v in data.items()}, schema=schema))
    named = add_fingerprint(rows.mutate(at=ibis.row_number()), source, key).order_by("at")
    return con.to_pyarrow(named.fingerprint).to_pylist()


def oracle(finding, source="a__b", key=KEY):
    text = "\x1f".join([key, "issue", source, *(part or "" for part in finding)])
    return "f" + hashlib.sha256(text.encode()).hexdigest()[:19]


@settings(max_examples=25, deadline=None)
@given(st.lists(FINDING, min_size=1, max_size=20))
def test_it_is_the_keyed_hash_of_source_record_column_and_rule(con, findings):
    assert fingerprints(con, findings) == [oracle(finding) for finding in findings]


def test_each_part_and_the_key_make_a_difference(con):
    finding = ("1", "citizen_id", "CHECK_DIGIT")
    others = [("2", *finding[1:]), ("1", "uscc", finding[2]), (*finding[:2], "LENGTH")]
    told = fingerprints(con, [finding, *others])
    told += fingerprints(con, [finding], source="a__c") + fingerprints(con, [finding], key="other")
    assert len(set(told)) == 6


def test_no_key_stands_in_the_text_of_the_query(con):
    rows = ibis.memtable({"record_key": ["1"], "column": ["x"], "rule": ["R"]})
    assert KEY not in con.compile(add_fingerprint(rows, "a__b", KEY))


def test_a_row_without_a_key_is_known_by_its_content(con):
    kind = pa.map_(pa.string(), pa.string())
    records = [[("a", "1"), ("b", None)], [("a", "1"), ("b", None)], [("a", "2"), ("b", None)]]
    rows = ibis.memtable(
        pa.table(
            {
                "source_key": pa.array([None, None, None], pa.string()),
                "record": pa.array(records, kind),
            }
        )
    )
    one, same, other = con.to_pyarrow(rows.select(key=record_key(rows)).key).to_pylist()
    assert one == same != other


def test_a_row_with_a_key_is_known_by_it(con):
    rows = ibis.memtable({"source_key": ["7", None]}, schema={"source_key": "string"})
    assert con.to_pyarrow(rows.select(key=record_key(rows)).key).to_pylist() == ["7", ""]
