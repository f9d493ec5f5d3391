"""A file is read for what it is, whatever it is called; what cannot be read is named."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from pipelines.errors import MissingColumn, UnreadableDelivery
from pipelines.extract import land_delivery
from pipelines.extract.formats.recognise import recognise
from pipelines.extract.limits import Limits
from pipelines.extract.reader_process import ReaderJob, read_apart
from pipelines.extract.reading import MANIFEST

BATCH = "20260630"
PAGE = """<html><head><meta charset="{charset}"><style>td {{}}</style></head><body>
<table><tr><th>编号<th>姓名</tr>
<tr><td>1</td><td rowspan=2>张<br>三</td></tr><tr><td>2</td></tr>
<tr><td colspan=2>合计</td></tr></table></body></html>"""
SPREADSHEET = """<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="S"><Table>
<Row><Cell><Data ss:Type="String">编号</Data></Cell><Cell><Data ss:Type="String">姓名</Data></Cell>
</Row><Row ss:Index="4"><Cell><Data ss:Type="Number">130699197102028000</Data></Cell>
<Cell ss:Index="2"><Data ss:Type="Error">#N/A</Data></Cell></Row></Table></Worksheet></Workbook>"""


@pytest.fixture
def land(make_source, tmp_path, monkeypatch):
    """Land one file of the given name and content under a contract of the given format.

    In this process: to start one for each takes longer than all of these tests.
    """
    monkeypatch.setattr("pipelines.extract.delivery.is_foreign", lambda *_: False)

    def landed(name: str, content: bytes, form: str, **server):
        file = tmp_path / name
        file.write_bytes(content)
        source = make_source(location=str(file), format=form, **server)
        return land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")

    return landed


def rows(delivery):
    tables = [pq.read_table(path).to_pylist() for path in delivery.parquet_paths]
    return [(r["_line"], r["编号"], r["姓名"], r["_defect"]) for table in tables for r in table]


def workbook(tmp_path: Path) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["编号", "姓名"])
    book.active.append(["1", "张三"])
    book.save(tmp_path / "made.xlsx")
    return (tmp_path / "made.xlsx").read_bytes()


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_that_is_called_a_workbook_is_read_as_text(land, delimiter):
    text = f"编号{delimiter}姓名\r\n1{delimiter}张三\r\n"
    delivery = land("in.xlsx", text.encode("gb18030"), "xlsx")
    assert rows(delivery) == [(2, "1", "张三", None)]
    assert "纯文本" in delivery.remarks[-1]


def test_a_workbook_that_is_called_text_is_read_as_a_workbook(land, tmp_path):
    delivery = land("in.csv", workbook(tmp_path), "csv")
    assert rows(delivery) == [(2, "1", "张三", None)]
    assert "Excel 工作簿" in delivery.remarks[0]


@pytest.mark.parametrize("charset", ["utf-8", "gb2312"])
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_web_page_that_is_called_a_workbook(land, charset, form):
    page = PAGE.format(charset=charset).encode("gb18030" if charset == "gb2312" else "utf-8")
    delivery = land("in.xls", page, form)
    assert rows(delivery) == [
        (2, "1", "张\n三", None), (3, "2", "张\n三", None), (4, None, None, "FOOTER_ROW"),
    ]  # fmt: skip
    assert any("网页" in remark for remark in delivery.remarks)


def test_an_xml_spreadsheet_has_states_too(land):
    delivery = land("in.xls", SPREADSHEET.encode(), "xlsx")
    assert rows(delivery) == [(4, "1.30699197102028E+17", "#N/A", None)]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"%PDF-1.7", "a PDF document"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"Rar!\x1a\x07\0", "a RAR archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "text document"),
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
    ],
)
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_what_cannot_be_read_is_called_by_its_name(land, content, what, form):
    if form == "csv" and what == "password":
        what = "under a password"
    with pytest.raises(UnreadableDelivery, match=what):
        land("in.xlsx", content, form)


def test_a_workbook_without_the_columns_names_them(land, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["编号", "名字"])
    book.save(tmp_path / "made.xlsx")
    with pytest.raises(MissingColumn, match=r"姓名.*名字"):
        land("in.xlsx", (tmp_path / "made.xlsx").read_bytes(), "xlsx")


def test_utf_16_and_dates_in_text_are_no_binary(tmp_path):
    file = tmp_path / "in.csv"
    for text in ("编号,姓名\n1,张三\n", "0,\t\n1"):
        file.write_bytes(text.encode("utf-16"))
        assert recognise(file) == "text"


@pytest.fixture
def job(make_source, tmp_path):
    folder = tmp_path / "landed"
    folder.mkdir()
    (folder / "in.xlsx").write_bytes(workbook(tmp_path))
    (folder / MANIFEST).write_text('{"watermark": null}')
    source = make_source(format="xlsx")
    return ReaderJob(source, BATCH, folder, tmp_path / "scratch", "stem", Limits())


@pytest.mark.parametrize(
    ("death", "message"),
    [
        (f"os.kill(os.getpid(), {int(signal.SIGABRT)})", "crashed .SIGABRT.*other sources go on"),
        ("os._exit(3)", "crashed .exit code 3"),
        ("bytearray(1 << 50)", "more memory than a reader may use, 4 GiB"),
        (f"os.kill(os.getpid(), {int(signal.SIGKILL)})", "more memory"),
    ],
)
def test_a_reader_that_dies_is_an_error_of_its_delivery(job, tmp_path, monkeypatch, death, message):
    """A folder on the import path makes the other process do what native code does at its worst."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, threading\n"
        "import pipelines.extract.reading as reading\n"
        f"def dies(*_):\n    {death}\n"
        "reading.read_landed = dies\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UnreadableDelivery, match=message):
        read_apart(job)
    assert not list((tmp_path / "scratch").iterdir())


def test_what_is_no_plain_text_is_read_in_a_process_of_its_own(make_source, tmp_path, monkeypatch):
    began = []
    monkeypatch.setattr(
        "pipelines.extract.delivery.read_apart", lambda job: (began.append(job), read_apart(job))[1]
    )
    text = "编号,姓名\n1,张三\n".encode()
    for name, content, form, apart in (
        ("a.xlsx", workbook(tmp_path), "xlsx", 1),
        ("b.csv", text, "csv", 0),
    ):
        (tmp_path / name).write_bytes(content)
        began.clear()
        source = make_source(location=str(tmp_path / name), format=form)
        delivery = land_delivery(source, name[0] + BATCH, tmp_path / "l", tmp_path / "s")
        assert rows(delivery) == [(2, "1", "张三", None)]
        assert len(began) == apart


def test_memory_of_a_reader_is_bounded(job):
    """A bound below what any reader needs is told as such, with the setting."""
    with pytest.raises(UnreadableDelivery, match="BASELIB_READER_MEMORY"):
        read_apart(replace(job, limits=Limits(reader_memory=1 << 16)))


def test_what_a_reader_raises_is_raised(job):
    (job.folder / "in.xlsx").write_bytes(b"%PDF")
    with pytest.raises(UnreadableDelivery, match="PDF"):
        read_apart(job)


def test_the_reader_ends_with_whoever_waits_for_it():
    """Its input is closed then; a reader that waits for ever would keep the landing folder."""
    read, write = os.pipe()
    os.close(write)
    pid = os.fork()
    if pid == 0:
        os.dup2(read, 0)
        from pipelines.extract.reader_process import _end_with_parent

        _end_with_parent()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1
