"""From the bytes of a delivered file to UTF-8, strictly, in bounded memory.

A byte that does not decode is never replaced: it becomes a marker that no valid text contains, and
the record around it is set aside with the byte shown as ``\\xNN``.
"""

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.big5 import BIG5, reads_like_big5
from pipelines.extract.formats.chunk import MIXED_ENCODING, UNDECODABLE_BYTES

BLOCK = 4 << 20  # bytes decoded at a time; some 30,000 records, one Arrow batch
_SAMPLE = 1 << 20  # bytes looked at to tell encodings apart
_TEXT_SAMPLE = 1 << 16  # bytes looked at to tell text that was misread before
_FEWEST_ZEROES = 100  # one byte in so many, at least, is zero in UTF-16
_ONE_SIDE = 0.95  # of the zeroes stand in bytes of one parity
_GZIP = b"\x1f\x8b"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
         (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
# The marker for byte b is the lone surrogate U+DC00+b; in UTF-8 it would be ED B0..B3 xx, which
# never comes out of a correct decoder.
MARKER_LEAD = b"\xed"  # rare in Chinese text; looking for one byte costs nothing
MARKER = re.compile(rb"\xed[\xb0-\xb3][\x80-\xbf]")
_MARKED = re.compile("[\udc00-\udcff]")
_ERRORS = "baselib.mark"
_THREE_BYTES = re.compile(rb"[\xe0-\xff]")  # begins a character of three bytes in UTF-8, or four
_ONLY_CHINESE_UTF8 = re.compile(
    rb"[\x00-\x7f]*+(?:(?:[\xe3-\xe9\xef][\x80-\xbf]{2})++[\x00-\x7f]*+)++"
)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error(_ERRORS, _mark)


@dataclass(frozen=True)
class Encoding:
    """The encoding a file is read in, and whether the contract says another."""

    name: str
    declared: str

    @property
    def differs(self) -> bool:
        """The file is not what the contract says; ``auto`` says nothing."""
        if self.declared == "auto":
            return False
        return self.declared != self.name and not (
            self.declared == "utf-16" and self.name.startswith("utf-16")
        )


def open_plain(file: Path) -> BinaryIO:
    """The file's bytes, unpacked where they begin like gzip, whatever the file is called."""
    stream = file.open("rb")
    packed = stream.read(2) == _GZIP
    stream.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if packed else stream


@contextmanager
def damaged(source: Source, file: Path) -> Iterator[None]:
    """Turn what a damaged file raises while it is read into UnreadableDelivery."""
    try:
        yield
    except (EOFError, OSError, zlib.error) as wrong:
        raise UnreadableDelivery(
            source.name, file.name, f"It is damaged ({type(wrong).__name__}).",
            "Ask for it to be delivered again.",
        ) from None  # fmt: skip


def detect(file: Path, declared: str) -> Encoding:
    """What encoding a file is in, when its contract says ``declared``.

    A byte order mark decides. Then UTF-8 is tried first, whatever is declared, because nearly
    every UTF-8 text can be read as GB18030 too, into nonsense, and hardly any the other way.
    """
    sample = _sample_lines(file)
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return Encoding(name, declared)
    if unmarked := _utf16_without_mark(sample):
        return Encoding(unmarked, declared)
    if declared.startswith("utf-16"):
        return Encoding("utf-16-le" if declared == "utf-16" else declared, declared)
    utf8, other = _count_lines(sample)
    if utf8 > other or (utf8 == other == 0 and declared == "auto"):
        return Encoding("utf-8", declared)
    if declared == "auto":
        return Encoding(BIG5 if reads_like_big5(sample) else "gb18030", declared)
    return Encoding(declared, declared)


def decoded_answer(content: bytes) -> str:
    """What an API answers, as text: UTF-8 or UTF-16 as JSON must be, or GB18030 as some are.

    A text of which a few bytes only are wrong in UTF-8 is no GB18030: it is damaged.

    Raises:
        UnicodeDecodeError: it is none of them.
    """
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        text = content.decode("utf-8", "replace")
        wrong, beyond = text.count("\ufffd"), sum(not char.isascii() for char in text)
        if encoding.startswith("utf-8") and wrong * 2 > beyond:
            return content.decode("gb18030")
        raise


def _utf16_without_mark(sample: bytes) -> str | None:
    """UTF-16, told by zeroes in every other byte: digits and delimiters have one each."""
    octets = np.frombuffer(sample, np.uint8)
    zeroes = np.flatnonzero(octets == 0)
    if len(zeroes) * _FEWEST_ZEROES < len(octets) or not len(zeroes):
        return None
    odd = float(np.mean(zeroes % 2))
    name = "utf-16-le" if odd > _ONE_SIDE else "utf-16-be" if odd < 1 - _ONE_SIDE else None
    has_line_ends = name is not None and "\n" in sample.decode(name, "ignore")
    return name if has_line_ends or b"\n" not in sample else None  # a NUL stands in other text too


def choose(source: Source, file: Path) -> Encoding:
    """The encoding to read a delivered file in.

    UTF-8 is unmistakable, so a UTF-8 file is read as such even if its contract says GB18030, and
    the data owner is told. The other way round nobody can be sure (it may be Big5), so a person
    has to decide.

    Raises:
        UnreadableDelivery: declared as UTF-8, which most of its lines are not.
    """
    encoding = detect(file, source.server.encoding)
    if encoding.name == "utf-8" and not _mostly_utf8(file):
        raise UnreadableDelivery(
            source.name, file.name, "Its contract says UTF-8, and most of its lines are not.",
            "Write the encoding that it is in (gb18030, as a rule), or auto.",
        )  # fmt: skip
    if encoding.name == "gb18030" and reads_like_big5(_sample_lines(file)):
        raise UnreadableDelivery(
            source.name, file.name, "Its contract says GB18030, and its text reads as Big5.",
            "Write the encoding big5 in the contract, if the text is in traditional characters.",
        )  # fmt: skip
    if encoding.name == "utf-8" and _was_big5(_sample_lines(file)):
        raise UnreadableDelivery(
            source.name, file.name, "Its text was Big5 that somebody read as GBK and saved again.",
            "Ask for the file as the original system exports it, and write the encoding big5.",
        )  # fmt: skip
    return encoding


def _was_big5(sample: bytes) -> bool:
    """Whether text reads as Big5 once it is in GBK again."""
    text = sample[:_TEXT_SAMPLE].decode("utf-8", "ignore")
    return reads_like_big5(text.encode("gb18030", "ignore"))


def _mostly_utf8(file: Path) -> bool:
    utf8, other = _count_lines(_sample_lines(file))
    return other <= utf8


def _sample_lines(file: Path) -> bytes:
    """The beginning of a file, up to the end of a line where it is longer than that."""
    with open_plain(file) as stream:
        sample = stream.read(_SAMPLE)
        more = bool(stream.read(1))
    return (sample[: sample.rfind(b"\n") + 1] or sample) if more else sample


def _count_lines(sample: bytes) -> tuple[int, int]:
    """Lines with Chinese that are valid UTF-8, and lines beyond ASCII that are not.

    A line whose characters have two bytes each, like 联通 in GB18030, may be either.
    """
    utf8 = other = 0
    for line in sample.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            other += 1
        else:
            utf8 += _THREE_BYTES.search(line) is not None
    return utf8, other


def utf8_blocks(file: Path, encoding: str, block: int = BLOCK) -> Iterator[bytes]:
    """The file as UTF-8 without byte order mark, with markers where bytes do not decode.

    In a GB18030 file, lines that are UTF-8 are marked whole: they would decode into nonsense.
    """
    if encoding == "utf-8":
        yield from _checked_blocks(file, block)
        return
    decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
    first = True
    with open_plain(file) as stream:
        for data in (
            _whole_lines(stream, block) if encoding == "gb18030" else _blocks(stream, block)
        ):
            text, done = "", 0
            for start, end in _utf8_lines(data) if encoding == "gb18030" else ():
                text += decoder.decode(data[done:start]) + _all_marked(data[start:end])
                done = end
            text += decoder.decode(data[done:], final=not data)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            if text:
                yield text.encode("utf-8", "surrogatepass")


def _checked_blocks(file: Path, block: int) -> Iterator[bytes]:
    """A UTF-8 file as it is, where a check finds it right: that takes a tenth of decoding it."""
    rest, first = b"", True
    with open_plain(file) as stream:
        for data in _blocks(stream, block):
            whole = rest + data
            cut = len(whole) - _unfinished(whole) if data else len(whole)
            text, rest = whole[:cut], whole[cut:]
            if first and text:
                text, first = text.removeprefix(codecs.BOM_UTF8), False
            if text and not _is_utf8(text):
                text = text.decode("utf-8", _ERRORS).encode("utf-8", "surrogatepass")
            if text:
                yield text


def _is_utf8(text: bytes) -> bool:
    """Whether bytes are UTF-8, by Arrow, which makes no text of them."""
    ends = pa.py_buffer(np.array([0, len(text)], np.int64))
    try:
        array = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(text)])
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _unfinished(data: bytes) -> int:
    """How many bytes at the end begin a character of which more bytes may follow."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < size else 0
        if byte < 0x80:
            return 0
    return 0


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Blocks of a stream; the last one is empty."""
    while data := stream.read(size):
        yield data
    yield b""


def _whole_lines(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Blocks of whole lines, as far as a block has any; the last one is empty."""
    rest = b""
    for data in _blocks(stream, size):
        end = data.rfind(b"\n") + 1
        if end:
            yield rest + data[:end]
            rest = data[end:]
        elif len(rest) > BLOCK or not data:
            if rest + data:
                yield rest + data
            rest = b""
        else:
            rest += data
    yield b""


def _utf8_lines(data: bytes) -> Iterator[tuple[int, int]]:
    """Lines in which everything beyond ASCII is Chinese in UTF-8, two characters at least.

    Hardly a GB18030 line looks like that: a common Chinese character begins with B0 to D7 there, a
    Chinese character in UTF-8 with E3 to E9.
    """
    end = 0
    for place in _chinese_pairs(data):
        if place < end:
            continue
        start = data.rfind(b"\n", 0, place) + 1
        end = data.find(b"\n", place) + 1 or len(data)
        if _ONLY_CHINESE_UTF8.fullmatch(data, start, end):
            yield start, end


def _chinese_pairs(data: bytes) -> list[int]:
    """Where two Chinese characters in UTF-8 may stand side by side; few places in GB18030."""
    octets = np.frombuffer(data, np.uint8)
    leads = octets - np.uint8(0xE3) <= 6  # E3 to E9: below, the difference wraps round
    found = np.flatnonzero(leads[:-5] & leads[3:-2])
    for offset in (1, 2, 4, 5):
        found = found[octets[found + offset] & 0xC0 == 0x80]
    return found.tolist()


def _all_marked(line: bytes) -> str:
    return "".join(chr(byte) if byte < 0x80 else chr(0xDC00 + byte) for byte in line)


def explain(raw: bytes, rule: str) -> tuple[str, str]:
    """The rule that a record breaks, and its text; bytes that do not decode are reason enough."""
    text = raw.decode("utf-8", "surrogatepass")
    if not _MARKED.search(text):
        return rule, text
    try:
        return MIXED_ENCODING, _bytes_of(text).decode("utf-8")
    except UnicodeDecodeError:
        shown = _MARKED.sub(lambda mark: f"\\x{ord(mark[0]) - 0xDC00:02X}", text)
        return UNDECODABLE_BYTES, shown


def _bytes_of(text: str) -> bytes:
    """Marked text as the bytes that it was."""
    codes = (ord(char) for char in text)
    return b"".join(
        bytes([c - 0xDC00]) if 0xDC00 <= c <= 0xDCFF else chr(c).encode() for c in codes
    )
