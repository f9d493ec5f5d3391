"""Land a delivery: fetch it, keep it as it came, and turn it into Parquet of the raw layer.

What was fetched lies under ``landing/<source>/<batch>/`` from the moment that it was read to the
end without an error, and is not fetched again: a database or an HTTP API would by then say
something else, and a batch that is repeated must be the same batch.
"""

import json
import shutil
from pathlib import Path
from typing import cast

from pipelines.contracts.source import Source
from pipelines.errors import BatchChanged, DeliveryMissing
from pipelines.extract.connections.files import copy_files, find_files, fingerprint
from pipelines.extract.limits import STANDARD, Limits
from pipelines.extract.reader_process import ReaderJob, read_apart
from pipelines.extract.reading import (
    MANIFEST,
    Delivery,
    is_foreign,
    landed_files,
    read_landed,
)

__all__ = ["Delivery", "fingerprint_delivery", "land_delivery"]


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
        BatchChanged: this batch was landed before, and the department's files say something else.
    """
    landed = landing_dir / source.name / batch
    stem = f"{source.name}-{batch}"
    if landed.exists():
        _refuse_change(source, batch, landed)
        return _read(source, batch, landed, scratch_dir, stem, limits)
    draft = landed.with_name(f".{batch}.part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True)
        _fetch(source, batch, draft, watermark, limits)
        delivery = _read(source, batch, draft, scratch_dir, stem, limits)
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
    if now is not None and now != fingerprint(landed_files(landed)):
        raise BatchChanged(source.name, batch)


def _fetch(source: Source, batch: str, folder: Path, watermark: str | None, limits: Limits) -> None:
    """Bring the delivery into ``folder``, with a manifest that holds the next watermark."""
    if source.server.kind == "database":
        from pipelines.extract.connections.database import fetch_table  # SQLAlchemy takes a while

        watermark = fetch_table(source, batch, folder, watermark, limits)
    elif source.server.kind == "api":
        from pipelines.extract.connections.api import fetch_pages  # so does an HTTP client

        watermark = fetch_pages(source, batch, folder, watermark, limits=limits)
    else:
        copy_files(find_files(source, batch), folder)
    (folder / MANIFEST).write_text(json.dumps({"watermark": watermark}), encoding="utf-8")


def _read(
    source: Source, batch: str, folder: Path, scratch: Path, stem: str, limits: Limits
) -> Delivery:
    if is_foreign(source, landed_files(folder)):
        return cast(Delivery, read_apart(ReaderJob(source, batch, folder, scratch, stem, limits)))
    return read_landed(source, batch, folder, scratch, stem, limits)
