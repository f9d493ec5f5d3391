"""Land a delivery: fetch it, keep it as it came, and turn it into Parquet of the raw layer.

What was fetched lies under ``landing/<source>/<batch>/`` from the moment that it was read to the
end without an error, and is not fetched again: a database or an HTTP API would by then say
something else, and a batch that is repeated must be the same batch.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts.source import Source
from pipelines.errors import BatchChanged, DeliveryMissing
from pipelines.extract.connections.api import fetch_pages
from pipelines.extract.connections.database import fetch_table
from pipelines.extract.connections.files import copy_files, find_files, fingerprint
from pipelines.extract.formats.chunk import Chunk, empty_chunk
from pipelines.extract.formats.columns import mapped_names, require_mapped
from pipelines.extract.formats.delimited import read_delimited
from pipelines.extract.formats.encodings import Encoding, choose, damaged
from pipelines.extract.formats.excel import read_excel
from pipelines.extract.formats.jsonlines import read_json_lines, read_page
from pipelines.extract.formats.parquet import read_parquet
from pipelines.extract.raw import RawWriter

MANIFEST = "_delivery.json"
SPARSE = {"jsonl", "api"}  # a record says only what it has, so columns are checked at the end


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


def land_delivery(
    source: Source,
    batch: str,
    landing_dir: Path,
    scratch_dir: Path,
    watermark: str | None = None,
) -> Delivery:
    """Land one batch of a source; a batch that was landed before is read again from its copy.

    ``watermark`` is the one that the last delivery of a delta source returned.

    Raises:
        DeliveryMissing: nothing is there.
        UnreadableDelivery: it cannot be read as a whole.
        MissingColumn: it lacks a column that the contract maps.
        BatchChanged: this batch was landed before, and the department's files say something else.
    """
    landed = landing_dir / source.name / batch
    stem = f"{source.name}-{batch}"
    if landed.exists():
        _refuse_change(source, batch, landed)
        return _read(source, batch, landed, scratch_dir, stem)
    draft = landed.with_name(f".{batch}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        _fetch(source, batch, draft, watermark)
        delivery = _read(source, batch, draft, scratch_dir, stem)
        draft.rename(landed)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return delivery


def fingerprint_delivery(source: Source, batch: str) -> str | None:
    """Fingerprint of what the department delivers now; ``None`` where nobody can tell.

    Files can be compared with what was landed; what a database or an API says changes by itself.
    """
    if source.server.kind != "file":
        return None
    try:
        return fingerprint(find_files(source, batch))
    except DeliveryMissing:
        return None


def _refuse_change(source: Source, batch: str, landed: Path) -> None:
    now = fingerprint_delivery(source, batch)
    if now is not None and now != fingerprint(_landed_files(landed)):
        raise BatchChanged(source.name, batch)


def _fetch(source: Source, batch: str, folder: Path, watermark: str | None) -> None:
    """Bring the delivery into ``folder``, with a manifest that holds the next watermark."""
    if source.server.kind == "database":
        watermark = fetch_table(source, batch, folder, watermark)
    elif source.server.kind == "api":
        watermark = fetch_pages(source, batch, folder, watermark)
    else:
        copy_files(find_files(source, batch), folder)
    (folder / MANIFEST).write_text(json.dumps({"watermark": watermark}), encoding="utf-8")


def _landed_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.name != MANIFEST)


def _read(source: Source, batch: str, folder: Path, scratch: Path, stem: str) -> Delivery:
    """Turn landed files into raw Parquet, and check the columns."""
    files = _landed_files(folder)
    encodings: dict[str, Encoding] = {}
    found: dict[str, None] = {}
    with RawWriter(scratch, stem, batch) as writer:
        for file in files:
            for chunk in _chunks(source, file, encodings):
                found |= dict.fromkeys(chunk.columns)
                writer.add(file.name, chunk)
        if source.server.format in SPARSE:
            _check_sparse_columns(source, found, writer)
    mapped = mapped_names(source)
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return Delivery(
        parquet_paths=tuple(writer.paths),
        rows=writer.rows,
        defective=writer.defective,
        files=tuple(file.name for file in files),
        fingerprint=fingerprint(files),
        unmapped_columns=tuple(name for name in found if name not in mapped),
        watermark=manifest["watermark"],
        encoding=",".join(sorted({encoding.name for encoding in encodings.values()})),
        remarks=tuple(_remarks(encodings)),
    )


def _check_sparse_columns(source: Source, found: Collection[str], writer: RawWriter) -> None:
    """Columns of records that say only what they have; without any, the contract's are taken."""
    if found:
        require_mapped(source, "the delivery", found)
    else:
        writer.add("", empty_chunk([column.physical_name for column in source.columns]))


def _chunks(source: Source, file: Path, encodings: dict[str, Encoding]) -> Iterator[Chunk]:
    kind = source.server.format
    if kind in {"csv", "jsonl"}:
        with damaged(source, file):
            encodings[file.name] = choose(source, file)
        name = encodings[file.name].name
        chunks = (read_delimited if kind == "csv" else read_json_lines)(source, file, name)
    elif kind == "api":
        chunks = read_page(source, file)
    else:
        chunks = (read_excel if kind == "xlsx" else read_parquet)(source, file)
    for number, chunk in enumerate(chunks):
        if number == 0 and kind not in SPARSE:
            require_mapped(source, file.name, chunk.columns)
        yield chunk


def _remarks(encodings: dict[str, Encoding]) -> Iterator[str]:
    for file, encoding in encodings.items():
        if encoding.differs:
            yield f"{file}: {encoding.declared} → {encoding.name}"
