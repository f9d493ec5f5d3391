"""JSON that is one document: a list of records, or an object with the list somewhere in it.

A list is read as a stream, record by record; its line is its place in the list. An object around
it has to be read as a whole, and may be as large as a page of an API.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import MALFORMED_JSON, UNDECODABLE_BYTES, Chunk, Defect
from pipelines.extract.formats.columns import mapped_names
from pipelines.extract.formats.encodings import damaged, explain, utf8_blocks
from pipelines.extract.formats.jsonlines import (
    DECODER,
    ROWS,
    WrittenTwice,
    at_path,
    chunk_of_records,
    chunk_of_values,
    is_encodable,
    parse_page,
    read_json_lines,
)
from pipelines.extract.limits import STANDARD, Limits

BLOCK = 1 << 20  # bytes decoded at a time
_BLANK = " \t\r\n\ufeff"
_PLAIN = json.JSONDecoder()
_DEPTH = 4  # how deep in an object a list of records is searched for


def read_json(
    source: Source, file: Path, encoding: str, limits: Limits = STANDARD, block: int = BLOCK
) -> Iterator[Chunk]:
    """The records of a JSON file: one on each line, a list, or an object with a list in it.

    Raises:
        UnreadableDelivery: it is damaged, cut off or too large.
    """
    form = _form(source, file, encoding)
    if form == "lines":
        yield from read_json_lines(source, file, encoding)
    elif form == "list":
        yield from _read_list(source, file, encoding, limits, block)
    else:
        yield from _read_object(source, file, encoding, limits)


def _form(source: Source, file: Path, encoding: str) -> Literal["lines", "list", "object"]:
    with damaged(source, file):
        text = next(iter(utf8_blocks(file, encoding, BLOCK)), b"")
    head = text.decode("utf-8", "surrogatepass").lstrip(_BLANK)
    if head.startswith("["):
        return "list"
    lines = [line.strip() for line in head.split("\n") if line.strip()][:2]
    if not lines or not lines[0].startswith("{"):
        return "lines"
    try:
        first = DECODER.decode(lines[0])
    except (ValueError, RecursionError):
        several = len(lines) > 1 and lines[1].startswith("{")
        whole = lines[0].endswith("}") or (len(lines) == 1 and len(text) < BLOCK)
        return "lines" if several or whole else "object"
    wrapped = not mapped_names(source) & first.keys() and _lists(first, mapped_names(source))
    return "object" if len(lines) == 1 and wrapped else "lines"


def _read_list(
    source: Source, file: Path, encoding: str, limits: Limits, block: int
) -> Iterator[Chunk]:
    records: list[dict[str, object]] = []
    numbers: list[int] = []
    defects: list[Defect] = []
    for number, (text, value) in enumerate(_elements(source, file, encoding, limits, block), 1):
        if isinstance(value, dict) and is_encodable(value):
            records.append(value)
            numbers.append(number)
        else:
            content = text.encode("utf-8", "surrogatepass")
            rule = UNDECODABLE_BYTES if any("\udc80" <= c <= "\udcff" for c in text) else ""
            explained, shown = explain(content, MALFORMED_JSON)
            defects.append(Defect(number, explained if rule else MALFORMED_JSON, shown))
        if len(records) + len(defects) >= ROWS:
            yield chunk_of_records(records, numbers, defects)
            records, numbers, defects = [], [], []
    yield chunk_of_records(records, numbers, defects)


def _elements(
    source: Source, file: Path, encoding: str, limits: Limits, block: int
) -> Iterator[tuple[str, Any]]:
    """The text and the value of each element; ``None`` for one that is no legal record."""
    blocks = _texts(source, file, encoding, block)
    buffer, place, final, number = next(blocks, "").lstrip(_BLANK), 1, False, 0

    def more() -> bool:
        nonlocal buffer, place, final
        text = next(blocks, None)
        buffer, place, final = buffer[place:] + (text or ""), 0, text is None
        return text is not None

    while True:
        while place < len(buffer) and buffer[place] in _BLANK + ",":
            place += 1
        if place >= len(buffer):
            if more():
                continue
            raise _cut(source, file, number)
        if buffer[place] == "]":
            return
        found = _element(buffer, place)
        if found is None or (found[1] >= len(buffer) and not final):
            if len(buffer) - place <= limits.page_bytes and more():
                continue
            if found is None:
                raise _cut(source, file, number)
        value, end = found
        number += 1
        yield buffer[place:end], value
        place = end


def _element(buffer: str, place: int) -> tuple[Any, int] | None:
    try:
        return DECODER.raw_decode(buffer, place)
    except WrittenTwice:
        return None, _PLAIN.raw_decode(buffer, place)[1]
    except (ValueError, RecursionError):
        return None


def _texts(source: Source, file: Path, encoding: str, block: int) -> Iterator[str]:
    with damaged(source, file):
        for text in utf8_blocks(file, encoding, block):
            yield text.decode("utf-8", "surrogatepass")


def _read_object(source: Source, file: Path, encoding: str, limits: Limits) -> Iterator[Chunk]:
    content = bytearray()
    with damaged(source, file):
        for text in utf8_blocks(file, encoding, BLOCK):
            content += text
            if len(content) > limits.page_bytes:
                raise UnreadableDelivery(
                    source.name, file.name, "It is one JSON object of more than "
                    f"{limits.page_bytes / (1 << 20):g} MiB.",
                    "Ask for a list or for one record on each line, or raise BASELIB_PAGE_LIMIT.",
                )  # fmt: skip
    page = parse_page(source, file.name, bytes(content))
    yield chunk_of_values(_records(source, file, page), bytes(content))


def _records(source: Source, file: Path, page: object) -> list[object]:
    """The list at ``records_path``, else the only one whose objects have a mapped column."""
    found = at_path(page, source.server.records_path)
    if isinstance(found, list):
        return found
    lists = _lists(page, mapped_names(source))
    if len(lists) == 1:
        return lists[0]
    raise UnreadableDelivery(
        source.name, file.name, "It is one JSON object with "
        f"{'several lists' if lists else 'no list'} of records that have a mapped column.",
        "Write where the list is: the property records_path of servers[0].",
    )  # fmt: skip


def _lists(value: object, mapped: set[str], depth: int = _DEPTH) -> list[list[object]]:
    if isinstance(value, list):
        suits = any(isinstance(each, dict) and mapped & each.keys() for each in value[:10])
        return [value] if suits else []
    if not isinstance(value, dict) or not depth:
        return []
    return [found for inner in value.values() for found in _lists(inner, mapped, depth - 1)]


def _cut(source: Source, file: Path, number: int) -> UnreadableDelivery:
    return UnreadableDelivery(
        source.name, file.name, f"It is a JSON list that breaks off, or is no JSON any more, "
        f"after record {number}.",
        "Ask for it to be delivered again.",
    )  # fmt: skip
