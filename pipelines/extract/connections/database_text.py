"""Text of a database that is not what the database says it is, row by row.

SQLite keeps whatever bytes a program wrote; PostgreSQL with SQL_ASCII and MySQL with latin1 hand
out GBK as if it were Latin-1. What the contract says of the encoding is applied; a row with bytes
that do not decode is set aside, alone, and the bytes are shown as ``\\xNN``.
"""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.contracts.source import Source
from pipelines.extract.formats.chunk import UNDECODABLE_BYTES, Defect

_SHOW = "baselib.show"
_BINARY = frozenset({bytes, memoryview})
_THREE_BYTES = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}")  # as a Chinese character has in UTF-8
_LATIN1 = "latin-1"  # every byte is a character in it, so bytes survive


def _show(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(f"\\x{byte:02X}" for byte in bad), error.end


codecs.register_error(_SHOW, _show)


class Undecoded(bytes):
    """Bytes of a text that is not UTF-8."""


@dataclass(frozen=True)
class TextDecoder:
    """The encodings that a contract gives for a database and for columns of it.

    ``text_is_bytes``: the driver was told to hand out text as bytes. ``of_words``: columns that
    hold text by the contract, so that bytes in them which are text are taken for it; in others, as
    in a binary key, they stay bytes.
    """

    of_database: str
    of_columns: dict[str, str]
    text_is_bytes: bool = False
    of_words: frozenset[str] = frozenset()

    def text(self, value: bytes) -> str | Undecoded:
        """Bytes as text; never an error, whose message would quote it."""
        return _decoded(value, self.of_database)

    def recode(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """A column in the encoding that the contract gives it or the database; else as it is."""
        encoding = self.of_columns.get(name)
        if name in self.of_words and not _BINARY.isdisjoint(map(type, values)):
            wanted = encoding or self.of_database
            values = [_as_words(v, wanted) if type(v) in _BINARY else v for v in values]
        if encoding is None and not self.text_is_bytes:
            return values
        return [self._recoded(value, encoding) for value in values]

    def _recoded(self, value: Any, encoding: str | None) -> Any:
        """A text whose characters are bytes, too; one with others was decoded rightly."""
        if isinstance(value, Undecoded) or (self.text_is_bytes and isinstance(value, bytes)):
            return _decoded(bytes(value), encoding or self.of_database)
        if encoding is None or not isinstance(value, str):
            return value
        try:
            return _decoded(value.encode(_LATIN1), encoding)
        except UnicodeEncodeError:
            return value


def decoder_of(source: Source, *, text_is_bytes: bool = False) -> TextDecoder:
    """The decoder for a source."""
    columns = {c.physical_name: c.encoding for c in source.columns if c.encoding}
    words = frozenset(c.physical_name for c in source.columns if c.element and not c.primary_key)
    return TextDecoder(source.server.encoding, columns, text_is_bytes, words)


def _as_words(value: bytes | memoryview, encoding: str) -> str | bytes | memoryview:
    """Bytes as the text that they are; as bytes where they are none."""
    text = _decoded(bytes(value), encoding)
    return text if isinstance(text, str) and text.isprintable() else value


def _decoded(value: bytes, encoding: str) -> str | Undecoded:
    """Text in an encoding; Chinese in UTF-8 is unmistakable, whatever the contract says."""
    tried = ("utf-8", "gb18030") if encoding == "auto" else (encoding,)
    if encoding == "gb18030" and _THREE_BYTES.search(value):
        tried = ("utf-8", encoding)
    for each in tried:
        try:
            return value.decode(each)
        except UnicodeDecodeError:
            continue
    return Undecoded(value)


def set_aside(names: Sequence[str], columns: Sequence[Sequence[Any]]) -> dict[int, Defect]:
    """By place in a slice, the rows in which a text did not decode."""
    places = {
        place
        for column in columns
        for place, value in enumerate(column)
        if isinstance(value, Undecoded)
    }
    return {
        place: Defect(place, UNDECODABLE_BYTES, _row_text(names, [c[place] for c in columns]))
        for place in sorted(places)
    }


def _row_text(names: Sequence[str], values: Sequence[Any]) -> str:
    shown = (
        bytes(value).decode("utf-8", _SHOW)
        if isinstance(value, bytes)
        else ""
        if value is None
        else str(value)
        for value in values
    )
    return "\t".join(f"{name}={text}" for name, text in zip(names, shown, strict=True))
