"""No cell of an exported CSV file runs as a formula, and all others are as they were."""

import ibis
import pytest

from pipelines.flows.library.export import guarded_text

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x", "  =1"]
PLAIN = ["王小明", "110105194912310021", "a=b", "", "云州市-甲", "'x", None]


@pytest.mark.parametrize(("texts", "mark"), [(FORMULAS, "'"), (PLAIN, "")])
def test_what_begins_as_a_formula_is_text(texts, mark):
    table = ibis.memtable({"text": texts}, schema={"text": "string"})
    found = ibis.duckdb.connect().to_pyarrow(guarded_text(table.text)).to_pylist()
    assert found == [None if text is None else mark + text for text in texts]
