"""Which bytes a character is in GBK, Latin-1 or Big5, as tables and character classes.

Neither engine can encode text in GBK, so the two-byte plane of GB 18030 is one long string in
which a character is looked up by its place; the tables come from Python's own codecs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Bytes of UTF-8. A Chinese text in it has characters of three bytes, and the middle dot (C2 B7).
LEADS = (*range(0xE2, 0xEA), 0xEF)
DOT_LEAD = 0xC2
CONTINUED = range(0x80, 0xC0)
NOTHING = "\ufffe"  # what stands for two bytes that are no character
_CP1252 = {
    bytes([byte]).decode("cp1252"): chr(byte)
    for byte in range(0x80, 0xA0)
    if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
WINDOWS_1252, LATIN_1 = "".join(_CP1252), "".join(_CP1252.values())


def ranges(characters: Iterable[str]) -> str:
    """What stands between the brackets of a character class for RE2 and Java."""
    found: list[list[int]] = []
    for code in sorted(set(map(ord, characters))):
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(rf"\x{{{low:x}}}-\x{{{high:x}}}" for low, high in found)


def _decoded(lead: int, tail: int, encoding: str) -> str:
    text = bytes([lead, tail]).decode(encoding, "replace")
    return text if len(text) == 1 and text != "\ufffd" else NOTHING


def pairs(leads: Iterable[int], tails: Iterable[int]) -> Iterator[str]:
    """The characters that two bytes are in GB 18030."""
    seconds = list(tails)
    for lead in leads:
        for tail in seconds:
            if (character := _decoded(lead, tail, "gb18030")) != NOTHING:
                yield character


@dataclass(frozen=True)
class TwoBytes:
    """Two bytes: the character that they are in GB 18030, how Latin-1 shows them, and in Big5."""

    gbk: str
    latin1: str
    big5: str | None
    escaped: str  # %XX%XX


def two_byte_characters() -> Iterator[TwoBytes]:
    """All pairs of bytes that are a character of GB 18030."""
    for lead in range(0x81, 0xFF):
        for tail in (*range(0x40, 0x7F), *range(0x80, 0xFF)):
            if (gbk := _decoded(lead, tail, "gb18030")) != NOTHING:
                big5 = _decoded(lead, tail, "big5hkscs")
                escaped = f"%{lead:02X}%{tail:02X}"
                yield TwoBytes(
                    gbk, chr(lead) + chr(tail), None if big5 == NOTHING else big5, escaped
                )


_COMMON = {*pairs(range(0xB0, 0xD8), range(0xA1, 0xFF))}  # first level of GB 2312
_MARKS = "（）《》〈〉【】〔〕「」『』“”‘’、。，；：？！…—～·・　"
COMMON = r"\x{0}-\x{7f}\x{ff01}-\x{ff5e}" + ranges((*_COMMON, *_MARKS))
_FIRST_OF_BIG5 = {
    c for lead in range(0xA4, 0xC7) for tail in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    if (c := _decoded(lead, tail, "big5")) != NOTHING
}  # fmt: skip
COMMON_IN_BIG5 = r"\x{0}-\x{7f}\x{ff01}-\x{ff5e}" + ranges((*_FIRST_OF_BIG5, *_MARKS))


def word(text: str, encoding: str, seen_as: str) -> str:
    """How a text in one encoding looks to somebody who reads it in another, as a pattern."""
    return re.escape(text.encode(encoding).decode(seen_as))
