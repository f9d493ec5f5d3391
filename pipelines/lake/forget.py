"""Forget what tables of the lake were: earlier snapshots, and every file that only they name.

Rows that were taken out of a table are still in its earlier snapshots, and the least and greatest
value of each column in their manifests. What is told by a snapshot and is needed afterwards (the
properties of each batch, and which was written last) is kept as a property of the table.
"""

import json
from collections.abc import Mapping
from typing import Any

from pyiceberg.table import Table

from pipelines.lake.paths import table_path

WRITTEN = "baselib.written"  # table property: batch to properties, the one written last at the end


def forget_past(table: Table, batch_property: str) -> None:
    """Leave the table with its current snapshot alone; nothing is deleted from the disk yet."""
    current = table.current_snapshot()
    past = [each.snapshot_id for each in table.snapshots() if each != current]
    if not past:
        return
    written = json.dumps(written_batches(table, batch_property), ensure_ascii=False)
    with table.transaction() as transaction:
        transaction.set_properties({WRITTEN: written})
    table.refresh()
    table.maintenance.expire_snapshots().by_ids(past).commit()


def written_batches(
    table: Table, batch_property: str, until: int | None = None
) -> dict[str, Mapping[str, str]]:
    """Batch to the properties of its last write, in the order in which they were written.

    With ``until``, a snapshot: as they were then.
    """
    found: dict[str, Mapping[str, str]] = json.loads(table.properties.get(WRITTEN, "{}"))
    for snapshot in table.snapshots():
        summary = snapshot.summary.additional_properties if snapshot.summary else {}
        batch = summary.get(batch_property)
        if batch is not None:
            found.pop(batch, None)
            found[batch] = dict(summary)
        if snapshot.snapshot_id == until:
            break
    return found


def named_files(table: Table) -> set[str]:
    """Every file that the table's metadata still name, as ``table_path``, and they themselves."""
    named = {table_path(table.metadata_location)}
    for snapshot in table.snapshots():
        named.add(table_path(snapshot.manifest_list))
        named |= {table_path(each.manifest_path) for each in snapshot.manifests(table.io)}
    files: list[Any] = table.inspect.all_files()["file_path"].to_pylist()
    return named | {table_path(str(file)) for file in files}
