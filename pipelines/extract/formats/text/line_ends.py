"""What programs write around lines of text: CR alone, Ctrl-Z, the delimiter in a first line."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from pipelines.contracts.source import Source

END_OF_FILE = b"\x1a"  # Ctrl-Z, with which DOS programs end a text
# Excel reads the delimiter from such a line and drops it.
SEPARATOR_LINE = re.compile(rb"(?i)(?:\xef\xbb\xbf)?\"?sep=([^\r\n\"])\"?(?:\r\n|\n|\r)")
_HEAD = 4096  # bytes in which a text that has line feeds shows one


def with_delimiter(source: Source, delimiter: str) -> Source:
    """The source, its text separated by another character."""
    return replace(source, server=replace(source.server, delimiter=delimiter))


def with_line_feeds(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The blocks of a text, in which CR is a line end where no line ends otherwise (old Macs)."""
    head, first = b"", list[bytes]()
    for block in blocks:
        first.append(block)
        head += block
        if b"\n" in head or len(head) >= _HEAD:
            break
    alone = b"\n" not in head and b"\r" in head
    for block in chain(first, blocks):
        yield block.replace(b"\r", b"\n") if alone else block


def without_ends_of_files(text: bytes, final: bool) -> bytes:
    """Text without Ctrl-Z at its end and at the beginnings of lines, where files were joined."""
    if END_OF_FILE not in text:
        return text
    text = text.removeprefix(END_OF_FILE).replace(b"\n" + END_OF_FILE, b"\n")
    return text.rstrip(END_OF_FILE) if final else text
