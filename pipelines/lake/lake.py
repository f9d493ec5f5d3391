"""Tables of the lake: written by batch or as a whole, read as Ibis tables, never half-written.

An engine writes Parquet to scratch; the file is moved into the lake under the hash of its content,
and one Iceberg commit makes it visible. Nothing before that commit can be seen, so a crash leaves
at most an unused file (``remove_orphans``), and writing the same rows again changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
from ibis.backends import BaseBackend
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from pipelines.batch import batch_key
from pipelines.errors import TableMissing
from pipelines.lake.commit import OWNER, Replacement, content_name, replace_files
from pipelines.lake.expiry import expire, expired_snapshots, used_files
from pipelines.lake.forget import forget_past, named_files, written_batches
from pipelines.lake.listing import batch_of, live_files
from pipelines.lake.lock import table_lock
from pipelines.lake.paths import table_path
from pipelines.lake.reading import read_files
from pipelines.lake.types import storable
from pipelines.runtime.files import move_file
from pipelines.runtime.scratch import scratch_folder
from pipelines.runtime.stop_points import stop_point
from pipelines.settings import Settings

NAMESPACES = ("raw", "staged", "quarantine", "identity", "candidate", "core")
BATCH_COLUMN = "_batch"
_PROPERTY = "baselib."  # prefix of our keys in an Iceberg snapshot summary
_BATCH_PROPERTY = f"{_PROPERTY}batch"
_WHOLE = "all"  # what stands for the batch in names when a table is written as a whole


@dataclass(frozen=True)
class Commit:
    """What a write came to: rows written, the table's snapshot, whether anything changed."""

    rows: int
    snapshot_id: int | None
    changed: bool


@dataclass(frozen=True)
class Lake:
    """All tables; named ``namespace.table``. Made by ``open_lake``."""

    catalog: SqlCatalog
    root: Path
    scratch: Path

    def read(
        self,
        con: BaseBackend,
        table: str,
        batch: str | None = None,
        snapshot_id: int | None = None,
    ) -> ir.Table:
        """A table, one batch of it, or either as an earlier snapshot had it.

        Columns are those of the table at that snapshot; a batch written before a column was added
        has NULL there.

        Raises:
            TableMissing: the table, the batch or the snapshot does not exist.
        """
        loaded = self._load(table, batch)
        paths = self._files(loaded, batch, snapshot_id)
        if not paths:
            raise TableMissing(table, batch)
        snapshot = loaded.snapshot_by_id(snapshot_id) if snapshot_id is not None else None
        schema_id = snapshot.schema_id if snapshot else None
        schema = loaded.schema() if schema_id is None else loaded.schemas()[schema_id]
        return read_files(con, paths, schema)

    def has(self, table: str, batch: str | None = None) -> bool:
        """Whether the table, or that batch of it, has been written (be it with no rows)."""
        try:
            return bool(self.files(table, batch))
        except TableMissing:
            return False

    def batches(self, table: str, snapshot_id: int | None = None) -> list[str]:
        """The batches of a table, now or at a snapshot, in order; none when it does not exist."""
        try:
            loaded = self._load(table, None)
        except TableMissing:
            return []
        found = {batch_of(file) for file in live_files(loaded, None, snapshot_id)}
        return sorted((batch for batch in found if batch), key=batch_key)

    def last_batch(self, table: str) -> str | None:
        """The batch that was written last, whatever its id; ``None`` when there is none."""
        try:
            written = written_batches(self._load(table, None), _BATCH_PROPERTY)
        except TableMissing:
            return None
        return next((batch for batch in reversed(written) if batch != _WHOLE), None)

    def files(
        self, table: str, batch: str | None = None, snapshot_id: int | None = None
    ) -> list[Path]:
        """The Parquet files of a table in a fixed order.

        Raises:
            TableMissing: no such table or snapshot.
        """
        return self._files(self._load(table, batch), batch, snapshot_id)

    def lost_files(
        self, table: str, batch: str | None = None, snapshot_id: int | None = None
    ) -> list[Path]:
        """Files that the table should have and that somebody has deleted or cut short."""
        loaded = self._load(table, batch)
        files = live_files(loaded, batch, snapshot_id)
        sizes = {self.root / table_path(f.file_path): f.file_size_in_bytes for f in files}
        return sorted(path for path, size in sizes.items() if _size(path) != size)

    def write(
        self,
        con: BaseBackend,
        rows: ir.Table,
        table: str,
        *,
        batch: str | None,
        order_by: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> Commit:
        """Replace one batch of ``table``, or with ``batch=None`` the whole table, by ``rows``.

        The table is made when it is missing. With an ``order_by`` that leaves no ties the same rows
        give byte-identical files. ``_batch`` is added when ``rows`` lacks it. ``owner`` is the run
        that the whole table is of from now on, also where no row has changed.
        """
        if batch is not None and BATCH_COLUMN not in rows.columns:
            rows = rows.mutate(**{BATCH_COLUMN: ibis.literal(batch, type="string")})
        rows = storable(rows)
        if order_by:
            rows = rows.order_by(list(order_by))
        with scratch_folder(self.scratch, "write") as folder:
            target = folder / "rows.parquet"
            con.to_parquet(rows, target, compression="zstd")
            written = sorted(target.glob("part-*.parquet")) if target.is_dir() else [target]
            return self.write_files(written, table, batch=batch, properties=properties, owner=owner)

    def write_files(
        self,
        paths: Iterable[Path],
        table: str,
        *,
        batch: str | None,
        properties: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> Commit:
        """As ``write``, of Parquet files that exist already. They are moved into the lake.

        Files of a batch must have the column ``_batch`` with that batch in every row.
        """
        schemas, rows = [], 0
        named: list[tuple[Path, str]] = []
        for number, path in enumerate(paths):
            metadata = pq.read_metadata(path)
            schemas.append(metadata.schema.to_arrow_schema())
            rows += metadata.num_rows
            named.append((path, content_name(path, batch or _WHOLE, number)))
        summary = {f"{_PROPERTY}{key}": value for key, value in (properties or {}).items()}
        summary[_BATCH_PROPERTY] = batch or _WHOLE
        stop_point(f"{table} before")
        with table_lock(self.catalog.engine, table):
            moved = [_move(path, self._data_dir(table) / name) for path, name in named]
            stop_point(f"{table} placed")
            done = replace_files(
                self.catalog, Replacement(table, batch, moved, schemas, summary, owner)
            )
        stop_point(f"{table} after")
        return Commit(rows, done.snapshot_id, done.changed)

    def owner(self, table: str) -> str | None:
        """The run that wrote the table last, be it the same rows; ``None`` if nobody said."""
        try:
            return self._load(table, None).properties.get(OWNER)
        except TableMissing:
            return None

    def properties(
        self, table: str, batch: str | None, snapshot_id: int | None = None
    ) -> dict[str, str]:
        """The properties given when that batch (``None``: the whole table) was last written.

        With ``snapshot_id``: up to that snapshot.

        Raises:
            TableMissing: it has never been written.
        """
        written = written_batches(self._load(table, batch), _BATCH_PROPERTY, snapshot_id)
        if (batch or _WHOLE) not in written:
            raise TableMissing(table, batch)
        summary = written[batch or _WHOLE]
        ours = {k: v for k, v in summary.items() if k.startswith(_PROPERTY)}
        return {k.removeprefix(_PROPERTY): v for k, v in ours.items() if k != _BATCH_PROPERTY}

    def snapshot_id(self, table: str) -> int | None:
        """The current snapshot, or ``None`` when the table does not exist."""
        try:
            snapshot = self._load(table, None).current_snapshot()
        except TableMissing:
            return None
        return snapshot.snapshot_id if snapshot else None

    def snapshot_before(self, table: str, moment: datetime) -> int:
        """The last snapshot that was committed until a moment.

        Raises:
            TableMissing: there is none.
        """
        limit = moment.timestamp() * 1000
        found = [one for one in self._load(table, None).snapshots() if one.timestamp_ms <= limit]
        if not found:
            raise TableMissing(table, None)
        return found[-1].snapshot_id

    def refuse_lost(self, table: str, snapshot_id: int) -> None:
        """Go on only if every file of a snapshot is there, as long as it was.

        Raises:
            TableMissing: somebody has deleted one or cut it short, or the snapshot was given up.
        """
        self.files(table, snapshot_id=snapshot_id)
        if lost := self.lost_files(table, snapshot_id=snapshot_id):
            raise TableMissing(table, None, f"Lost: {', '.join(file.name for file in lost)}.")

    def tables(self) -> list[str]:
        """All tables by name."""
        names = (self.catalog.list_tables(namespace) for namespace in NAMESPACES)
        return sorted(".".join(name) for some in names for name in some)

    def expire(self, table: str, before: datetime, named: Collection[int] = ()) -> int:
        """Drop snapshots superseded before that time, but those ``named``; returns how many.

        The last snapshot of each batch, which has its properties, stays in any case. Files that
        then belong to no snapshot go with the next ``remove_orphans``.
        """
        with table_lock(self.catalog.engine, table):
            loaded = self._load(table, None)
            old = expired_snapshots(loaded, before, named, _BATCH_PROPERTY)
            if old:
                expire(loaded, old)
        return len(old)

    def remove_orphans(self, older_than: timedelta = timedelta(days=1)) -> list[Path]:
        """Delete files that no snapshot of any table refers to; returns which.

        Such files are left by a crash between writing and committing, and by ``expire``. Safe
        beside a running run: a file is moved in and committed under the lock that is taken here,
        table by table. ``older_than`` spares what is copied in from another file system before.
        """
        latest = (datetime.now(UTC) - older_than).timestamp()
        return [path for table in self.tables() for path in self._sweep(table, latest)]

    def _sweep(self, table: str, latest: float) -> list[Path]:
        """Files that are old enough are looked for first, and mostly there are some."""
        data, metadata = self._data_dir(table), self._data_dir(table).parent / "metadata"
        files = [*data.glob("*.parquet"), *data.glob(".*.parquet.*")]
        files += [*metadata.glob("*.avro"), *metadata.glob("*.metadata.json")]
        old = {path for path in files if path.stat().st_mtime <= latest}
        if not old:
            return []
        with table_lock(self.catalog.engine, table):
            used = {self.root / path for path in used_files(self._load(table, None))}
            unused = sorted(old - used)
            for path in unused:
                path.unlink(missing_ok=True)
        return unused

    def forget(self, table: str) -> int:
        """Forget the earlier snapshots of a table and delete their files; returns how many.

        Whoever reads an earlier snapshot just now fails: hold the locks of those who do.
        """
        with table_lock(self.catalog.engine, table):
            forget_past(self._load(table, None), _BATCH_PROPERTY)
            named = named_files(self._load(table, None))
            folder = self._data_dir(table).parent
            gone = [file for file in folder.rglob("*") if file.is_file()]
            gone = [file for file in gone if table_path(file) not in named]
            for file in gone:
                file.unlink(missing_ok=True)
        return len(gone)

    def close(self) -> None:
        """Give the catalogue's database connections back."""
        self.catalog.close()

    def _load(self, table: str, batch: str | None) -> Table:
        try:
            return self.catalog.load_table(table)
        except NoSuchTableError:
            raise TableMissing(table, batch) from None

    def _files(self, loaded: Table, batch: str | None, snapshot_id: int | None) -> list[Path]:
        if snapshot_id is not None and loaded.snapshot_by_id(snapshot_id) is None:
            raise TableMissing(".".join(loaded.name()), batch, f"No snapshot {snapshot_id}.")
        files = live_files(loaded, batch, snapshot_id)
        return sorted(self.root / table_path(file.file_path) for file in files)

    def _data_dir(self, table: str) -> Path:
        return self.root.joinpath(*table.split("."), "data")


def _move(path: Path, target: Path) -> Path:
    """Move a file into the lake in one step; a file of that name has the same content."""
    if _size(target) == path.stat().st_size:
        path.unlink()
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    return move_file(path, target)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def open_lake(settings: Settings) -> Lake:
    """The lake of these settings; makes catalogue and folders when they are missing.

    Raises:
        DatabaseUnavailable: the PostgreSQL that holds the catalogue cannot be reached.
    """
    from pipelines.lake.catalog import open_catalog

    catalog = open_catalog(settings, NAMESPACES)
    return Lake(catalog, settings.lake_dir, settings.scratch_dir)
