"""Archives and JSON documents: every record in them, by its place; nothing without a bound."""

import io
import json
import tarfile
import zipfile

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import UnreadableDelivery
from pipelines.extract import land_delivery
from pipelines.extract.formats.json_documents import read_json
from pipelines.extract.limits import Limits

BATCH = "20260630"
ONE, TWO = "编号,姓名\n1,张三\n".encode(), "编号,姓名\n2,李四\n坏\n".encode()


@pytest.fixture
def land(make_source, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.extract.delivery.is_foreign", lambda *_: False)

    def landed(name, content, form="csv", limits=None, remarks=None, **server):
        (tmp_path / name).write_bytes(content)
        source = make_source(location=str(tmp_path / name), format=form, **server)
        folders = (tmp_path / f"landing-{name}", tmp_path / "scratch")
        delivery = land_delivery(source, BATCH, *folders, None, limits or Limits())
        tables = [pq.read_table(path).to_pylist() for path in delivery.parquet_paths]
        rows = [(r["_file"], r["_line"], r["编号"], r["_defect"]) for t in tables for r in t]
        assert delivery.rows == len(rows)
        if remarks is not None:
            remarks += delivery.remarks
        return rows

    return landed


def zipped(**files) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def tarred(mode, **files) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target.getvalue()


EXPECTED = [
    ("in.zip/东湖.csv", 2, "1", None), ("in.zip/西山.csv", 2, "2", None),
    ("in.zip/西山.csv", 3, None, "RAGGED_LINE"),
]  # fmt: skip


def test_every_file_of_a_zip_is_read(land):
    files = {"东湖.csv": ONE, "西山.csv": TWO, "__MACOSX/._东湖.csv": b"x", "夹/": b""}
    assert land("in.zip", zipped(**files)) == EXPECTED


def test_documents_beside_the_data_are_left_out_and_told(land):
    told = []
    files = {"填报说明.pdf": b"%PDF-1.7", "东湖.csv": ONE, "签章.png": b"\x89PNG\r\n"}
    assert land("in.zip", zipped(**files), remarks=told) == EXPECTED[:1]
    assert told == [
        "in.zip/填报说明.pdf：不是数据文件（PDF 文档），未读取。",
        "in.zip/签章.png：不是数据文件（图片），未读取。",
    ]
    with pytest.raises(
        UnreadableDelivery, match=r"填报说明\.pdf: It is a PDF document, and there is"
    ):
        land("only.zip", zipped(**{"填报说明.pdf": b"%PDF-1.7"}))


def test_names_in_gbk_are_read(land):
    class Named(zipfile.ZipInfo):
        def _encodeFilenameFlags(self):  # noqa: N802 - the library's name
            return self.filename.encode("gbk"), self.flag_bits

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(Named("东湖.csv"), ONE)
        archive.writestr(Named("西山.csv"), TWO)
    assert land("in.zip", target.getvalue()) == EXPECTED


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_file_of_a_tar_is_read(land, mode):
    content = tarred(mode, **{"a.csv": ONE, "b.csv": TWO})
    assert [row[0] for row in land("in.tar.gz", content)] == [
        "in.tar.gz/a.csv", "in.tar.gz/b.csv", "in.tar.gz/b.csv",
    ]  # fmt: skip


def test_archives_within_archives_and_workbooks_within(land, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["编号", "姓名"])
    book.active.append(["3", "王五"])
    book.save(tmp_path / "made.xlsx")
    inner = zipped(**{"a.csv": ONE, "b.xlsx": (tmp_path / "made.xlsx").read_bytes()})
    rows = land("in.zip", zipped(**{"inner.zip": inner}))
    assert rows == [
        ("in.zip/inner.zip/a.csv", 2, "1", None), ("in.zip/inner.zip/b.xlsx", 2, "3", None),
    ]  # fmt: skip


def test_a_zip_for_a_contract_of_workbooks_or_json(land):
    line = '{"编号": "1", "姓名": "x"}'.encode()
    assert land("in.zip", zipped(**{"a.jsonl": line}), "jsonl") == [
        ("in.zip/a.jsonl", 1, "1", None)
    ]


@pytest.mark.parametrize(
    ("limits", "setting"),
    [
        (Limits(packed_files=1), "BASELIB_PACKED_FILES"),
        (Limits(unpacked_bytes=30), "BASELIB_UNPACKED_LIMIT"),
    ],
)
def test_archives_are_bounded(land, limits, setting):
    with pytest.raises(UnreadableDelivery, match=setting):
        land("in.zip", zipped(**{"a.csv": ONE, "b.csv": TWO}), limits=limits)


def test_nesting_is_bounded(land):
    content = zipped(**{"a.csv": ONE})
    for depth in range(3):
        content = zipped(**{f"{depth}.zip": content})
    with pytest.raises(UnreadableDelivery, match="BASELIB_PACKED_DEPTH"):
        land("in.zip", content)


def test_a_zip_that_lies_about_its_size_is_counted(land):
    bomb = zipped(**{"a.csv": b"0" * (1 << 22)})
    with pytest.raises(UnreadableDelivery, match="unpacks to more"):
        land("in.zip", bomb, limits=Limits(unpacked_bytes=1 << 20))


@pytest.mark.parametrize("content", [zipped(), zipped(**{".hidden": b"x"})])
def test_an_archive_without_a_file_is_refused(land, content):
    with pytest.raises(UnreadableDelivery, match="no file"):
        land("in.zip", content)


def test_a_damaged_archive_is_refused(land):
    content = zipped(**{"a.csv": ONE * 100})
    with pytest.raises(UnreadableDelivery, match="damaged"):
        land("in.zip", content[: len(content) // 2])


PEOPLE = [{"编号": str(n), "姓名": "张三"} for n in range(1, 4)]
NUMBERED = [(n, str(n)) for n in (1, 2, 3)]


def places(rows):
    return [(line, key) for _, line, key, _ in rows]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_list_is_read_record_by_record(land, indent, encoding):
    text = json.dumps(PEOPLE, ensure_ascii=False, indent=indent)
    assert places(land("in.json", text.encode(encoding), "jsonl")) == NUMBERED


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "wrap",
    [lambda p: {"code": 200, "data": p}, lambda p: {"data": {"list": p, "total": 3}},
     lambda p: {"a": {"b": {"rows": p}}, "other": [1, 2]}],
)  # fmt: skip
def test_a_list_within_an_object_is_found(land, indent, wrap):
    text = json.dumps(wrap(PEOPLE), ensure_ascii=False, indent=indent)
    assert places(land("in.json", text.encode(), "jsonl")) == NUMBERED


def test_an_object_without_the_list_is_refused_without_quoting_it(land):
    with pytest.raises(UnreadableDelivery, match="no list") as caught:
        land("in.json", json.dumps({"data": {"秘密": "张三"}}, indent=1).encode(), "jsonl")
    assert "张三" not in str(caught.value)


def test_bad_records_of_a_list_harm_themselves_only(land):
    text = '[{"编号": "1", "姓名": "x"}, 7, {"编号": 1, "编号": 2}, {"编号": "\\ud83d"}, {}]'
    rows = land("in.json", text.encode(), "jsonl")
    assert [(line, defect) for _, line, _, defect in rows] == [
        (1, None), (2, "MALFORMED_JSON"), (3, "MALFORMED_JSON"), (4, "MALFORMED_JSON"), (5, None),
    ]  # fmt: skip


def test_bytes_of_a_list_that_do_not_decode_harm_their_record_only(land):
    text = '[{"编号": "?"},\n{"编号": "2",\n"姓名": "x"}]'.encode().replace(b"?", b"\xff")
    rows = land("in.json", text, "jsonl")
    assert [defect for *_, defect in rows] == ["UNDECODABLE_BYTES", None]


@pytest.mark.parametrize("end", ["", ",", ', {"编号"', ', {"编号": "9"'])
def test_a_list_that_breaks_off_is_refused(land, end):
    text = json.dumps(PEOPLE, ensure_ascii=False)[:-1] + end
    with pytest.raises(UnreadableDelivery, match="after record 3"):
        land("in.json", text.encode(), "jsonl")


def test_an_object_is_bounded(land):
    text = json.dumps({"data": PEOPLE}, indent=1).encode()
    with pytest.raises(UnreadableDelivery, match="BASELIB_PAGE_LIMIT"):
        land("in.json", text, "jsonl", limits=Limits(page_bytes=20))


values = st.one_of(st.none(), st.text(max_size=5), st.integers(), st.floats(allow_nan=False))


@given(
    records=st.lists(st.dictionaries(st.sampled_from("abc"), values, min_size=1), max_size=6),
    block=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
)
@settings(deadline=None, max_examples=80)
def test_a_list_comes_back_whatever_the_blocks(source, tmp_path_factory, records, block, indent):
    file = tmp_path_factory.mktemp("list") / "in.json"
    file.write_text(json.dumps(records, indent=indent), encoding="utf-8")
    chunks = list(read_json(source, file, "utf-8", block=block))
    assert sum(len(chunk.lines) for chunk in chunks) == len(records)
    assert not any(chunk.defects for chunk in chunks)
