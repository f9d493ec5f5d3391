"""A text is parsed once, wherever it stands; what is looked up is what one expression would say."""

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir
import pytest

from pipelines.clean import codes, dates, names
from pipelines.clean.parsing.parser import ColumnToParse, Parser, delivered_texts, parse_columns
from pipelines.engines import kept_sql
from pipelines.engines.texts import first_due, parsed_texts
from pipelines.standards.rules import severities

AS_OF = date(2026, 6, 30)
NAME, SEX = names.person_name(), codes.sex_code()
COLUMNS = [
    ColumnToParse("person_name", "姓名", NAME),
    ColumnToParse("spouse_name", "配偶", NAME),
    ColumnToParse("sex_code", "性别", SEX),
]


@pytest.fixture
def table() -> ir.Table:
    return ibis.memtable(
        {
            "n": [0, 1, 2, 3],
            "姓名": ["王芳", "王 芳", None, "王芳"],
            "配偶": ["王 芳", "王芳", "无名氏", None],
            "性别": ["女", "x", "女", None],
        },
        schema=ibis.schema(dict.fromkeys(("n", "姓名", "配偶", "性别"), "string") | {"n": "int64"}),
    )


@pytest.fixture
def con() -> ibis.BaseBackend:
    return kept_sql.connect(threads=1)


def rows_of(con: ibis.BaseBackend, table: ir.Table, texts: Mapping[Parser, ir.Table] | None = None):
    parsed = parse_columns(table, COLUMNS, AS_OF, severities(), texts)
    return con.to_pyarrow(parsed.order_by("n")).to_pylist()


def test_columns_of_one_parser_share_their_texts(con, table):
    texts = delivered_texts(table, COLUMNS, AS_OF)[NAME]
    assert con.to_pyarrow(texts.count()).as_py() == 2  # 王 芳, in both, and 无名氏


def test_computed_before_or_within_is_the_same(con, table):
    with parsed_texts(con, table, COLUMNS, AS_OF) as texts:
        assert rows_of(con, table, texts) == rows_of(con, table)


def test_a_finding_names_the_column_that_holds_the_text(con, table):
    found = [(f["column"], f["rule"], f["value"]) for f in rows_of(con, table)[2]["findings"]]
    assert found == [("spouse_name", "PLACEHOLDER", "无名氏")]


def test_nothing_is_left_in_the_engine(con, table):
    with parsed_texts(con, table, COLUMNS, AS_OF):
        assert tables_in(con) == len({NAME, SEX})
    assert tables_in(con) == 0


def tables_in(con: ibis.BaseBackend) -> int:
    ((count,),) = con.raw_sql("SELECT count(*) FROM duckdb_tables()").fetchall()
    return count


def test_the_first_day_of_another_judgement_is_a_date(duckdb_backend):
    table = ibis.memtable({"b": ["2026-07-10", "1905年1月1日"]}, schema={"b": "string"})
    columns = [ColumnToParse("birth_date", "b", dates.birth_date())]
    with parsed_texts(duckdb_backend, table, columns, AS_OF) as texts:
        assert first_due(duckdb_backend, texts, columns, AS_OF) == date(2026, 7, 10)
    old = ibis.memtable({"b": ["1906年2月1日"]}, schema={"b": "string"})
    with parsed_texts(duckdb_backend, old, columns, AS_OF) as texts:
        assert first_due(duckdb_backend, texts, columns, AS_OF) == date(2027, 2, 1)
