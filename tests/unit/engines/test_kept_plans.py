"""A statement over few rows, planned once, comes to what the session's engine makes of it."""

import os
from datetime import date

import ibis
import pytest

from pipelines.clean import contact, dates, names
from pipelines.clean.parsing.parser import ColumnToParse
from pipelines.engines import kept_plans
from pipelines.engines.kept_plans import create
from pipelines.engines.statements import Statement
from pipelines.engines.texts import parsed_texts

AS_OF = date(2026, 6, 30)
TEXTS = [
    "云州 市", "O'Neil; DROP", "a\x00b", "云州市南湖区".encode().decode("latin-1"), "1990年3月7日",
    "2026-07-01", "9999-12-31", "王芳(女)", "", None, "𠮷野家（云州）有限公司",
]  # fmt: skip


@pytest.fixture
def con():
    return ibis.duckdb.connect(threads=1)


def parsed(con, texts):
    """All that the parsers of a date, a name and an address make of texts, by parser and text."""
    table = ibis.memtable({"x": texts}, schema={"x": "string"})
    makers = (dates.birth_date, names.organization_name, contact.address)
    columns = [ColumnToParse(make.__name__, "x", make()) for make in makers]
    with parsed_texts(con, table, columns, AS_OF) as found:
        return [
            sorted(con.to_pyarrow(found[column.parser]).to_pylist(), key=repr) for column in columns
        ]


def test_few_rows_and_many_come_to_the_same(con, monkeypatch):
    few = parsed(con, TEXTS)
    monkeypatch.setattr(kept_plans, "FEW", 0)
    assert parsed(con, TEXTS) == few
    assert any(row["broken"] for row in few[0])
    types = {type(row["value"]) for row in few[0]}
    assert types == {date, type(None)}


def test_more_than_few_rows_are_left_to_the_session(con):
    lengths = length_of_texts()
    con.con.execute(
        f"CREATE TEMP TABLE many AS SELECT '字' AS raw FROM range({kept_plans.FEW + 1})"
    )
    create(con, "lengths", lengths, {"given": "many"})
    assert con.con.execute("SELECT count(*), sum(n) FROM lengths").fetchone() == (2001, 2001)
    assert lengths not in kept().names


def test_nothing_of_the_input_is_kept(con):
    con.con.execute("CREATE TEMP TABLE one AS SELECT 'a''b' AS raw")
    for name in ("first", "second"):
        create(con, name, length_of_texts(), {"given": "one"})
        assert con.con.execute(f"SELECT raw, n FROM {name}").fetchall() == [("a'b", 3)]
    assert kept().con.con.execute("SELECT getvariable('given')").fetchone() == (None,)
    left = "SELECT count(*) FROM duckdb_views() WHERE view_name = 'input'"
    assert kept().con.con.execute(left).fetchone() == (0,)


def test_old_plans_are_forgotten(con, monkeypatch):
    monkeypatch.setattr(kept_plans, "_KEPT", 2)
    con.con.execute("CREATE TEMP TABLE one AS SELECT 'ab' AS raw")
    for number in range(4):
        create(con, f"made_{number}", length_of_texts(), {"given": "one"})
    prepared = kept().con.con.execute("SELECT name FROM duckdb_prepared_statements()").fetchall()
    assert sorted(kept().names.values()) == sorted(name for (name,) in prepared)
    assert len(prepared) == 2


def length_of_texts():
    return Statement("SELECT raw, length(raw) AS n FROM given", {})


def kept():
    return kept_plans._kept_plans(os.getpid())
