"""JSON records, from files with one on each line and from the pages of an HTTP API.

Numbers keep the digits that were delivered; a nested value is kept as compact JSON. A record that
is no object, has one key twice, or half a character (``\\ud83d``) comes as a defect.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import (
    MALFORMED_JSON,
    UNDECODABLE_BYTES,
    Chunk,
    Defect,
    text_array,
)
from pipelines.extract.formats.columns import key_names
from pipelines.extract.formats.encodings import (
    BLOCK,
    MARKER,
    damaged,
    decoded_answer,
    explain,
    utf8_blocks,
)

ROWS = 50_000  # records turned to columns at a time
_NESTED = (dict, list)


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class WrittenTwice(ValueError):
    """An object has one key twice; Python would keep the last value without a word."""


def read_json_lines(
    source: Source, file: Path, encoding: str, block: int = BLOCK, rows: int = ROWS
) -> Iterator[Chunk]:
    """The records of a JSON lines file, each with its line; empty lines are no records.

    Raises:
        UnreadableDelivery: the archive is damaged.
    """
    pending: list[tuple[int, bytes]] = []
    for line, text in _lines(source, file, encoding, block):
        pending.append((line, text))
        if len(pending) >= rows:
            yield _line_chunk(pending)
            pending = []
    yield _line_chunk(pending)


def _lines(source: Source, file: Path, encoding: str, block: int) -> Iterator[tuple[int, bytes]]:
    rest, number = b"", 0
    with damaged(source, file):
        for text in utf8_blocks(file, encoding, block):
            *whole, rest = (rest + text).split(b"\n")
            for line in whole:
                number += 1
                if line.strip():
                    yield number, line
    if rest.strip():
        yield number + 1, rest


def _line_chunk(lines: Sequence[tuple[int, bytes]]) -> Chunk:
    records, numbers, defects = [], [], []
    for number, line in lines:
        if MARKER.search(line):
            defects.append(Defect(number, *explain(line, UNDECODABLE_BYTES)))
            continue
        try:
            record = _parse(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict) and (not _may_hold_surrogates(line) or is_encodable(record)):
            records.append(record)
            numbers.append(number)
        else:
            defects.append(Defect(number, MALFORMED_JSON, explain(line, "")[1].strip()))
    return chunk_of_records(records, numbers, defects)


def read_page(source: Source, file: Path) -> Iterator[Chunk]:
    """The records of one page of an HTTP API; the line of a record is its place on the page.

    Raises:
        UnreadableDelivery: it is not JSON, or has no list of records where the contract says.
    """
    content = file.read_bytes()
    page = parse_page(source, file.name, content)
    yield chunk_of_values(records_on(source, file.name, page), content)


def chunk_of_values(found: Sequence[object], content: bytes) -> Chunk:
    """Values of a list of records, each by its place; ``content`` is what they were parsed from."""
    suspect = _may_hold_surrogates(content)  # asked once: a page is as long as its records together
    records, numbers, defects = [], [], []
    for number, record in enumerate(found, start=1):
        if isinstance(record, dict) and (not suspect or is_encodable(record)):
            records.append(record)
            numbers.append(number)
        else:
            defects.append(Defect(number, MALFORMED_JSON, _compact(record, ascii_only=True)))
    return chunk_of_records(records, numbers, defects)


def records_on(source: Source, name: str, page: object) -> list[object]:
    """The list of records on a page that has been parsed; ``name`` is for the error."""
    found = at_path(page, source.server.records_path)
    if not isinstance(found, list):
        raise UnreadableDelivery(
            source.name, name, f"There is no list of records at {source.server.records_path!r}.",
            "Correct the property records_path of servers[0]; leave it empty where the page itself "
            "is the list.",
        )  # fmt: skip
    return found


def parse_page(source: Source, page: str, content: bytes) -> object:
    """A page as Python values, its numbers as they were written."""
    try:
        return DECODER.decode(decoded_answer(content))
    except UnicodeDecodeError as wrong:
        raise UnreadableDelivery(
            source.name, page,
            f"Byte {wrong.start + 1:,} of it does not decode: it is neither UTF-8 nor GB18030.",
            "Nothing was taken. Ask the department for a correct answer in UTF-8.",
        ) from None  # fmt: skip
    except (ValueError, RecursionError):
        raise UnreadableDelivery(
            source.name, page, "It is not JSON, or an object in it has one key twice.",
            "Check the address in the contract, and ask the department for a correct answer.",
        ) from None  # fmt: skip


def at_path(value: object, path: str) -> object:
    """What lies at a path of nested objects, ``data.rows`` or ``data/rows``; ``None``: nothing.

    >>> at_path({"data": {"rows": [1]}}, "data/rows")
    [1]
    """
    found = _at(value, path.split("."))
    return _at(value, re.split("[./]", path)) if found is None and "/" in path else found


def _at(value: object, keys: Sequence[str]) -> object:
    for key in filter(None, keys):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def chunk_of_records(
    records: Sequence[dict[str, object]],
    numbers: Sequence[int],
    defects: Sequence[Defect],
) -> Chunk:
    """Records with the line of each, and what is no record."""
    names = key_names(key for record in records for key in record)
    columns = {
        name: text_array([record.get(key) for record in records], _text)
        for key, name in names.items()
    }
    return Chunk(columns, np.array(numbers, np.int64), defects)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WrittenTwice
    return found


# One for all lines: ``json.loads`` with these hooks makes a decoder each time, which takes longer
# than to parse a short line.
DECODER = json.JSONDecoder(
    parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_object
)


def _parse(text: bytes) -> Any:
    return DECODER.decode(text.decode(json.detect_encoding(text), "surrogatepass"))


def _text(value: object) -> str | None:
    if value is None or type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, _Number) else _compact(value)


# How half of a character begins, spelt out and in UTF-8 that is none; NUL is in every UTF-16 text.
_SURROGATE_SIGNS = (b"\\ud", b"\\uD", b"\xed", b"\0")


def _may_hold_surrogates(text: bytes) -> bool:
    """Whether half of a character may be in JSON; whole ones, and Hangul, may look like it."""
    return any(sign in text for sign in _SURROGATE_SIGNS)


def is_encodable(record: object) -> bool:
    """Whether all text of a record can be written: none of its characters is a half."""
    try:
        _compact(record).encode()
    except UnicodeEncodeError:
        return False
    return True


def _compact(value: object, *, ascii_only: bool = False) -> str:
    """JSON again, without blanks, and with numbers as they were written."""
    if isinstance(value, dict):
        pairs = (
            f"{_compact(key, ascii_only=ascii_only)}:{_compact(inner, ascii_only=ascii_only)}"
            for key, inner in value.items()
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_compact(each, ascii_only=ascii_only) for each in value) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=ascii_only)
