"""Parquet deliveries as chunks: every column as the text of its values."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import Chunk, Defect, Lines, empty_chunk, string_array
from pipelines.extract.formats.columns import header_names

RULE, TEXT = "\x1frule", "\x1ftext"  # columns of a table that we fetched: rows that are no record
ROWS = 65_536  # rows turned to text at a time


def read_parquet(source: Source, file: Path, rows: int = ROWS) -> Iterator[Chunk]:
    """The records of a Parquet file; the first chunk is empty and tells the columns.

    The line of a record is its row number, from 1. NULL stays NULL; dates and times are ISO 8601.

    Raises:
        UnreadableDelivery: it is no Parquet file.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            written = parquet.schema_arrow.names
            ours = written[-2:] == [RULE, TEXT]
            names = header_names(source, file.name, written[:-2] if ours else written)
            yield empty_chunk(names)
            row = 1
            for batch in parquet.iter_batches(batch_size=rows):
                columns = dict(zip(names, map(as_text, batch.columns), strict=False))
                lines = np.arange(row, row + len(batch), dtype=np.int64)
                yield _without_defects(columns, lines, batch) if ours else Chunk(columns, lines)
                row += len(batch)
    except (pa.ArrowException, OSError) as wrong:
        raise UnreadableDelivery(
            source.name, file.name, f"It is no Parquet file, or damaged ({type(wrong).__name__}).",
            "Check the format in the contract, or ask for it to be delivered again.",
        ) from None  # fmt: skip


def _without_defects(columns: dict[str, pa.Array], lines: Lines, batch: pa.RecordBatch) -> Chunk:
    """A batch that we wrote ourselves, with rows that are no record among it."""
    rules, texts = batch.column(RULE), batch.column(TEXT)
    if rules.null_count == len(rules):
        return Chunk(columns, lines)
    defects = [
        Defect(int(line), rule, text)
        for line, rule, text in zip(lines, rules.to_pylist(), texts.to_pylist(), strict=True)
        if rule is not None
    ]
    good = rules.is_null()
    kept = {name: column.filter(good) for name, column in columns.items()}
    return Chunk(kept, lines[good.to_numpy(zero_copy_only=False)], defects)


def as_text(column: pa.Array) -> pa.Array:
    """Values as text: numbers in full, dates in ISO 8601, nested values as compact JSON."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return string_array([_json(value) for value in column.to_pylist()])
    if pa.types.is_floating(kind):
        whole = pc.equal(pc.floor(column), column)
        small = pc.less(pc.abs(column), 2**53)  # up to here a float holds every whole number
        plain = pc.cast(pc.if_else(pc.and_(whole, small), column, None), pa.int64())
        return pc.coalesce(pc.cast(plain, pa.string()), pc.cast(column, pa.string()))
    return pc.cast(column, pa.string())


def _json(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex().upper()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
