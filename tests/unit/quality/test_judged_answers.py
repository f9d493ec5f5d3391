"""What can be said of an owner's answer without looking at the delivered row."""

import ibis
import pytest

from pipelines.quality.answers import ANSWER_SCHEMA, ANSWERED_ISSUE_SCHEMA, first_verdicts

ISSUE = {
    "fingerprint": "f1", "source": "a__b", "layer": "batch", "record": "r",
    "column_name": "birth_date",
    "rule": "BIRTH_MISMATCH", "state": "sent", "batch": "20260630", "file": "f.csv", "line": 2,
    "value_digest": "d", "told_digest": "d", "shared": 1,
}  # fmt: skip


@pytest.fixture
def verdict(con):
    def go(rule="BIRTH_MISMATCH", **answer):
        given = {"place": "1", "sheet": "s", "position": 0, "fingerprint": "f1",
                 "correction": None, "confirmed": False,
                 "note": "", "problem": None}  # fmt: skip
        tables = [
            ibis.memtable([row], schema=ibis.schema(schema))
            for row, schema in (
                (given | answer, ANSWER_SCHEMA),
                (ISSUE | {"rule": rule}, ANSWERED_ISSUE_SCHEMA),
            )
        ]
        (found,) = con.to_pyarrow(first_verdicts(*tables).select("verdict")).to_pylist()
        return found["verdict"]

    return go


@pytest.mark.parametrize("note", ["号码写错，日期无误", "身份证号有误，已核实", "证件号码应更正"])
def test_who_confirms_one_column_because_the_other_is_wrong_closes_nothing(verdict, note):
    assert verdict(confirmed=True, note=note) == "promised"
    assert verdict(rule="DATE_IMPLAUSIBLE", confirmed=True, note=note) == "confirmed"


def test_who_has_checked_both_columns_may_confirm(verdict):
    assert verdict(confirmed=True, note="王某核对户口簿，二者均属实") == "confirmed"
    assert verdict(confirmed=True) == "needs_reason"
    assert verdict(note="已在业务系统更正") == "promised"
    assert verdict(correction="1990-03-07") is None
