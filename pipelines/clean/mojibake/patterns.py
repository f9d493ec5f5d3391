"""What text that was read in a wrong encoding looks like, as regular expressions.

UTF-8 read as GBK walks in steps of three characters for two: lead and first byte, second byte and
lead, the last two bytes; every character of a run is one that such bytes make at its place. GBK
read as Latin-1 has an even run of letters with accents. A person's name and an address have
neither by chance.
"""

from pipelines.clean.mojibake.bytes_of import CONTINUED, DOT_LEAD, LEADS, pairs, ranges, word
from pipelines.clean.surnames import SURNAMES

_LETTERS = range(0x40, 0x7F)  # ASCII that GBK takes for a second byte
_BEGINS = "[" + ranges(pairs(LEADS, CONTINUED)) + "]"
_GOES_ON = "[" + ranges(pairs(CONTINUED, LEADS)) + "]"
_ENDS = "[" + ranges(pairs(CONTINUED, CONTINUED)) + "]"
_ENDS_IN_ASCII = "[" + ranges(pairs(CONTINUED, _LETTERS)) + "]"
_DOT = "".join(pairs([DOT_LEAD], [0xB7]))  # · read as GBK, where it begins a character
_DOTS = "[" + ranges(pairs(CONTINUED, [DOT_LEAD])) + "]*"  # and where it does not
_LOST = r"[\x{0}-\x{7f}\x{20ac}\x{fffd}\x{25a1}]"  # ASCII, and what stands where a byte was lost

_TWO_FOR_THREE = f"{_BEGINS}{_DOTS}{_GOES_ON}{_ENDS}"
STEP = f"{_BEGINS}{_DOTS}(?:{_GOES_ON}{_ENDS}|{_ENDS_IN_ASCII})"
_WALK = f"(?:{_GOES_ON}?{_ENDS})?(?:{_DOT}|{STEP})*(?:{_BEGINS}{_DOTS}{_GOES_ON}?)?"

UTF8_AS_GBK = rf"^(?:[\x{{0}}-\x{{7f}}]|{_DOT}|{STEP})+$"
TWO_STEPS = f"(?s){STEP}.*{STEP}"
UTF8_AS_GBK_WITH_LOSS = f"^(?:{_WALK}{_LOST}+)*(?:{_WALK})$"
TWO_BEGIN = f"(?s){_TWO_FOR_THREE}.*{_BEGINS}|{_BEGINS}.*{_TWO_FOR_THREE}"
_ANY = _BEGINS[1:-1] + _GOES_ON[1:-1] + _ENDS[1:-1] + _ENDS_IN_ASCII[1:-1] + _LOST[1:-1]
SUCH_ONLY = f"^[{_ANY}]+$"
_THIS = f"[{_BEGINS[1:-1]}{_GOES_ON[1:-1]}{_ENDS[1:-1]}]"
_GAP = r"[?\x{20ac}\x{fffd}\x{25a1}]"
THREE_AND_A_GAP = f"(?s){_BEGINS}.*{_THIS}.*{_THIS}|{_BEGINS}{_GOES_ON}{_GAP}{{2}}"
_BEFORE_A_GAP = f"{_BEGINS}{_DOTS}{_GOES_ON}?{_GAP}"
THREE_BEGIN = f"(?s){_BEGINS}.*{_BEGINS}.*{_BEGINS}"
A_LONG_WALK = f"(?:{_TWO_FOR_THREE}){{2}}"

# Latin-1, with what Windows-1252 has at 80 to 9F put back to its bytes.
_T = r"[\x{80}-\x{bf}]"
_THREE = rf"[\x{{e1}}-\x{{ec}}\x{{ee}}\x{{ef}}]{_T}{_T}"
_TWO = rf"[\x{{c2}}\x{{c3}}]{_T}"
UTF8_AS_LATIN1 = rf"^(?:[\x{{0}}-\x{{7f}}]|{_TWO}|{_THREE}|\x{{f0}}[\x{{90}}-\x{{bf}}]{_T}{_T})+$"
UTF8_SIGNS = f"{_TWO}|(?:^|[^A-Za-z]){_THREE}"  # Café”… has one such by chance
_BROKEN = r"[\x{e3}-\x{e9}\x{ef}](?:[\x{80}-\x{bf}\x{fffd}]){2}"
UTF8_AS_LATIN1_WITH_LOSS = (
    rf"(?s){_THREE}.*[\x{{e3}}-\x{{e9}}\x{{ef}}]{_T}|[\x{{e3}}-\x{{e9}}\x{{ef}}]{_T}.*{_THREE}"
    rf"|{_BROKEN}.*{_BROKEN}|^{_BROKEN}$"
)
PAIR = r"[\x{81}-\x{fe}][\x{40}-\x{7e}\x{80}-\x{fe}]"
_COMMON_PAIR = r"[\x{b0}-\x{d7}][\x{a1}-\x{fe}]"
_NO_LETTERS = rf"^(?:[\x{{0}}-@\[-`{{-\x{{7f}}]|{PAIR})+$"
# A name of letters with accents only does not exist; three Chinese characters in a row are six.
GBK_AS_LATIN1 = (_NO_LETTERS, rf"^(?:[\x{{0}}-\x{{7f}}]|{PAIR})+$")
_HIGH_PAIR = r"[\x{a1}-\x{fe}][\x{a1}-\x{fe}]"
GBK_SIGNS = (
    rf"(?s){_HIGH_PAIR}.*{PAIR}|{PAIR}.*{_HIGH_PAIR}|^[\x{{c0}}-\x{{d6}}][\x{{80}}-\x{{ff}}]$",
    rf"{_COMMON_PAIR}{PAIR}{PAIR}",
)
GBK_AS_LATIN1_WITH_LOSS = r"(?:[\x{b0}-\x{f7}][\x{a1}-\x{fe}]){3}"

# Characters of GBK that stand for common ones of Big5: second bytes of ASCII; kana, Greek, boxes.
BIG5_AS_GBK = "[" + ranges(
    [*pairs(range(0xA4, 0xFA), _LETTERS), *pairs(range(0xA4, 0xAA), range(0xA1, 0xFF))]
) + "]"  # fmt: skip

TWO_OF_BIG5 = f"(?s){BIG5_AS_GBK}.*{BIG5_AS_GBK}"
_HALF_A_NAME = f"^[^{SURNAMES}]{BIG5_AS_GBK}$|^{BIG5_AS_GBK}.$"
LOSS = r"[?\x{fffd}\x{25a1}\x{e000}-\x{f8ff}]"

_FULL_STOP = "\ufffd"  # what stands for a byte that did not decode, and is itself misread later
_BEFORE_KAO = "[" + ranges(pairs(range(0x81, 0xFF), [0xEF])) + "]"
WORDS = "|".join((
    "锟斤", "斤拷", "拷锟", f"{_BEFORE_KAO}拷(?:[^贝问打]|$)",  # U+FFFD in UTF-8, read as GBK
    word(_FULL_STOP, "utf-8", "latin-1"), word("\ufeff", "utf-8", "latin-1"),
    "嚙踝蕭", "ｿｽ",  # the same read as Big5 and as Shift-JIS
    "^锘[夸垮挎跨胯块]",  # a byte order mark before a Chinese character
    "烫烫烫", "屯屯屯", "葺葺葺",  # memory that was never filled: CC, CD, DD
))  # fmt: skip

AGAIN = rf"{A_LONG_WALK}|{WORDS}|{_THREE}|\x{{fffd}}"  # misread twice: what comes of one repair
SUSPECT = "|".join((  # no text is judged without one of these
    STEP, _BEFORE_A_GAP, WORDS,
    r"[\x{c2}-\x{f7}][\x{80}-\x{bf}\x{152}-\x{2122}]",
    r"[\x{e3}-\x{ef}]\x{fffd}[\x{80}-\x{bf}\x{152}-\x{2122}\x{fffd}]", r"[\x{a1}-\x{ff}]{3}",
    r"^[\x{c0}-\x{d6}][\x{80}-\x{ff}]$", TWO_OF_BIG5, _HALF_A_NAME,
))  # fmt: skip
