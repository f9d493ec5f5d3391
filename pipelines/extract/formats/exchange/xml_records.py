"""XML as records: the elements at a path, one after the other, in bounded memory.

A record's columns are its child elements; what lies deeper has a dotted name (``地址.城市``), an
attribute of the record its own, one of another element ``name@attribute``; what is there several
times is a JSON list. Prefixes of namespaces do not count. The text is decoded here, since expat
knows no Chinese encoding: a byte that does not decode harms its own record only.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from pipelines.contracts.column_names import trimmed
from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import UNDECODABLE_BYTES, Chunk, Defect
from pipelines.extract.formats.columns import mapped_names
from pipelines.extract.formats.encodings import MARKER, damaged, explain, utf8_blocks
from pipelines.extract.formats.jsonlines import ROWS, chunk_of_records
from pipelines.extract.limits import STANDARD, Limits

BLOCK = 1 << 18  # bytes decoded at a time
_DEEPEST = 100  # elements in one another
_SHIFT = 0xF0000  # where a marker is moved to, for it is no character: supplementary private use
_SHIFTED = re.compile("[\U000fdc00-\U000fdcff]")
Path_ = tuple[str, ...]


@dataclass
class _Element:
    """An element that is open: its name in the record, and its text so far."""

    name: str
    text: list[str] = field(default_factory=list)
    is_parent: bool = False
    is_nothing: bool = False  # xsi:nil


@dataclass
class _Record:
    line: int
    attributes: dict[str, str]
    values: dict[str, list[str | None]] = field(default_factory=dict)

    def columns(self) -> dict[str, object]:
        """Values by name; several of one name are a list."""
        found: dict[str, object] = {
            name: values[0] if len(values) == 1 else values for name, values in self.values.items()
        }
        for name, value in self.attributes.items():
            found[f"@{name}" if name in found else name] = value
        return found


class _Reader:
    """Handlers of a parser that gathers the elements at ``path``; without one, it looks for it."""

    def __init__(self, path: Path_ | None, wanted: set[str], most: int) -> None:
        self.path, self.found = path, path
        self.done: list[_Record] = []
        self.parent_seen = False
        self._wanted, self._most = wanted, most
        self._stack: list[str] = []
        self._children: list[set[str]] = []
        self._open: list[_Element] = []
        self._record: _Record | None = None
        self._size = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = _local(name)
        if len(self._stack) >= _DEEPEST:
            raise _Refused(f"Its elements lie more than {_DEEPEST} deep in one another.", "")
        self._stack.append(name)
        given = {
            trimmed(_local(key)): value
            for key, value in attributes.items()
            if not key.startswith("xmlns")
        }
        if self.path is None:
            self._look(name, given)
        elif self._record is not None:
            self._begin_element(name, given)
        else:
            self.parent_seen |= tuple(self._stack) == self.path[:-1]
            if tuple(self._stack) == self.path:
                self._record = _Record(self.parser.CurrentLineNumber, given)
                self._open, self._size = [_Element("")], sum(map(len, given.values()))

    def _look(self, name: str, attributes: dict[str, str]) -> None:
        """Note what an element has; the first with half of the mapped columns is a record."""
        if self._children:
            self._children[-1].add(name)
        self._children.append(set(attributes))
        for depth, names in enumerate(self._children, start=1):
            if len(names & self._wanted) * 2 >= len(self._wanted) and self.found is None:
                self.found = tuple(self._stack[:depth])

    def _begin_element(self, name: str, attributes: dict[str, str]) -> None:
        assert self._record is not None  # noqa: S101 - for the type checker
        above = self._open[-1]
        above.is_parent = True
        element = _Element(f"{above.name}.{name}" if above.name else name)
        element.is_nothing = attributes.pop("nil", "") in {"true", "1"}
        self._open.append(element)
        for key, value in attributes.items():
            self._record.values.setdefault(f"{element.name}@{key}", []).append(value)
            self._count(value)

    def _characters(self, text: str) -> None:
        if self._record is not None:
            self._open[-1].text.append(text)
            self._count(text)

    def _count(self, text: str) -> None:
        self._size += len(text)
        if self._size > self._most:
            raise _Refused(
                f"One record is larger than {self._most / (1 << 20):g} MiB.",
                "Correct the property records_path of servers[0], or raise BASELIB_PAGE_LIMIT.",
            )

    def _end(self, _: str) -> None:
        self._stack.pop()
        if self.path is None:
            self._children.pop()
        elif self._record is not None:
            element = self._open.pop()
            text = "".join(element.text)
            if not element.is_parent or text.strip():
                name = element.name or "text"
                if element.name or text.strip():
                    value = None if element.is_nothing else text
                    self._record.values.setdefault(name, []).append(value)
            if not self._open:
                self.done.append(self._record)
                self._record = None


class _Refused(Exception):
    """What stops the parser: a problem and a remedy."""


def read_xml(
    source: Source, file: Path, encoding: str, limits: Limits = STANDARD, block: int = BLOCK
) -> Iterator[Chunk]:
    """The records of an XML file; the line of a record is that of its start tag.

    Raises:
        UnreadableDelivery: it breaks off, is no XML, has a document type, no record at the path,
            or exceeds a bound.
    """
    path = _given_path(source) or _found_path(source, file, encoding, limits, block)
    reader = _Reader(path, set(), limits.page_bytes)
    read = 0
    waiting: list[_Record] = []
    for _ in _fed(source, file, encoding, reader, block):
        waiting += reader.done
        read += len(reader.done)
        reader.done.clear()
        if len(waiting) >= ROWS:
            yield _chunk(waiting)
            waiting = []
    if not read and not reader.parent_seen:
        raise _unreadable(
            source, file, f"There is no element at {'/'.join(path)}.",
            "Correct the property records_path of servers[0].",
        )  # fmt: skip
    yield _chunk(waiting)


def _given_path(source: Source) -> Path_ | None:
    parts = tuple(part for part in re.split(r"[/.]", source.server.records_path) if part)
    return parts or None


def _found_path(source: Source, file: Path, encoding: str, limits: Limits, block: int) -> Path_:
    """The path of the first element that has half of the mapped columns."""
    wanted = {name.partition(".")[0].partition("@")[0] or name for name in mapped_names(source)}
    reader = _Reader(None, wanted, limits.page_bytes)
    for _ in _fed(source, file, encoding, reader, block):
        if reader.found is not None:
            return reader.found
    raise _unreadable(
        source, file, "None of its elements has the columns of the contract.",
        "Write where the records are: the property records_path of servers[0], data/rows/row.",
    )  # fmt: skip


def _fed(source: Source, file: Path, encoding: str, reader: _Reader, block: int) -> Iterator[None]:
    """Feed the file to a reader, and stop after each block."""
    parser = reader.parser
    try:
        with damaged(source, file):
            for text in utf8_blocks(file, encoding, block):
                parser.Parse(MARKER.sub(_moved, text), False)
                yield
            parser.Parse(b"", True)
            yield
    except expat.ExpatError as wrong:
        what = expat.errors.messages.get(wrong.code, "")
        raise _unreadable(
            source, file, f"It breaks off, or is no XML any more, at line {wrong.lineno} ({what}).",
            "Ask for it to be delivered again, whole and as well-formed XML.",
        ) from None  # fmt: skip
    except _Refused as wrong:
        problem, remedy = wrong.args
        raise _unreadable(
            source, file, f"{problem} (line {parser.CurrentLineNumber})",
            remedy or "Ask for a file of records.",
        ) from None  # fmt: skip


def _moved(marker: re.Match[bytes]) -> bytes:
    return chr(_SHIFT + ord(marker[0].decode("utf-8", "surrogatepass"))).encode()


def _put_back(text: str) -> str:
    return _SHIFTED.sub(lambda moved: chr(ord(moved[0]) - _SHIFT), text)


def _chunk(records: Sequence[_Record]) -> Chunk:
    kept: list[dict[str, object]] = []
    lines: list[int] = []
    defects: list[Defect] = []
    for record in records:
        columns = record.columns()
        written = json.dumps(columns, ensure_ascii=False)
        if _SHIFTED.search(written):
            raw = _put_back(written).encode("utf-8", "surrogatepass")
            defects.append(Defect(record.line, UNDECODABLE_BYTES, explain(raw, "")[1]))
        else:
            kept.append(columns)
            lines.append(record.line)
    return chunk_of_records(kept, lines, defects)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refuse_doctype(*_: object) -> None:
    raise _Refused("It has a document type declaration.", "Ask for XML without <!DOCTYPE>.")


def _unreadable(source: Source, file: Path, problem: str, remedy: str) -> UnreadableDelivery:
    return UnreadableDelivery(source.name, file.name, problem, remedy)
