"""Where the records of a document are, by what repeats in it: the longest list of JSON, the
outermost element of XML that is there several times.

Names are looked at and values are not; nothing here quotes the document.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.parsers import expat

from pipelines.extract.formats.encodings import MARKER, utf8_blocks

_DEEPEST = 6  # objects around a list of records; more is no delivery
_LOOKED_AT = 4 << 20  # bytes of XML; the first records show what repeats
_BLOCK = 1 << 18


def json_paths(document: object) -> list[tuple[str, int]]:
    """Dotted paths of the lists of objects in a JSON document, with their lengths, longest first.

    >>> json_paths({"code": 0, "data": {"list": [{"a": 1}], "total": 1}})
    [('data.list', 1)]
    """
    return sorted(_lists(document, (), _DEEPEST), key=lambda found: -found[1])


def _lists(value: object, path: tuple[str, ...], depth: int) -> Iterator[tuple[str, int]]:
    if isinstance(value, list):
        if any(isinstance(each, dict) for each in value):
            yield ".".join(path), len(value)
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            if key and "." not in key:
                yield from _lists(inner, (*path, key), depth - 1)


def json_document(text: bytes) -> object:
    """A text as one JSON document; None if it is none.

    >>> json_document(b'{"a": 1}'), json_document(b'{"a": 1} {"a": 2}')
    ({'a': 1}, None)
    """
    try:
        return json.loads(text.decode("utf-8", "replace").lstrip("\ufeff \r\n\t"))
    except (ValueError, RecursionError):
        return None


class _Shape:
    """Counts how often each path of elements is there, and what lies in it."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self.has_columns: set[tuple[str, ...]] = set()
        self._stack: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.has_columns.add(tuple(self._stack))
        self._stack.append(name.rpartition(":")[2])
        path = tuple(self._stack)
        self.counts[path] += 1
        if any(not key.startswith("xmlns") for key in attributes):
            self.has_columns.add(path)

    def _end(self, _: str) -> None:
        self._stack.pop()

    def records(self) -> Sequence[str]:
        """The outermost element that repeats and has columns; else the one with most columns."""
        suited = [path for path in self.counts if path in self.has_columns]
        several = [path for path in suited if self.counts[path] > 1]
        if several:
            return min(several, key=lambda path: (len(path), -self.counts[path]))
        children = Counter(path[:-1] for path in self.counts)
        return max(suited, key=lambda path: children[path], default=())


def xml_path(file: Path, encoding: str) -> str:
    """The path of the records of an XML file, ``data/rows/row``; "" where there are none.

    Raises:
        expat.ExpatError: it is no XML.
    """
    shape, read = _Shape(), 0
    for text in utf8_blocks(file, encoding, _BLOCK):
        shape.parser.Parse(MARKER.sub(b"?", text), False)
        read += len(text)
        if read > _LOOKED_AT:
            break
    return "/".join(shape.records())
