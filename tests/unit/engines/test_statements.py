"""Statements on disk: read as they were written, made anew where they are stale or damaged."""

import os
from datetime import date

import ibis
import pyarrow as pa
import pytest

from pipelines.clean.parsing.parser import ColumnToParse
from pipelines.clean.parsing.registry import parser_for, parser_name
from pipelines.engines import statements, texts
from pipelines.engines.statements import Statement, StatementStore
from pipelines.standards.elements import load_elements

MADE = Statement("SELECT '户籍' FROM codes", {"codes": pa.table({"code": ["01", None]})})


def refuse() -> Statement:
    pytest.fail("the statement is on disk")


@pytest.fixture
def store(tmp_path):
    return StatementStore(tmp_path / "statements", "code of today")


def test_a_statement_is_written_once_and_read_as_it_was(store):
    assert store.get("citizen_id", lambda: MADE) is MADE
    read = store.get("citizen_id", refuse)
    assert read.sql == MADE.sql
    assert read.references == MADE.references


def test_another_name_or_other_code_has_a_statement_of_its_own(store):
    store.get("citizen_id", lambda: MADE)
    other = Statement("SELECT 2", {})
    assert store.get("citizen_id 2026-06-30", lambda: other) is other
    changed = StatementStore(store.folder, "code of tomorrow")
    assert changed.get("citizen_id", lambda: other) is other


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff\xfe", b"cut", b"other"])
def test_a_damaged_one_is_written_anew(store, damage):
    store.get("citizen_id", lambda: MADE)
    (path,) = store.folder.iterdir()
    whole = path.read_bytes()
    changed = {b"cut": whole[:-9], b"other": whole.replace(b"SELECT", b"DELETE")}
    path.write_bytes(changed.get(damage, damage))
    assert store.get("citizen_id", lambda: MADE) is MADE
    assert path.read_bytes() == whole


def test_what_nobody_has_read_for_a_week_goes(store):
    for name in ("old", "read"):
        store.get(name, lambda: MADE)
    for path in store.folder.iterdir():
        os.utime(path, (0, 0))
    store.get("read", refuse)
    statements.swept.clear()  # as in the next process
    store.get("new", lambda: MADE)
    assert len(list(store.folder.iterdir())) == 2


def test_where_nothing_can_be_kept_the_work_goes_on(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert StatementStore(tmp_path / "file", "code").get("citizen_id", lambda: MADE) is MADE


@pytest.mark.parametrize("element", ["region_code", "mobile"])
def test_a_parser_says_the_same_out_of_a_kept_statement(store, element, monkeypatch):
    """One that looks something up and depends on the day, and one that does neither."""
    parser = parser_for(load_elements()[element])
    assert parser_name(parser)
    con = ibis.duckdb.connect()
    rows = ["110105", "110102", "99", "13912345678", "１３９-1234-5678", "x", None]
    raw = con.create_table("raw", ibis.memtable({"text": rows}, schema={"text": "string"}))
    columns = [ColumnToParse("value", "text", parser)]

    def outcomes() -> list[dict[str, object]]:
        texts._statement.cache_clear()
        with texts.parsed_texts(con, raw, columns, date(2026, 6, 30), store) as parsed:
            return con.to_pyarrow(parsed[parser].order_by("raw")).to_pylist()

    written = outcomes()
    monkeypatch.setattr(texts, "_write", lambda *_: refuse())
    assert outcomes() == written != []
