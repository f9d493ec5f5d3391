"""Whether text that is not UTF-8 is Big5 and not GB18030: by the share of common characters.

Nearly any bytes decode in either. Read rightly, nearly all characters are common ones: of GB 2312,
or of the first level of Big5. Read in the other encoding, two in five are not.
"""

from functools import cache

BIG5 = "big5hkscs"  # as Python calls Big5 with what Hong Kong added
_SAMPLE = 1 << 16
_FEWEST = 20  # characters, without which nobody can tell
_KINDS = 8  # different ones: one that is repeated says no more than once
_LETTERS = frozenset("ǹɑḿń")  # with accents, and in GBK only
_COMMON, _RARE = 0.95, 0.85  # shares of common characters


def reads_like_big5(sample: bytes) -> bool:
    """Whether the text of a sample is Big5; no sample in GB 2312 is."""
    lines = [line for line in sample[:_SAMPLE].split(b"\n")[:-1] or [sample] if not line.isascii()]
    text = b"\n".join(lines)
    as_big5 = [c for c in text.decode(BIG5, "replace") if c > "\x7f"]
    as_gb = [c for c in text.decode("gb18030", "replace") if c > "\x7f"]
    if len(as_big5) < _FEWEST or len(set(as_big5)) < _KINDS or not as_gb:
        return False
    big5 = sum(map(_common_in_big5, as_big5)) / len(as_big5)
    return big5 >= _COMMON and sum(map(_common_in_gb, as_gb)) / len(as_gb) <= _RARE


@cache
def _common_in_big5(character: str) -> bool:
    """Symbols and the 5,401 characters of the first level: A1 to C6."""
    try:
        return character.encode("big5")[0] <= 0xC6
    except UnicodeEncodeError:
        return False


@cache
def _common_in_gb(character: str) -> bool:
    """Punctuation, letters with accents and the characters of GB 2312; kana and Greek are not.

    By its place in GB 18030: to Python's codec of GB 2312 a middle dot and a dash are others.
    """
    octets = character.encode("gb18030", "replace")
    if len(octets) != 2 or octets[1] < 0xA1:
        return character in _LETTERS
    return 0xB0 <= octets[0] <= 0xF7 or octets[0] in {0xA1, 0xA3, 0xA8}
