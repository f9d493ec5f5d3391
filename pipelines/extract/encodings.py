"""From the bytes of a delivered file to UTF-8, strictly, in bounded memory.

A byte that does not decode is never replaced: it becomes a marker that no valid text contains, and
the record around it is set aside with the byte shown as ``\\xNN``.
"""

import codecs
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

BLOCK = 4 << 20  # bytes decoded at a time; some 30,000 records, one Arrow batch
_SAMPLE = 1 << 20  # bytes looked at to tell encodings apart
_GZIP = b"\x1f\x8b"
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
         (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
# The marker for byte b is the lone surrogate U+DC00+b; in UTF-8 it would be ED B0..B3 xx, which
# never comes out of a correct decoder.
MARKER = re.compile(rb"\xed[\xb0-\xb3][\x80-\xbf]")
_MARKED = re.compile("[\udc00-\udcff]")
_ERRORS = "baselib.mark"


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


def detect(file: Path, declared: str) -> Encoding:
    """What encoding a file is in, when its contract says ``declared``.

    A byte order mark decides. Then UTF-8 is tried first, whatever is declared, because nearly
    every UTF-8 text can be read as GB18030 too, into nonsense, and hardly any the other way.
    """
    with open_plain(file) as stream:
        sample = stream.read(_SAMPLE)
        whole = not stream.read(1)
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return Encoding(name, declared)
    if declared.startswith("utf-16"):
        return Encoding("utf-16-le" if declared == "utf-16" else declared, declared)
    if not whole:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    utf8, other = _count_lines(sample)
    if utf8 > other or (utf8 == other == 0 and declared == "auto"):
        return Encoding("utf-8", declared)
    return Encoding("gb18030" if declared == "auto" else declared, declared)


def reads_as_gb18030(file: Path) -> bool:
    """Whether a file that was declared UTF-8 is none, but decodes as GB18030 from end to end."""
    with open_plain(file) as stream:
        sample = stream.read(_SAMPLE)
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    utf8, other = _count_lines(sample)
    if other <= utf8:
        return False
    try:
        codecs.getincrementaldecoder("gb18030")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _count_lines(sample: bytes) -> tuple[int, int]:
    """Lines beyond ASCII that are valid UTF-8, and that are not."""
    utf8 = other = 0
    for line in sample.split(b"\n"):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            other += 1
        else:
            utf8 += 1
    return utf8, other


def utf8_blocks(file: Path, encoding: str, block: int = BLOCK) -> Iterator[bytes]:
    """The file as UTF-8 without byte order mark, with markers where bytes do not decode."""
    decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
    first = True
    with open_plain(file) as stream:
        while True:
            data = stream.read(block)
            text = decoder.decode(data, final=not data)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            if text:
                yield text.encode("utf-8", "surrogatepass")
            if not data:
                return


def shown(raw: bytes) -> str:
    """Text of UTF-8 bytes, with each byte that did not decode written as ``\\xNN``."""
    text = raw.decode("utf-8", "surrogatepass")
    return _MARKED.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02X}", text)
