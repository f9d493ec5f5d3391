"""Land a delivery: fetch it, keep it as it came, and turn it into Parquet of the raw layer.

What was fetched lies under ``landing/<source>/<batch>/`` from the moment that it was read to the
end without an error, and is not fetched again: a database or an HTTP API would by then say
something else, and a batch that is repeated must be the same batch.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from pipelines.contracts.source import Source
from pipelines.errors import BatchChanged, DeliveryMissing, UnreadableDelivery
from pipelines.extract.completeness import require_whole
from pipelines.extract.connections.api_pages import can_go_on, sweep_drafts
from pipelines.extract.connections.files import copy_files, find_files, fingerprint
from pipelines.extract.formats.encodings import damaged
from pipelines.extract.formats.recognise import NAMES, recognise
from pipelines.extract.limits import STANDARD, Limits
from pipelines.extract.reader_process import ReaderJob, read_apart
from pipelines.extract.reading import (
    MANIFEST,
    Delivery,
    is_foreign,
    landed_files,
    read_landed,
)

__all__ = [
    "Delivery",
    "fingerprint_delivery",
    "land_delivery",
    "read_sample",
    "require_whole_delivery",
]


def land_delivery(
    source: Source,
    batch: str,
    landing_dir: Path,
    scratch_dir: Path,
    watermark: str | None = None,
    limits: Limits = STANDARD,
) -> Delivery:
    """Land one batch of a source; a batch that was landed before is read again from its copy.

    ``watermark`` is the one that the last delivery of a delta source returned. What is not plain
    text is read in a process of its own.

    Raises:
        DeliveryMissing: nothing is there.
        UnreadableDelivery: it cannot be read as a whole.
        MissingColumn: it lacks a column that the contract maps.
        DeliveryUnfinished: its marker is not there, or it was changed just now.
        RowsMissing: it has fewer rows than it or its contract says.
        BatchChanged: this batch was landed before, and the department's files say something else.
    """
    landed = landing_dir / source.name / batch
    stem = f"{source.name}-{batch}"
    if landed.exists():
        _refuse_change(source, batch, landed)
        return _read(source, batch, landed, scratch_dir, stem, limits)
    draft = landed.with_name(f".{batch}.part")
    sweep_drafts(draft)
    try:
        draft.mkdir(parents=True, exist_ok=True)
        _fetch(source, batch, draft, watermark, limits)
        delivery = _read(source, batch, draft, scratch_dir, stem, limits)
        draft.rename(landed)
    finally:
        if not can_go_on(draft):  # pages of an API are kept for the next try
            shutil.rmtree(draft, ignore_errors=True)
    return delivery


def read_sample(
    source: Source, sample: Path, batch: str, scratch_dir: Path, limits: Limits = STANDARD
) -> Delivery:
    """Read one file as a delivery of the source, wherever its contract says that these are.

    Of an API the file is one of its answers; of a database an SQLite file with the table, or an
    export of it in any form. Nothing is kept beyond the Parquet files in the scratch folder.

    Raises:
        UnreadableDelivery, MissingColumn: as ``land_delivery``.
    """
    if not sample.is_file():
        raise UnreadableDelivery(
            source.name, str(sample), "There is no such file.", "Correct the path of the sample."
        )
    with TemporaryDirectory(dir=scratch_dir, prefix="sample-") as name:
        folder = Path(name)
        server = replace(source.server, min_rows=0)  # a sample may be short
        tried = _source_of_sample(replace(source, server=server), sample, folder, batch, limits)
        return _read(tried, batch, folder, scratch_dir, f"{source.name}-sample", limits)


def _source_of_sample(
    source: Source, sample: Path, folder: Path, batch: str, limits: Limits
) -> Source:
    """Bring the sample into ``folder``, and answer the source whose delivery it would be."""
    with damaged(source, sample):
        kind = recognise(sample)
    if source.server.kind == "api" and kind != "json":
        raise UnreadableDelivery(
            source.name, sample.name, f"It is {NAMES[kind]}, and an API answers in JSON.",
            "Save one answer of the API as a file, and give that.",
        )  # fmt: skip
    if source.server.kind == "database" and kind == "sqlite":
        table = source.server.table and source.server.table.rpartition(".")[2]
        location = f"sqlite:///{sample.resolve()}"
        server = replace(source.server, location=location, table=table, secret=None)
        tried = replace(source, server=server)
        _fetch(tried, batch, folder, None, limits)
        return tried
    if source.server.kind == "api":
        _refuse_failed_answer(source, sample)
    shutil.copyfile(sample, folder / sample.name)
    (folder / MANIFEST).write_text(json.dumps({"watermark": None}), encoding="utf-8")
    return _as_export(source, sample) if source.server.kind == "database" else source


def _refuse_failed_answer(source: Source, sample: Path) -> None:
    from pipelines.extract.connections.api_answers import refuse_failure
    from pipelines.extract.formats.jsonlines import parse_page

    refuse_failure(source, sample.name, parse_page(source, sample.name, sample.read_bytes()), set())


def _as_export(source: Source, sample: Path) -> Source:
    """A table of a database that was exported to a file: read for what the file is."""
    from pipelines.extract.sample import look_at_guarded

    seen = look_at_guarded(sample, source.name)
    server = replace(
        source.server,
        kind="file",
        format="csv" if seen.kind == "sqlite" or seen.kind == "fixed" else seen.kind,
        encoding="auto",
        delimiter=seen.delimiter,
        records_path=seen.records_path or "data",
    )
    return replace(source, server=server)


def require_whole_delivery(source: Source, batch: str) -> None:
    """Check marker and rest of the files that lie there for a batch, without taking them.

    Raises:
        DeliveryMissing: nothing is there.
        DeliveryUnfinished: it is still being written.
    """
    require_whole(source, batch, find_files(source, batch))


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


def keep_files(
    source: Source, batch: str, landing_dir: Path, expected: str
) -> Sequence[str] | None:
    """Keep delivered files as they came, without reading them, and answer their names.

    None if they are no longer those whose fingerprint is ``expected``; then nothing is kept.

    Raises:
        BatchChanged: this batch was landed before, and the department's files say something else.
    """
    landed = landing_dir / source.name / batch
    if landed.exists():
        _refuse_change(source, batch, landed)
        return [file.name for file in landed_files(landed)]
    draft = landed.with_name(f".{batch}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        _fetch(source, batch, draft, None, STANDARD)
        files = landed_files(draft)
        if fingerprint(files) != expected:
            return None
        draft.rename(landed)
        return [file.name for file in files]
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _refuse_change(source: Source, batch: str, landed: Path) -> None:
    now = fingerprint_delivery(source, batch)
    if now is not None and now != fingerprint(landed_files(landed)):
        raise BatchChanged(source.name, batch)


def _fetch(source: Source, batch: str, folder: Path, watermark: str | None, limits: Limits) -> None:
    """Bring the delivery into ``folder``; its manifest holds watermark and announced rows."""
    announced: Mapping[str, int] = {}
    if source.server.kind == "database":
        from pipelines.extract.connections.database import fetch_table  # SQLAlchemy takes a while

        watermark = fetch_table(source, batch, folder, watermark, limits)
    elif source.server.kind == "api":
        from pipelines.extract.connections.api import fetch_pages  # so does an HTTP client

        watermark = fetch_pages(source, batch, folder, watermark, limits=limits)
    else:
        files = find_files(source, batch)
        announced = require_whole(source, batch, files)
        copy_files(files, folder)
    manifest = {"watermark": watermark, "announced": announced}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _read(
    source: Source, batch: str, folder: Path, scratch: Path, stem: str, limits: Limits
) -> Delivery:
    if is_foreign(source, landed_files(folder)):
        return cast(Delivery, read_apart(ReaderJob(source, batch, folder, scratch, stem, limits)))
    return read_landed(source, batch, folder, scratch, stem, limits)
