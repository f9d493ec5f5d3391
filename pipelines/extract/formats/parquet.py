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
from pipelines.extract.formats.chunk import Chunk, empty_chunk, string_array
from pipelines.extract.formats.columns import header_names

ROWS = 65_536  # rows turned to text at a time


def read_parquet(source: Source, file: Path, rows: int = ROWS) -> Iterator[Chunk]:
    """The records of a Parquet file; the first chunk is empty and tells the columns.

    The line of a record is its row number, from 1. NULL stays NULL; dates and times are ISO 8601.

    Raises:
        UnreadableDelivery: it is no Parquet file.
    """
    try:
        with pq.ParquetFile(file) as parquet:
            names = header_names(source, file.name, parquet.schema_arrow.names)
            yield empty_chunk(names)
            row = 1
            for batch in parquet.iter_batches(batch_size=rows):
                columns = map(as_text, batch.columns)
                lines = np.arange(row, row + len(batch), dtype=np.int64)
                yield Chunk(dict(zip(names, columns, strict=True)), lines)
                row += len(batch)
    except (pa.ArrowException, OSError) as wrong:
        raise UnreadableDelivery(
            source.name, file.name, f"It is no Parquet file, or damaged ({type(wrong).__name__}).",
            "Check the format in the contract, or ask for it to be delivered again.",
        ) from None  # fmt: skip


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
