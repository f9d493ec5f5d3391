"""Chunks of a delivery as Parquet files of the raw layer, in bounded memory.

Raw is every delivered column as text under its ``stored_name``, then ``_batch``, ``_file``,
``_line``, ``_defect`` (the rule that a line breaks which is no record; NULL for a record) and
``_text`` (what such a line says).
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contracts.column_names import stored_name
from pipelines.extract.formats.chunk import Chunk, string_array

GROUP_ROWS = 122_880  # DuckDB's own row group, so that a scan spreads over its threads
_SAMPLE = 5_000  # rows by which a column is judged
GROUP_BYTES = 128 << 20  # but no more than this in memory, however wide the rows are
_ADDED = (
    pa.field("_batch", pa.string()),
    pa.field("_file", pa.string()),
    pa.field("_line", pa.int64()),
    pa.field("_defect", pa.string()),
    pa.field("_text", pa.string()),
)


class RawWriter:
    """Writes ``<stem>-<n>.parquet``; a column that turns up later begins a new file.

    One group of rows is written in a thread while the next one is read: Arrow needs no interpreter
    for it.
    """

    def __init__(self, folder: Path, stem: str, batch: str) -> None:
        self.paths: list[Path] = []
        self.rows = 0
        self.defective = 0
        self._folder, self._stem, self._batch = folder, stem, batch
        self._names: list[str] = []
        self._pending: list[pa.Table] = []
        self._pending_rows = self._pending_bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> "RawWriter":
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._thread:
            if kind is None:
                self._finish_file()
            elif self._writer is not None:
                wait([self._writing] if self._writing else [])
                self._writer.close()

    def add(self, file: str, chunk: Chunk) -> None:
        """Take a chunk's records and defects; ``file`` is the base name of the delivered file."""
        new = [name for name in chunk.columns if name not in self._names]
        if new:
            self._finish_file()
            self._names += new
        table = pa.concat_tables([self._records(file, chunk), self._defects(file, chunk)])
        self.rows += len(table)
        self.defective += len(chunk.defects)
        self._pending.append(table.sort_by("_line") if chunk.defects else table)
        self._pending_rows += len(table)
        self._pending_bytes += table.nbytes
        if self._pending_rows >= GROUP_ROWS or self._pending_bytes >= GROUP_BYTES:
            self._flush()

    def _records(self, file: str, chunk: Chunk) -> pa.Table:
        count = len(chunk.lines)
        delivered = [chunk.columns.get(name, _nothing(count)) for name in self._names]
        return self._table(delivered, file, pa.array(chunk.lines), _nothing(count), _nothing(count))

    def _defects(self, file: str, chunk: Chunk) -> pa.Table:
        lines = pa.array([defect.line for defect in chunk.defects], pa.int64())
        rules = string_array([defect.rule for defect in chunk.defects])
        texts = string_array([defect.text for defect in chunk.defects])
        return self._table([_nothing(len(lines))] * len(self._names), file, lines, rules, texts)

    def _table(
        self, delivered: Sequence[pa.Array], file: str, lines: pa.Array, *about: pa.Array
    ) -> pa.Table:
        where = [
            pa.repeat(pa.scalar(value, pa.string()), len(lines)) for value in (self._batch, file)
        ]
        return pa.table([*delivered, *where, lines, *about], schema=self._schema())

    def _schema(self) -> pa.Schema:
        return pa.schema(
            [*(pa.field(stored_name(name), pa.string()) for name in self._names), *_ADDED]
        )

    def _flush(self) -> None:
        table = pa.concat_tables(self._pending or [self._schema().empty_table()])
        if self._writer is None:
            path = self._folder / f"{self._stem}-{len(self.paths) + 1}.parquet"
            self.paths.append(path)
            self._writer = pq.ParquetWriter(
                path,
                self._schema(),
                compression="zstd",
                use_dictionary=_repeating(table),
                column_encoding={"_line": "DELTA_BINARY_PACKED"},
            )
        self._wait()
        self._writing = self._thread.submit(self._writer.write_table, table, GROUP_ROWS)
        self._pending = []
        self._pending_rows = self._pending_bytes = 0

    def _finish_file(self) -> None:
        """Close the file that is being written; one with no row is kept for its columns."""
        if self._pending:
            self._flush()
        self._wait()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _wait(self) -> None:
        """Until the last group is written; what went wrong with it is raised here."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None


def _repeating(table: pa.Table) -> list[str]:
    """The columns whose values repeat themselves, by the first ones.

    A dictionary of keys or addresses costs a third of all writing, and makes the file larger.
    """
    first = table.slice(0, _SAMPLE)
    return [
        name
        for name in first.column_names
        if name != "_line" and pc.count_distinct(first[name]).as_py() * 2 <= len(first)
    ]


def _nothing(count: int) -> pa.Array:
    return pa.nulls(count, pa.string())
