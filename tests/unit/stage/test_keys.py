"""The key of a row: a word for nothing is none, and what protects a text is no part of it."""

from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.engines.texts import parsed_texts
from pipelines.stage import columns_to_parse, parse_rows, rename_delivered

AS_OF = date(2026, 6, 30)
NO_KEYS = [
    "",
    " ",
    "NULL",
    "null",
    "\\N",
    "[NULL]",
    "(null)",
    "None",
    "nan",
    "N/A",
    "-",
    "无",
    None,
]
NO_VALUES = ["#N/A", "#REF!", "=VLOOKUP(A2,Z:Z,1,0)"]
LOST_DIGITS = ["1.10105199001011E+17", "1E+15", "4e+20"]
KEYS = {
    "R001": "R001", " R001 ": "R001", "'R001": "R001", '="R001"': "R001", "\tR001": "R001",
    "0": "0", "1.5E+3": "1.5E+3", "O'Neill": "O'Neill", "\ufeffR001": "R001",
}  # fmt: skip


@pytest.fixture(scope="module")
def keys(con):
    """The ``source_key`` and the reasons of a row for each text in the key column."""

    def found(texts, element=None):
        columns = (
            SourceColumn("source_key", "no", element, primary_key=True),
            SourceColumn("person_name", "name", "person_name"),
        )
        source = Source(
            "public_security__people", "人口", "population", Path("people.yml"),
            Server(kind="file", format="csv", location="people.csv"), columns,
            Owner("示范市公安局", "", ()), "snapshot", None, timedelta(days=1),
        )  # fmt: skip
        kinds = {"no": "string", "name": "string", "_batch": "string", "_file": "string"}
        kinds |= {"_line": "int64", "_defect": "string", "_text": "string"}
        rows = [{"no": text, "name": "张三", "_line": n} for n, text in enumerate(texts)]
        delivered = pa.table({name: [row.get(name) for row in rows] for name in kinds})
        raw = rename_delivered(ibis.memtable(delivered, schema=ibis.schema(kinds)), source)
        with parsed_texts(con, raw, columns_to_parse(source, raw), AS_OF) as parsed:
            made = con.to_pyarrow(parse_rows(raw, source, AS_OF, parsed).order_by("_line"))
        return [(row["source_key"], row["reject_reasons"]) for row in made.to_pylist()]

    return found


@pytest.mark.parametrize("element", [None, "uscc", "citizen_id"])
def test_what_only_says_nothing_is_no_key(keys, element):
    texts = [*NO_KEYS, *NO_VALUES]
    assert keys(texts, element) == [(None, ["NO_KEY"])] * len(texts)


def test_a_number_that_lost_digits_is_no_key(keys):
    """Several records would share it."""
    assert keys(LOST_DIGITS) == [(None, ["NO_KEY"])] * len(LOST_DIGITS)


def test_what_protects_a_key_is_no_part_of_it(keys):
    assert [key for key, _ in keys(KEYS)] == list(KEYS.values())
    assert {tuple(reasons) for _, reasons in keys(KEYS)} == {()}


def test_an_invalid_number_is_a_key_still(keys):
    assert keys(["110105199001010000"], "citizen_id") == [("110105199001010000", [])]
