"""Deliveries of any form, whole and damaged: read or refused with a reason, and no row is lost.

``make test`` tries a few dozen files, ``make fuzz FILES=20000`` as many as it says, and prints how
many rows of how many files there were. Rows are drawn from a few cells by a seed of hypothesis, so
that a file may have hundreds of them.
"""

import html
import io
import json
import os
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape as xml_escape

import ibis
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts.source import Position
from pipelines.engines import kept_sql
from pipelines.engines.texts import parsed_texts
from pipelines.errors import BaselibError
from pipelines.extract.limits import STANDARD
from pipelines.extract.reading import MANIFEST, Delivery, read_landed
from pipelines.stage import columns_to_parse, parse_rows, rename_delivered, split_rows

BATCH, AS_OF = "20260630", date(2026, 6, 30)
FILES = int(os.environ.get("FUZZ_FILES", "60"))
STAGED_AT_ONCE = 100  # files whose rows are staged together: to parse costs more than to read
FUZZ = settings(
    max_examples=FILES, deadline=None, database=None, print_blob=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
SIGNS = ",;\t|~'\"\\=-_ .#()&<>/\n:"
WORDS = "张王李阿依古丽喆镕0123456789ABCxyz·（）锟斤拷绋嬫櫞"
CELLS = st.text(
    st.one_of(
        st.sampled_from(SIGNS), st.sampled_from(WORDS),
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]),
    ),
    max_size=12,
)  # fmt: skip
ENCODINGS = ["utf-8", "gb18030", "utf-16", "utf-8-sig", "auto"]
HEADER = ["编号", "姓名", "其他"]
PLACES = tuple(Position(name, n * 20 + 1, n * 20 + 20) for n, name in enumerate(HEADER))


@dataclass(frozen=True)
class File:
    """A delivered file, how its contract describes it, and what was written into it."""

    content: bytes
    server: dict
    rows: list[list[str]]  # none where a form keeps no text as it is
    count: int
    damaged: bool


# ---- how each form is written ----


def _csv(draw, rows, encoding):
    delimiter = draw(st.sampled_from([",", "\t", "|", ";", "|@|"]))
    quote = draw(st.sampled_from(['"', "'", None]))
    escape = draw(st.sampled_from([None, None, "\\"]))
    end = draw(st.sampled_from(["\n", "\r\n"]))

    def cell(text):
        if quote is None or escape is not None:
            return "".join(c for c in text if c not in f"\n{delimiter}{quote}\\\"'")
        return quote + text.replace(quote, quote * 2) + quote

    lines = [delimiter.join(map(cell, row)) for row in [HEADER, *rows]]
    written = [[_plain(cell(c), quote) for c in row] for row in rows]
    server = {"format": "csv", "delimiter": delimiter, "quote": quote, "escape": escape}
    return (end.join(lines) + end).encode(encoding), server, written


def _plain(cell, quote):
    return cell[1:-1].replace(quote * 2, quote) if quote and cell.startswith(quote) else cell


def _jsonl(draw, rows, encoding):
    records = [dict(zip(HEADER, row, strict=True)) for row in rows]
    form = draw(st.sampled_from(["lines", "list", "pretty", "object"]))
    if form == "lines":
        text = "\n".join(json.dumps(r, ensure_ascii=False) for r in records) + "\n"
    else:
        indent = 1 if form == "pretty" else None
        wrapped = {"code": 0, "data": records} if form == "object" and records else records
        text = json.dumps(wrapped, ensure_ascii=False, indent=indent)
    return text.encode(encoding), {"format": "jsonl"}, rows


def _xml(draw, rows, encoding):
    def record(row):
        cells = zip(HEADER, row, strict=True)
        return "<r>" + "".join(f"<{n}>{xml_escape(c)}</{n}>" for n, c in cells) + "</r>"

    text = f"<?xml version='1.0'?><a><b>{''.join(map(record, rows))}</b></a>"
    return text.encode(encoding), {"format": "xml", "records_path": "a/b/r"}, rows


def _html(draw, rows, encoding):
    def line(row):
        return "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>"

    text = f"<html><table>{''.join(map(line, [HEADER, *rows]))}</table></html>"
    return text.encode("utf-8"), {"format": "xlsx"}, None


def _xlsx(draw, rows, encoding):
    book = openpyxl.Workbook()
    for row in [HEADER, *rows]:
        book.active.append(["" if c.startswith("=") else c for c in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue(), {"format": draw(st.sampled_from(["xlsx", "csv"]))}, None


def _parquet(draw, rows, encoding):
    columns = [pa.array([row[n] for row in rows], pa.string()) for n in range(len(HEADER))]
    content = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=HEADER), content)
    return content.getvalue(), {"format": "parquet"}, rows


def _fixed(draw, rows, encoding):
    lines = ["".join(f"{c:<20}" for c in (d.replace("\n", "") for d in row)) for row in rows]
    server = {"format": "fixed", "positions": PLACES, "by_bytes": draw(st.booleans())}
    return ("\n".join(lines) + "\n").encode(encoding), server, None


def _dbf(draw, rows, encoding):
    begin, size = 32 + 32 * 3 + 1, 1 + 3 * 24
    head = bytes([3, 126, 6, 30]) + len(rows).to_bytes(4, "little")
    head += begin.to_bytes(2, "little") + size.to_bytes(2, "little") + b"\0" * 17 + b"\x4d\0\0"
    heads = b"".join(
        name.encode("gb18030").ljust(11, b"\0") + b"C\0\0\0\0" + bytes([24, 0]) + b"\0" * 14
        for name in HEADER
    )
    records = (b"".join(c.encode("gb18030")[:24].ljust(24) for c in row) for row in rows)
    body = b"".join(b" " + record for record in records)
    return head + heads + b"\r" + body + b"\x1a", {"format": "dbf", "encoding": "auto"}, None


FORMS = [_csv, _csv, _jsonl, _xml, _html, _xlsx, _parquet, _fixed, _dbf]


# ---- what becomes of files on their way ----


def _cut(content, place, _):
    return content[:place]


def _put_in(content, place, noise):
    return content[:place] + noise + content[place:]


def _overwrite(content, place, noise):
    return content[:place] + noise + content[place + len(noise) :]


def _repeat(content, place, _):
    return content[:place] + content[place // 2 :]


def _leave_out(content, place, noise):
    return content[:place] + content[place + 7 * len(noise) :]


def _dos_end(content, _place, _noise):
    return content + b"\x1a"


def _old_mac(content, _place, _noise):
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r")


def _twice(content, _place, _noise):
    return content + b"\xef\xbb\xbf" + content


def _sep(content, _place, noise):
    return b"sep=;\r\n" + content


DAMAGE = [_cut, _put_in, _overwrite, _repeat, _leave_out, _dos_end, _old_mac, _twice, _sep]


@st.composite
def files(draw):
    encoding = draw(st.sampled_from(ENCODINGS))
    codec = "utf-8" if encoding == "auto" else encoding
    pool = [cell for cell in draw(st.lists(CELLS, min_size=1, max_size=12)) if _fits(cell, codec)]
    chosen = draw(st.randoms(use_true_random=False))
    count = draw(st.sampled_from([0, 1, 2, 30, 300, 300, 1000]))
    rows = [
        [f"{n}", chosen.choice(pool or ["甲"]), chosen.choice(pool or ["乙"])] for n in range(count)
    ]
    content, server, written = draw(st.sampled_from(FORMS))(draw, rows, codec)
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    damage = draw(st.lists(st.sampled_from(DAMAGE), max_size=2)) if draw(st.booleans()) else []
    for each in damage:
        place = int(draw(st.floats(0, 1)) * len(content))
        content = each(content, place, draw(st.binary(min_size=1, max_size=9)))
    if draw(st.integers(0, 9)) == 0:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("内.dat", content)
        content = packed.getvalue()
    server = {"encoding": declared, **server}
    return File(content, server, written or [], count, bool(damage))


def _fits(text, codec):
    try:
        return text.encode(codec).decode(codec) == text
    except UnicodeError:
        return False


# ---- the law ----


class Fuzz:
    """Lands files, stages the rows of many together, and counts."""

    def __init__(self, con, source, folder: Path) -> None:
        self.con, self.source, self.folder = con, source, folder
        self.counts: Counter[str] = Counter()
        self.waiting: list[Path] = []
        self.waiting_rows = 0

    def land(self, file: File) -> Delivery | None:
        """What was read of a file; None if it was refused with a reason."""
        number = self.counts["files"]
        self.counts["files"] += 1
        folder = self.folder / str(number)
        folder.mkdir()
        (folder / "in.dat").write_bytes(file.content)
        (folder / MANIFEST).write_text('{"watermark": null}')
        source = replace(self.source, server=replace(self.source.server, **file.server))
        try:
            delivery = read_landed(
                source, BATCH, folder, self.folder / "scratch", f"s{number}", STANDARD
            )
        except BaselibError:
            self.counts["refused"] += 1
            return None
        finally:
            (folder / "in.dat").unlink()
        raw = [pq.read_table(path, columns=["_line", "_defect"]) for path in delivery.parquet_paths]
        rows = sum(map(len, raw))
        assert rows == delivery.rows
        set_aside = sum(len(t) - t["_defect"].null_count for t in raw)
        assert set_aside == delivery.defective
        self.counts["rows"] += rows
        self.counts["set aside"] += set_aside
        self.waiting += delivery.parquet_paths
        self.waiting_rows += rows
        return delivery

    def stage(self) -> None:
        """Stage what waits: each row is staged, superseded or in quarantine."""
        if not self.waiting:
            return
        raw = self.con.read_parquet([str(path) for path in self.waiting], union_by_name=True)
        raw = rename_delivered(raw, self.source)
        with parsed_texts(self.con, raw, columns_to_parse(self.source, raw), AS_OF) as texts:
            parsed = self.con.to_pyarrow(parse_rows(raw, self.source, AS_OF, texts))
        parts = split_rows(ibis.memtable(parsed), self.source)
        staged, quarantine = (
            self.con.to_pyarrow(t.count()).as_py() for t in (parts.staged, parts.quarantined)
        )
        superseded = self.con.to_pyarrow(parts.superseded.count()).as_py()
        assert staged + quarantine + superseded == self.waiting_rows
        self.counts["staged"] += staged + superseded
        self.counts["quarantined"] += quarantine
        for path in self.waiting:
            path.unlink()
        self.waiting, self.waiting_rows = [], 0
        self.tell()

    def tell(self) -> None:
        """Print the figures so far: a run of hours may be ended before it is through."""
        if "FUZZ_FILES" in os.environ:
            sys.stdout.write(f"\nfuzz: {dict(self.counts)}")
            sys.stdout.flush()


@pytest.fixture(scope="module")
def fuzz(source, tmp_path_factory):
    made = Fuzz(kept_sql.connect(threads=2), source, tmp_path_factory.mktemp("fuzz"))
    yield made
    made.stage()
    made.tell()


@FUZZ
@given(file=files())
def test_any_file_is_read_or_refused_and_no_row_is_lost(fuzz, file):
    delivery = fuzz.land(file)
    if not file.damaged:
        assert delivery is not None
        assert delivery.rows == file.count
    if not file.damaged and file.rows:
        assert delivery.rows - delivery.defective == len(file.rows)
        tables = [pq.read_table(path) for path in delivery.parquet_paths]
        read = [r for t in tables for r in zip(*(t[n].to_pylist() for n in HEADER), strict=True)]
        assert [list(row) for row in read if row[0] is not None] == file.rows
    if fuzz.counts["files"] % STAGED_AT_ONCE == 0:
        fuzz.stage()
