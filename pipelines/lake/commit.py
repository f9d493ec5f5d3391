"""One Iceberg commit that replaces a batch's files, or all files, of a table by others."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table, TableProperties, Transaction
from pyiceberg.typedef import Record

from pipelines.lake.evolve import add_columns, common_schema, set_columns
from pipelines.lake.listing import live_files
from pipelines.lake.paths import lake_location, table_path

# Table property: the run that a table, written as a whole, is of. Not in the snapshot's summary: a
# run that comes to the same rows writes no snapshot, and owns the table all the same.
OWNER = "baselib.owner"
_FORMAT = {TableProperties.FORMAT_VERSION: "2"}
_TABLE_PROPERTIES = {
    # every commit writes a metadata file; the last 100 are enough to look back by hand
    TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED: "true",
    # every batch adds a manifest, and who looks for a table's files opens all: a hundred become one
    TableProperties.MANIFEST_MERGE_ENABLED: "true",
}


@dataclass(frozen=True)
class Replacement:
    """What a commit shall do. ``batch=None`` replaces every file of the table."""

    table: str
    batch: str | None
    paths: Sequence[Path]
    schemas: Sequence[pa.Schema]
    summary: Mapping[str, str]
    owner: str | None = None


@dataclass(frozen=True)
class Outcome:
    """The table's snapshot afterwards, and whether this commit made it."""

    snapshot_id: int | None
    changed: bool


def content_name(path: Path, batch: str, number: int) -> str:
    """File name in the lake: batch, SHA-256 of the content (16 digits), number in the write."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return f"{batch}-{digest[:16]}-{number}.parquet"


def replace_files(catalog: SqlCatalog, wanted: Replacement) -> Outcome:
    """Make the batch (or table) consist of exactly ``wanted.paths``, in one commit or none."""
    arrow = common_schema(wanted.schemas)
    table = _load_or_create(catalog, wanted, arrow)
    current = {table_path(file.file_path): file for file in live_files(table, wanted.batch)}
    kept = {table_path(path) for path in wanted.paths} & current.keys()
    if len(kept) == len(current) == len(wanted.paths):
        if wanted.owner and table.properties.get(OWNER) != wanted.owner:
            with table.transaction() as transaction:
                transaction.set_properties({OWNER: wanted.owner})
        snapshot = table.current_snapshot()
        return Outcome(snapshot.snapshot_id if snapshot else None, changed=False)
    with table.transaction() as transaction:
        _keep_properties(transaction)
        follow = set_columns if wanted.batch is None else add_columns
        follow(transaction, wanted.table, arrow)
        if wanted.batch is not None and not table.spec().fields:
            with transaction.update_spec() as spec:
                spec.add_identity("_batch")
        if wanted.owner:  # in the same commit as the files: never another run's name on them
            transaction.set_properties({OWNER: wanted.owner})
        _stage_files(transaction, wanted, current, kept)
    snapshot = catalog.load_table(wanted.table).current_snapshot()
    return Outcome(snapshot.snapshot_id if snapshot else None, changed=True)


def _load_or_create(catalog: SqlCatalog, wanted: Replacement, arrow: pa.Schema) -> Table:
    try:
        return catalog.load_table(wanted.table)
    except NoSuchTableError:
        table = catalog.create_table(wanted.table, arrow, properties=_FORMAT | _TABLE_PROPERTIES)
        mapping = table.schema().name_mapping.model_dump_json()  # our files carry no field ids
        with table.transaction() as transaction:
            transaction.set_properties({TableProperties.DEFAULT_NAME_MAPPING: mapping})
        return table


def _keep_properties(transaction: Transaction) -> None:
    """Tables that an earlier version made get the properties that are new since."""
    present = transaction.table_metadata.properties
    if any(present.get(name) != value for name, value in _TABLE_PROPERTIES.items()):
        transaction.set_properties(_TABLE_PROPERTIES)


def _stage_files(
    transaction: Transaction,
    wanted: Replacement,
    current: Mapping[str, DataFile],
    kept: set[str],
) -> None:
    """Whole files go and come; none is ever rewritten, whatever its rows are."""
    update = transaction.update_snapshot(snapshot_properties=dict(wanted.summary))
    gone = [file for name, file in current.items() if name not in kept]
    # A new batch takes nothing away; its commit also merges manifests (see _TABLE_PROPERTIES).
    with update.overwrite() if gone else update.merge_append() as change:
        for file in gone:
            change.delete_data_file(file)
        for path in wanted.paths:
            if table_path(path) not in kept:
                change.append_data_file(_data_file(transaction, path, wanted.batch))


def _data_file(transaction: Transaction, path: Path, batch: str | None) -> DataFile:
    """What Iceberg records of a file. The partition is said, not guessed: a file may be empty."""
    # It warns of each column of a file without rows, to the terminal.
    logging.getLogger("pyiceberg.io.pyarrow").setLevel(logging.ERROR)
    metadata = transaction.table_metadata
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=pq.read_metadata(path),
        stats_columns=compute_statistics_plan(metadata.schema(), metadata.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(metadata.schema()),
    )
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=lake_location(path),
        file_format=FileFormat.PARQUET,
        partition=Record(batch) if metadata.spec().fields else Record(),
        file_size_in_bytes=path.stat().st_size,
        sort_order_id=None,
        spec_id=metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )
