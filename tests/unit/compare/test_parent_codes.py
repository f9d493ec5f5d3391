"""Codes of hierarchical tables: by example, and as a strict order on every code of every table."""

import ibis
import pytest

from pipelines.compare.codes import codes_agree, exactness, is_broader
from pipelines.standards.code_tables import is_hierarchical, load_ancestors, load_code_table


@pytest.mark.parametrize(
    ("table", "left", "right", "broader"),
    [
        ("marital", "20", "21", True),
        ("marital", "21", "20", False),
        ("marital", "20", "20", False),
        ("marital", "20", "30", False),
        ("region", "130000", "130600", True),
        ("region", "130000", "130602", True),
        ("region", "130600", "130602", True),
        ("region", "130600", "130702", False),
        ("region", "130602", "130600", False),
        ("industry", "F", "F51", True),
        ("industry", "F51", "F5121", True),
        ("industry", "F51", "F52", False),
        ("sex", "0", "1", False),
    ],
)
def test_a_parent_is_broader_than_its_child_and_than_nothing_else(con, table, left, right, broader):
    sides = [ibis.literal(code) for code in (left, right)]
    assert bool(con.execute(is_broader(*sides, table))) is broader
    assert bool(con.execute(codes_agree(*sides, table))) is (
        broader or left == right or bool(con.execute(is_broader(*sides[::-1], table)))
    )


@pytest.mark.parametrize("table", ["marital", "region"])
def test_what_is_broader_is_less_exact(con, table):
    codes = ibis.memtable({"code": list(load_code_table(table)["code"])[:400]})
    pairs = codes.cross_join(codes.rename(other="code"))
    pairs = pairs.filter(is_broader(pairs.code, pairs.other, table))
    rows = pairs.select(ours=exactness(pairs.code, table), theirs=exactness(pairs.other, table))
    found = con.to_pyarrow(rows).to_pylist()
    assert found
    assert all(row["ours"] < row["theirs"] for row in found)


def test_every_declared_parent_is_a_code_of_its_table():
    assert is_hierarchical("marital")
    assert not is_hierarchical("sex")
    assert not is_hierarchical(None)
    codes = set(load_code_table("marital")["code"])
    assert {code for chain in load_ancestors("marital").values() for code in chain} <= codes
