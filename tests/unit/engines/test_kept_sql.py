"""SQL that is kept is the SQL that Ibis would write, whatever names and texts it is asked for."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from pipelines.engines import kept_sql
from pipelines.engines.kept_sql import KeptSql, UnknownPart, fingerprint
from pipelines.engines.statements import StatementStore

COLUMNS = {"name": "string", "batch": "string", "day": "date", "count": "int64"}
ROWS = pa.table(
    {
        "name": ["甲", "it's", "'20260701'", None],
        "batch": ["20260701", "20260701-2", "x20260701", "20260702"],
        "day": [date(2026, 7, day) for day in (1, 2, 3, 4)],
        "count": [1, 2, 3, None],
    }
)
Make = Callable[[ir.Table, str, date, int], ir.Table]
EXPRESSIONS: dict[str, Make] = {
    "filter": lambda t, text, day, n: t.filter(t.name == text, t.day < day, t["count"] > n),
    "same text twice": lambda t, text, day, n: t.mutate(a=ibis.literal(text), b=t.batch == text),
    "cases": lambda t, text, day, n: t.select(
        c=ibis.cases((t.batch == text, "20260701"), (t.name.isin([text, "甲"]), "乙"), else_=text)
    ),
    "self join": lambda t, text, day, n: (
        (other := t.view())
        .join(t, [other.batch == t.batch, t.name != text], rname="{name}_right")
        .filter(other.day < day)
    ),
    "nul": lambda t, text, day, n: t.mutate(a=t.name.replace("\x00", ""), b=t.batch == text),
    "group": lambda t, text, day, n: (
        t.group_by(t.batch).agg(n=t.count(), most=t["count"].max()).filter(ibis._.n > n)
    ),
    "window": lambda t, text, day, n: t.mutate(
        r=ibis.row_number().over(group_by=t.batch, order_by=[t.day.desc(), t.name]),
        before=t.name.lag(1).over(order_by=t.day),
    ).filter(ibis._.r <= n + 1),
    "union": lambda t, text, day, n: t.union(t.filter(t.name == text)).order_by("name", "batch"),
}
WORDS = st.sampled_from(
    ["20260701", "20260702", "20260702-10", "'20260701'", "a'20260701", "''", "\x000\x00"]
)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    kept_sql._kept.cache_clear()
    yield
    kept_sql._kept.cache_clear()


def engine(store: StatementStore | None = None) -> KeptSql:
    return kept_sql.connect(store, threads=1)


def table(con: KeptSql) -> ir.Table:
    """Equal rows under a name that is new each time, as tables of a run are."""
    name = f"rows_{uuid4().hex}"
    con.con.register(name, ROWS)
    return con.table(name)


def written(rows: ir.Table) -> str:
    return str(Backend.compile(rows.get_backend(), rows))


@pytest.mark.parametrize("make", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_what_is_kept_is_what_would_be_written_for_other_names_texts_and_days(
    make: Make, monkeypatch: pytest.MonkeyPatch
):
    con = engine()
    first = make(table(con), "20260630", date(2026, 7, 1), 0)
    assert con.compile(first) == written(first)
    again = make(table(con), "20260701-12", date(2026, 7, 1), 0)
    expected = written(again)
    monkeypatch.setattr(Backend, "compile", None)  # it is not asked again
    assert con.compile(again) == expected


@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from(sorted(EXPRESSIONS)),
            WORDS | st.text(max_size=12),
            st.dates(date(2026, 6, 1), date(2026, 8, 1)),
            st.integers(-2, 3),
        ),
        min_size=2,
        max_size=6,
    )
)
def test_whatever_was_asked_before_each_gets_its_own(asked: list[tuple[str, str, date, int]]):
    con = engine()
    for name, text, day, number in asked:
        rows = EXPRESSIONS[name](table(con), text, day, number)
        assert con.compile(rows) == written(rows)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda t: t.filter(t.name == "a"), lambda t: t.filter(t.name == "b")),
        (lambda t: t.mutate(a=ibis.literal(1)), lambda t: t.mutate(a=ibis.literal(value=True))),
        (lambda t: t.filter(t["count"] == 1), lambda t: t.filter(t["count"] == 1.0)),
        (lambda t: t.select("name", "batch"), lambda t: t.select("batch", "name")),
        (lambda t: t.name.cast("int32"), lambda t: t.name.cast("int64")),
        (lambda t: t.order_by(t.name.asc()), lambda t: t.order_by(t.name.desc())),
        (
            lambda t: t.filter(t.batch == "20260701", t.name == "20260702"),
            lambda t: t.filter(t.batch == "20260701", t.name == "20260701"),
        ),
        (
            lambda t: t.join(t.view(), "name", how="left"),
            lambda t: t.join(t.view(), "name", how="inner"),
        ),
    ],
)
def test_what_differs_has_another_fingerprint(
    one: Callable[[ir.Table], ir.Expr], other: Callable[[ir.Table], ir.Expr]
):
    rows = ibis.table(COLUMNS, name="rows")
    assert fingerprint(one(rows).op()).digest != fingerprint(other(rows).op()).digest


def test_names_of_other_columns_or_types_are_another_expression():
    asked = [
        fingerprint(ibis.table(columns, name=name).op()).digest
        for columns, name in (
            ({"a": "string"}, "rows"),
            ({"b": "string"}, "rows"),
            ({"a": "int64"}, "rows"),
            ({"a": "string"}, "others"),
        )
    ]
    assert len(set(asked)) == 4


def test_a_text_that_holds_a_word_in_quotes_is_written_anew():
    rows = ibis.table(COLUMNS, name="rows")
    with pytest.raises(UnknownPart):
        fingerprint(rows.filter(rows.batch == "20260701", rows.name == "x'20260701").op())


def test_a_part_of_an_unknown_kind_is_written_anew():
    con = engine()
    rows = ops.SQLQueryResult("SELECT 1 AS one", ibis.schema({"one": "int8"}), con).to_expr()
    with pytest.raises(UnknownPart):
        fingerprint(rows.op())
    assert con.compile(rows) == written(rows)


def test_another_process_finds_it_in_the_folder_and_a_damaged_file_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = StatementStore(tmp_path / "sql", "one version")
    make = EXPRESSIONS["window"]
    con = engine(store)
    con.compile(make(table(con), "20260630", date(2026, 7, 1), 0))
    (file,) = (tmp_path / "sql").iterdir()
    kept_sql._kept.cache_clear()  # as in a new process
    rows = make(table(con), "20260701", date(2026, 7, 1), 0)
    expected = written(rows)
    with monkeypatch.context() as without:
        without.setattr(Backend, "compile", None)
        assert con.compile(rows) == expected
    file.write_bytes(file.read_bytes()[:-3])
    kept_sql._kept.cache_clear()
    assert con.compile(rows) == expected


def test_without_a_folder_nothing_is_written_to_disk(tmp_path: Path):
    con = engine()
    con.compile(EXPRESSIONS["filter"](table(con), "440524188001010014", date(2026, 7, 1), 0))
    assert con.store is None
    assert not list(tmp_path.iterdir())


def test_what_was_not_asked_for_longest_goes_first(monkeypatch: pytest.MonkeyPatch):
    con, rows = engine(), ibis.table(COLUMNS, name="rows")
    monkeypatch.setattr(kept_sql, "_MOST", 2_000)
    for number in range(40):
        con.compile(rows.filter(rows["count"] == number))
    kept = kept_sql._kept()
    assert 0 < kept.size == sum(map(len, kept.templates.values())) <= 2_000
    assert fingerprint(rows.filter(rows["count"] == 39).op()).digest in kept.templates
