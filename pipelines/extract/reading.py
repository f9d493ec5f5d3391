"""Landed files as Parquet of the raw layer: each is read for what it is.

What a department calls a file decides nothing: text named ``.xlsx`` is read as text, and the owner
is told. What no reader can take is refused by its name.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.completeness import RowCounter, is_cut_off
from pipelines.extract.connections.files import fingerprint
from pipelines.extract.file_names import known_name
from pipelines.extract.formats.archives import ARCHIVES, unpack
from pipelines.extract.formats.chunk import Chunk, empty_chunk
from pipelines.extract.formats.columns import mapped_names, require_mapped
from pipelines.extract.formats.encodings import Encoding, choose, damaged, utf8_blocks
from pipelines.extract.formats.excel import SHEETS, read_excel
from pipelines.extract.formats.exchange.dbf import read_dbf
from pipelines.extract.formats.exchange.fixed_width import read_fixed_width
from pipelines.extract.formats.exchange.xml_records import read_xml
from pipelines.extract.formats.json_documents import read_json
from pipelines.extract.formats.jsonlines import read_page
from pipelines.extract.formats.parquet import read_parquet
from pipelines.extract.formats.recognise import NAMES, Kind, form_name, recognise
from pipelines.extract.formats.text.delimited import read_delimited
from pipelines.extract.limits import Limits
from pipelines.extract.raw import RawWriter
from pipelines.extract.remarks import remark

MANIFEST = "_delivery.json"
SPARSE = {
    "jsonl",
    "api",
    "xml",
}  # a record says only what it has, so columns are checked at the end
TEXT: frozenset[Kind] = frozenset({"text", "json", "xml", "empty"})
_BESIDE: frozenset[Kind] = frozenset({"pdf", "word", "image"})  # in an archive, beside the data
_DELIMITERS = (",", "\t", ";", "|")  # of text that should have been a workbook
_SAMPLE = 1 << 16


@dataclass(frozen=True)
class Delivery:
    """What was landed: ``rows`` are all delivered lines, ``defective`` those that are no record.

    ``parquet_paths`` are in the scratch folder and belong to the caller. ``fingerprint`` is the
    SHA-256 of the delivered content, ``watermark`` the one to hand in next time (NULL for files),
    ``encoding`` the one that text was read in, and ``remarks`` what the data owner should know.
    """

    parquet_paths: Sequence[Path]
    rows: int
    defective: int
    files: Sequence[str]
    fingerprint: str
    unmapped_columns: Sequence[str]
    watermark: str | None = None
    encoding: str = ""
    remarks: Sequence[str] = ()


def landed_files(folder: Path) -> list[Path]:
    """The files of a landed delivery, by name."""
    return sorted(file for file in folder.iterdir() if file.name != MANIFEST)


def is_foreign(source: Source, files: Sequence[Path]) -> bool:
    """Whether any file has a form whose reader must not share this process: not plain text."""
    if source.server.kind != "file":
        return False  # what we wrote ourselves
    if source.server.format == "xml":
        return True
    return any(_kind(source, file) not in TEXT for file in files)


def read_landed(
    source: Source, batch: str, folder: Path, scratch: Path, stem: str, limits: Limits
) -> Delivery:
    """Turn landed files into raw Parquet, and check the columns.

    Raises:
        UnreadableDelivery, MissingColumn, RowsMissing: see ``land_delivery``.
    """
    files = landed_files(folder)
    encodings: dict[str, Encoding] = {}
    found: dict[str, None] = {}
    remarks = list(_identical(source, files))
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    counter = RowCounter(source, batch, manifest.get("announced", {}))
    with RawWriter(scratch, stem, batch) as writer:
        for file in files:
            chunks = _chunks(source, file, scratch, encodings, limits)
            # A line without an end comes in a chunk of its own.
            last: deque[Chunk] = deque(maxlen=2)
            for chunk in counter.count(file, chunks):
                found |= dict.fromkeys(chunk.columns)
                remarks += chunk.remarks
                writer.add(known_name(file.name + chunk.part), chunk)
                if len(chunk.lines) or chunk.defects:
                    last.append(chunk)
            if source.server.kind == "file" and is_cut_off(file, last, _kind(source, file)):
                remarks.append(remark(source, "cut_off", file.name))
        counter.finish()
        if source.server.format in SPARSE:
            _check_sparse_columns(source, found, writer)
    mapped, encoded = mapped_names(source), _other_encodings(source, encodings)
    return Delivery(
        parquet_paths=tuple(writer.paths),
        rows=writer.rows,
        defective=writer.defective,
        files=tuple(file.name for file in files),
        fingerprint=fingerprint(files),
        unmapped_columns=tuple(name for name in found if name not in mapped),
        watermark=manifest["watermark"],
        encoding=",".join(sorted({encoding.name for encoding in encodings.values()})),
        remarks=tuple(dict.fromkeys([*encoded, *remarks, *counter.remarks])),
    )


def _identical(source: Source, files: Sequence[Path]) -> Iterator[str]:
    """A remark for each file that is another one of the delivery under a second name."""
    sizes = Counter(file.stat().st_size for file in files)
    first: dict[str, str] = {}
    for file in files:
        if source.server.kind != "file" or sizes[file.stat().st_size] == 1:
            continue
        name = first.setdefault(fingerprint([file]), file.name)
        if name != file.name:
            yield remark(source, "identical_files", file.name, detail=name)


def _check_sparse_columns(source: Source, found: Collection[str], writer: RawWriter) -> None:
    """Columns of records that say only what they have; without any, the contract's are taken."""
    if found:
        require_mapped(source, "the delivery", found)
    else:
        writer.add("", empty_chunk([column.physical_name for column in source.columns]))


def _chunks(
    source: Source, file: Path, scratch: Path, encodings: dict[str, Encoding], limits: Limits
) -> Iterator[Chunk]:
    """The records of one file; a column of the contract that it lacks stops the delivery."""
    kind = source.server.format
    checked: set[tuple[str, ...]] = set()
    for chunk in _read_file(source, file, scratch, encodings, limits):
        columns = tuple(chunk.columns)
        if kind not in SPARSE and columns not in checked:
            require_mapped(source, known_name(file.name + chunk.part), columns)
            checked.add(columns)
        yield chunk


def _read_file(
    source: Source, file: Path, scratch: Path, encodings: dict[str, Encoding], limits: Limits
) -> Iterator[Chunk]:
    declared = source.server.format
    if declared == "api":
        yield from read_page(source, file)
    elif source.server.kind == "database":
        yield from read_parquet(source, file)
    elif (kind := _kind(source, file)) in ARCHIVES:
        yield from _read_archive(source, file, scratch, encodings, limits)
    else:
        yield from _read_by_content(source, file, kind, encodings, limits)


def _read_archive(
    source: Source, file: Path, scratch: Path, encodings: dict[str, Encoding], limits: Limits
) -> Iterator[Chunk]:
    """Every file of an archive, read for what it is; ``a.zip/inner.csv`` is its name in raw.

    A document or picture beside the data is no data: it is left out, and the owner is told.
    """
    others: list[tuple[str, Kind]] = []
    read = False
    with TemporaryDirectory(dir=scratch, prefix="unpacked-") as folder:
        for member in unpack(source, file, Path(folder), limits):
            kind = _kind(source, member.file)
            if kind in _BESIDE:
                others.append((member.name, kind))
                continue
            read = True
            within = member.name.removeprefix(file.name)
            for chunk in _read_by_content(source, member.file, kind, encodings, limits):
                yield replace(chunk, part=within + chunk.part)
    for name, kind in others:
        if not read:
            raise UnreadableDelivery(
                source.name, name, f"It is {NAMES[kind]}, and there is no file with records.",
                "Ask for what was agreed.",
            )  # fmt: skip
        said = remark(source, "beside", name, detail=form_name(source, kind))
        yield replace(_nothing_of(source), remarks=[said])


def _read_by_content(
    source: Source, file: Path, kind: Kind, encodings: dict[str, Encoding], limits: Limits
) -> Iterator[Chunk]:
    declared = source.server.format
    if declared == "parquet":
        yield from read_parquet(source, file)
    elif kind in SHEETS and declared in {"csv", "xlsx"}:
        if kind != "xlsx" or declared != "xlsx":
            yield _other_form(source, file, kind)
        yield from read_excel(source, file, limits=limits, kind=kind)
    elif kind in TEXT and declared in {"xml", "fixed"} and kind != "json":
        with damaged(source, file):
            encodings[file.name] = choose(source, file)
        yield from _TEXT_READERS[declared](source, file, encodings[file.name].name, limits)
    elif kind == declared == "dbf":
        yield from read_dbf(source, file)
    elif kind in TEXT and declared == "csv":
        yield from _read_text(source, file, encodings)
    elif kind in TEXT and declared == "jsonl":
        with damaged(source, file):
            encodings[file.name] = choose(source, file)
        yield from read_json(source, file, encodings[file.name].name, limits)
    elif kind == "text" and declared == "xlsx":
        yield _other_form(source, file, kind)
        yield from _read_text(_as_text(source, file), file, encodings)
    elif declared == "xlsx":
        yield from read_excel(source, file, limits=limits, kind=kind)  # which says what it is
    else:
        raise UnreadableDelivery(
            source.name, file.name, f"It is {NAMES[kind]}, and its contract says {declared}.",
            "Correct servers[0].format in the contract, or ask for what was agreed.",
        )  # fmt: skip


_TEXT_READERS: Mapping[str, Callable[[Source, Path, str, Limits], Iterator[Chunk]]] = {
    "xml": read_xml,
    "fixed": lambda source, file, encoding, _: read_fixed_width(source, file, encoding),
}


def _read_text(source: Source, file: Path, encodings: dict[str, Encoding]) -> Iterator[Chunk]:
    with damaged(source, file):
        encodings[file.name] = choose(source, file)
    yield from read_delimited(source, file, encodings[file.name].name)


def _kind(source: Source, file: Path) -> Kind:
    with damaged(source, file):
        return recognise(file)


def _other_form(source: Source, file: Path, kind: Kind) -> Chunk:
    """A chunk that only says so; its columns are those of the contract, which will be checked."""
    agreed = form_name(source, "text" if source.server.format == "csv" else "xlsx")
    detail = form_name(source, kind)
    said = remark(source, "other_form", file.name, expected=agreed, detail=detail)
    return replace(_nothing_of(source), remarks=[said])


def _nothing_of(source: Source) -> Chunk:
    """A chunk without records, with the columns of the contract."""
    names = [column.physical_name for column in source.columns]
    return empty_chunk(list(dict.fromkeys(names)))


def _as_text(source: Source, file: Path) -> Source:
    """The source of a file that should have been a workbook: its delimiter is found."""
    with damaged(source, file):
        encoding = choose(replace(source, server=replace(source.server, encoding="auto")), file)
        text = next(iter(utf8_blocks(file, encoding.name, _SAMPLE)), b"").decode("utf-8", "replace")
    lines = text.splitlines()[:20]
    wanted = mapped_names(source)

    def matches(delimiter: str) -> int:
        cells = (line.split(delimiter) for line in lines)
        return max(
            (sum(cell.strip('" \ufeff') in wanted for cell in row) for row in cells), default=0
        )

    best = max(_DELIMITERS, key=matches)
    return replace(source, server=replace(source.server, encoding="auto", delimiter=best))


def _other_encodings(source: Source, encodings: dict[str, Encoding]) -> Iterator[str]:
    for file, each in encodings.items():
        if each.differs:
            yield remark(source, "encoding", file, expected=each.declared, detail=each.name)
