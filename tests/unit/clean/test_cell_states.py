"""What is no value in any column: errors of spreadsheets, formulas; and what protects a text."""

from datetime import date

import ibis
import pyarrow as pa
import pytest

from pipelines.clean.cell_states import state_of, without_protection
from pipelines.clean.parsing.parser import ColumnToParse, parse_columns
from pipelines.clean.parsing.registry import parser_for
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import severities

ERRORS = ["#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", " #n/a "]
FORMULAS = ["=A1", "=VLOOKUP(B2,Z:Z,1,0)", "=-1", "=[1]表!A1", "='表 1'!A1", '=B5&"x"']
VALUES = ["", "张三", "#", "#12号", "=", "===", '="007"', '="张三"', "A=B", "Err", "#N/A号", None]


def evaluated(texts, function):
    schema = ibis.schema({"n": "int64", "x": "string"})
    rows = [{"n": n, "x": x} for n, x in enumerate(texts)]
    con = ibis.duckdb.connect()
    table = ibis.memtable(pa.Table.from_pylist(rows, schema.to_pyarrow()))
    return con.to_pyarrow(table.select("n", y=function(table.x)).order_by("n"))["y"].to_pylist()


def test_errors_and_formulas_are_told_from_values():
    expected = ["CELL_ERROR"] * len(ERRORS) + ["FORMULA_WITHOUT_RESULT"] * len(FORMULAS)
    found = evaluated([*ERRORS, *FORMULAS, *VALUES], state_of)
    assert found == expected + [None] * len(VALUES)


def test_what_protects_a_text_is_no_part_of_it():
    texts = ["'007", '="007"', "`A1", "‘A1", "A'1", "=1", "007", "''x", None]
    bare = ["007", "007", "A1", "A1", "A'1", "=1", "007", "x", None]
    assert evaluated(texts, without_protection) == bare


@pytest.mark.parametrize("element", ["citizen_id", "person_name", "birth_date", "text", "mobile"])
def test_an_error_is_one_finding_in_any_column(element):
    con = ibis.duckdb.connect()
    table = ibis.memtable({"x": ["#REF!", "=A1"]})
    column = ColumnToParse("y", "x", parser_for(load_elements()[element]))
    parsed = parse_columns(table, [column], date(2026, 6, 30), severities())
    rows = sorted(con.to_pyarrow(parsed).to_pylist(), key=lambda row: row["x"])
    assert [row["y"] for row in rows] == [None, None]
    assert [[f["rule"] for f in row["findings"]] for row in rows] == [
        ["CELL_ERROR"], ["FORMULA_WITHOUT_RESULT"],
    ]  # fmt: skip
