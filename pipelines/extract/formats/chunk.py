"""What every reader of a delivery hands on: a few thousand records at a time, with their lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Lines = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

RAGGED_LINE = "RAGGED_LINE"
UNDECODABLE_BYTES = "UNDECODABLE_BYTES"
MALFORMED_LINE = "MALFORMED_LINE"
MALFORMED_JSON = "MALFORMED_JSON"
MIXED_ENCODING = "MIXED_ENCODING"
REPEATED_HEADER = "REPEATED_HEADER"
FOOTER_ROW = "FOOTER_ROW"


@dataclass(frozen=True)
class Defect:
    """A delivered line that is no record: its line, the rule that it breaks, and what it says."""

    line: int
    rule: str
    text: str


@dataclass(frozen=True)
class Chunk:
    """Some records: delivered columns as text, and the line on which each record begins.

    ``part`` is added to the file's name where a file has several tables whose lines are counted
    anew; ``remarks`` are what the owner should know about the file.
    """

    columns: Mapping[str, pa.Array]
    lines: Lines
    defects: Sequence[Defect] = ()
    part: str = ""
    remarks: Sequence[str] = ()


_TEXT = {str, NoneType}


def string_array(values: Sequence[str | None]) -> pa.Array:
    """Python text as a column."""
    return pa.array(values, pa.string())


def text_array(values: Sequence[Any], show: Callable[[Any], str | None]) -> pa.Array:
    """Any values as a column of text; ``show``, which leaves text as it is, says how.

    Most columns are text already. To see that takes less than half the time of asking each.
    """
    if _TEXT.issuperset(map(type, values)):
        return string_array(values)
    return string_array([show(value) for value in values])


def empty_chunk(names: Sequence[str]) -> Chunk:
    """No records, but the columns that there would be: a delivery may be empty and still right."""
    return Chunk({name: string_array([]) for name in names}, np.empty(0, np.int64))


def with_column(chunk: Chunk, name: str | None, value: str) -> Chunk:
    """A chunk with one more column of one value; without a name, as it is."""
    if name is None:
        return chunk
    column = pa.repeat(pa.scalar(value, pa.string()), len(chunk.lines))
    return replace(chunk, columns={**chunk.columns, name: column})
