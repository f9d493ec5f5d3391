"""Which columns the lake stores, and how they come together from several files."""

import ibis
import pyarrow as pa
import pytest

from pipelines.lake.commit import content_name
from pipelines.lake.evolve import common_schema
from pipelines.lake.types import storable


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        pytest.param("int8", "int32", id="Iceberg's smallest number"),
        pytest.param("int16", "int32", id="record numbers"),
        pytest.param("uint32", "int64", id="no unsigned numbers"),
        pytest.param("null", "string", id="a column of nothing"),
        pytest.param("timestamp(9)", "timestamp(6)", id="microseconds are enough"),
        pytest.param("array<struct<a: int16>>", "array<struct<a: int32>>", id="nested"),
        pytest.param("decimal(20, 2)", "decimal(20, 2)", id="amounts stay"),
        pytest.param("map<string, string>", "map<string, string>", id="records stay"),
        pytest.param("date", "date", id="dates stay"),
    ],
)
def test_a_type_that_iceberg_lacks_becomes_the_next_wider_one(given: str, stored: str):
    rows = ibis.table({"x": given}, name="t")
    assert str(storable(rows).schema()["x"]) == stored


def test_a_table_of_storable_types_is_left_alone():
    rows = ibis.table({"x": "string", "y": "int64"}, name="t")
    assert storable(rows) is rows


def test_columns_of_files_are_united_by_name_and_may_all_be_null():
    struct = pa.list_(pa.struct([pa.field("rule", pa.string(), nullable=False)]))
    first = pa.schema([pa.field("a", pa.int32(), nullable=False), pa.field("f", struct)])
    second = pa.schema([pa.field("b", pa.string()), pa.field("a", pa.int64())])
    together = common_schema([first, second])
    assert together.names == ["a", "f", "b"]
    assert together.field("a").type == pa.int64()
    assert all(field.nullable for field in together)
    assert together.field("f").type.value_type.field("rule").nullable


def test_a_file_is_named_by_its_content(tmp_path):
    for name, content in (("x", b"same"), ("y", b"same"), ("z", b"other")):
        (tmp_path / name).write_bytes(content)
    names = [content_name(tmp_path / name, "20260630", 0) for name in "xyz"]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("20260630-")
    assert content_name(tmp_path / "x", "20260630", 1) != names[0]
