"""Which files a table consists of, read from its manifests.

PyIceberg's own scan leaves out files without rows; here an empty batch is a batch.
"""

from collections.abc import Iterator

from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table


def live_files(
    table: Table, batch: str | None = None, snapshot_id: int | None = None
) -> Iterator[DataFile]:
    """The data files of a snapshot (the current one by default), or of one batch in it."""
    chosen = table.current_snapshot() if snapshot_id is None else table.snapshot_by_id(snapshot_id)
    for manifest in chosen.manifests(table.io) if chosen else ():
        if batch is not None and not _may_hold(manifest, batch):
            continue
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            if batch is None or batch_of(entry.data_file) == batch:
                yield entry.data_file


def batch_of(file: DataFile) -> str | None:
    """The batch whose rows a file holds; ``None`` in a table that is written as a whole."""
    return str(file.partition[0]) if len(file.partition) else None


def _may_hold(manifest: ManifestFile, batch: str) -> bool:
    """Whether the manifest's range of batches includes this one: most need not be opened."""
    bounds = manifest.partitions[0] if manifest.partitions else None
    if bounds is None or bounds.lower_bound is None or bounds.upper_bound is None:
        return True
    return bounds.lower_bound <= batch.encode() <= bounds.upper_bound
