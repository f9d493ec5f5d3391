"""Which snapshots a table need no longer keep, and which files on disk belong to none.

A snapshot that was superseded costs the files that only it refers to: of a table that is written
as a whole, all of them. PyIceberg takes a snapshot out of the metadata and leaves its files.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import pairwise

from pyiceberg.manifest import ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from pipelines.lake.paths import table_path


def expired_snapshots(
    table: Table, before: datetime, named: Collection[int], batch_property: str
) -> list[int]:
    """Ids of snapshots that another one followed before that time, in order.

    Whatever its age, the current one stays, those that are ``named``, and of each batch the one
    that wrote it last, which holds the batch's properties.
    """
    snapshots = table.snapshots()
    latest = {_batch(each, batch_property): each.snapshot_id for each in snapshots}
    kept = {*named, *latest.values(), snapshots[-1].snapshot_id if snapshots else None}
    end = before.timestamp() * 1000
    old = [each.snapshot_id for each, later in pairwise(snapshots) if later.timestamp_ms < end]
    return [each for each in old if each not in kept]


def expire(table: Table, snapshots: list[int]) -> None:
    """Take them out of the table's metadata, in one commit."""
    table.maintenance.expire_snapshots().by_ids(snapshots).commit()


def used_files(table: Table) -> set[str]:
    """``table_path`` of every file that the table's metadata or one of its snapshots refer to.

    A manifest that many snapshots share is read once.
    """
    used = {table.metadata_location, *(log.metadata_file for log in table.metadata.metadata_log)}
    used |= {each.manifest_list for each in table.snapshots()}
    for manifest in _manifests(table):
        used.add(manifest.manifest_path)
        entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        used |= {entry.data_file.file_path for entry in entries}
    return {table_path(path) for path in used}


def _manifests(table: Table) -> Iterator[ManifestFile]:
    seen: set[str] = set()
    for snapshot in table.snapshots():
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in seen:
                seen.add(manifest.manifest_path)
                yield manifest


def _batch(snapshot: Snapshot, batch_property: str) -> str | None:
    return snapshot.summary.additional_properties.get(batch_property) if snapshot.summary else None
