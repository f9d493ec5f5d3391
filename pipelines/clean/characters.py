"""Characters: compatibility forms, white space, HTML entities and words that mean "nothing".

Neither Ibis nor both engines have Unicode normalisation, so it is done with tables that are
computed from ``unicodedata`` on import. Every function first asks, with one regular expression,
whether there is anything to do: the common row pays for that question only.

The argument should be a column, not a long expression, because it is named several times;
``TEXT_STEPS`` does that right for a parser.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir

from pipelines.clean.engine_functions import url_decode
from pipelines.clean.parsing.parser import Derive

# Written as ranges of code points, because both RE2 and Java read \x{...} the same way.
_SPACE = (
    r"\x{9}-\x{d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}"
    r"\x{205f}\x{2800}\x{3000}\x{3164}\x{ffa0}"
)
_INVISIBLE = (
    r"\x{0}-\x{8}\x{e}-\x{1b}\x{7f}-\x{84}\x{86}-\x{9f}\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{180e}"
    r"\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{fe00}-\x{fe0f}\x{feff}"
    r"\x{fff9}-\x{fffb}\x{e0001}-\x{e01ef}"
)

PLACEHOLDERS = (
    *("无", "暂无", "没有", "未知", "不详", "不明", "未填", "未填写", "未登记", "未提供", "未说明"),
    *(
        "待定",
        "待补",
        "待补充",
        "待核实",
        "待查",
        "空",
        "空白",
        "空值",
        "不清楚",
        "不知道",
        "缺失",
        "保密",
    ),
    *("无数据", "无记录", "无此项", "不适用", "测试"),
    *("null", "none", "nil", "nan", "n/a", "n.a.", "na", "#n/a", "#null!", "#value!", "#ref!"),
    *("undefined", "unknown", "empty", "blank", "tbd", "test", "(null)", "<null>", "[null]", "\\n"),
)
# Nothing but strokes, stars, stops and the like. A question mark is not among them: it may be all
# that is left of a character that was lost.
_ONLY_SIGNS = r"[-/\\|*#_.,:;~+=`'\x{22}·—–―‐−─、。，；：…＊／＿－×]+"


def nfkc(s: ir.StringValue) -> ir.StringValue:
    """Unicode NFKC of each character: ``Ａ`` to A, ``①`` to 1, ``㈱`` to (株), ``⽊`` to 木.

    It differs from NFKC proper where combining marks follow a letter, which are left apart, and in
    the private-use characters of GBK, which become what GB 18030-2022 assigned.
    """
    return ibis.cases(
        (s.re_search(_SEVERAL_CLASS), _spell_out(s).translate(_ONE_FROM, _ONE_TO)),
        (s.re_search(_ONE_CLASS), s.translate(_ONE_FROM, _ONE_TO)),
        (s.re_search(_WIDE_CLASS), s.translate(_WIDE_FROM, _WIDE_TO)),
        else_=s,
    )


def strip_spaces(s: ir.StringValue) -> ir.StringValue:
    """No white space at the ends, one blank for every run inside, no invisible characters.

    White space includes U+3000, NBSP, tabs and line breaks; invisible are zero-width characters,
    the byte order mark, direction and variation marks and control characters.
    """
    cleaned = s.re_replace(f"[{_INVISIBLE}]+", "").re_replace(f"[{_SPACE}]+", " ")
    return ibis.ifelse(
        s.re_search(f"^ | $|  |[{_INVISIBLE}]|[{_without_blank(_SPACE)}]"),
        cleaned.re_replace("^ | $", ""),
        s,
    )


def remove_spaces(s: ir.StringValue) -> ir.StringValue:
    """No white space and no invisible characters at all: for numbers and codes."""
    return ibis.ifelse(
        s.re_search(f"[{_SPACE}{_INVISIBLE}]"), s.re_replace(f"[{_SPACE}{_INVISIBLE}]+", ""), s
    )


def is_placeholder(s: ir.StringValue) -> ir.BooleanValue:
    """True where the whole value says that there is none: 无, 不详, null, N/A, ``-``, ``***`` …

    Expects tidy text (see ``TEXT_STEPS``). False for an empty string, NULL for NULL.
    """
    words = "|".join(re.escape(word) for word in PLACEHOLDERS)
    return s.re_search(rf"(?i)^(?:{words}|{_ONLY_SIGNS})\z")


def decode_entities(s: ir.StringValue) -> ir.StringValue:
    """HTML entities as characters: ``&middot;``, ``&#183;``, ``&#x4DAE;``, also ``&amp;middot;``.

    Web forms in a GBK page write every character that GBK lacks as ``&#19886;``, so rare
    characters of names arrive this way.
    """
    return ibis.ifelse(s.re_search(f"&(?:{_ENTITY})"), _decode(s), s)


def upper(s: ir.StringValue) -> ir.StringValue:
    """Upper case, alike on every engine: only Java turns ``ß`` into two letters by itself."""
    return s.upper().replace("ß", "SS")


def _tidy(name: str, source: str) -> Derive:
    functions = {"decoded": decode_entities, "normal": nfkc, "text": strip_spaces}
    return Derive(lambda s: {name: functions[name](getattr(s, source))})


# Steps that begin almost every parser: afterwards ``s.text`` is tidy, or '' or NULL.
TEXT_STEPS = (_tidy("decoded", "raw"), _tidy("normal", "decoded"), _tidy("text", "normal"))


# ---- compatibility forms ----


def _compatibility_forms() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Characters whose NFKC is one other character, and those whose NFKC is several."""
    one: dict[str, str] = {}
    several: dict[str, str] = {}
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        # U+D800 to U+DFFF are halves of surrogate pairs, no characters.
        if 0xD800 <= code <= 0xDFFF or unicodedata.is_normalized("NFKC", character):
            continue
        normal = unicodedata.normalize("NFKC", character)
        (one if len(normal) == 1 else several)[character] = normal
    return {**one, **_private_use_of_gbk()}, several


def _private_use_of_gbk() -> Mapping[str, str]:
    """GBK had no code points for 80 characters (FE50 to FEA0) and put them at U+E815 to U+E864.

    Old files and fonts still do, also for 䶮, which people are named. Python's codec knows what
    GB 18030-2000 assigned; the 14 that it leaves were assigned by GB 18030-2005 and -2022.
    """
    trail = [byte for byte in range(0x50, 0xA1) if byte != 0x7F]
    gbk = {0xE815 + i: bytes([0xFE, byte]).decode("gb18030") for i, byte in enumerate(trail)}
    later = {0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5}
    later |= {0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F}
    later |= {0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB}
    assigned = gbk | {private: chr(code) for private, code in later.items()}
    return {chr(private): character for private, character in assigned.items()}


def _character_class(characters: Iterable[str]) -> str:
    """A regular expression for any of the characters, as few ranges as possible."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, characters)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(rf"\x{{{low:x}}}-\x{{{high:x}}}" for low, high in ranges) + "]"


def _without_blank(ranges: str) -> str:
    return ranges.replace(r"\x{1c}-\x{20}", r"\x{1c}-\x{1f}")


def _spell_out(s: ir.StringValue) -> ir.StringValue:
    """Replace every character that stands for several, looked up in one long string."""
    table = ibis.literal(_SEVERAL_TABLE)
    characters = ibis.range(0, s.length()).map(lambda i: s.substr(i, 1))
    spelled = characters.map(
        lambda c: ibis.ifelse(
            c.re_search(_SEVERAL_CLASS),
            table.re_extract(ibis.literal("\n") + c + ibis.literal("([^\n]*)"), 1),
            c,
        )
    )
    return spelled.join("")


_ONE, _SEVERAL = _compatibility_forms()
_WIDE = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {
    "\u3000": " ",
    "\xa0": " ",
}
_RARE = [character for character in _ONE if character not in _WIDE]
_ONE_FROM, _ONE_TO = "".join(_ONE), "".join(_ONE.values())
_WIDE_FROM, _WIDE_TO = "".join(_WIDE), "".join(_WIDE.values())
_ONE_CLASS = _character_class(_RARE)
_WIDE_CLASS = _character_class(_WIDE)
_SEVERAL_CLASS = _character_class(_SEVERAL)
_SEVERAL_TABLE = "".join(f"\n{c}{normal}" for c, normal in _SEVERAL.items()) + "\n"

# ---- entities ----

_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "num": "#", "sol": "/"}
_NAMED |= {"nbsp": " ", "ensp": " ", "emsp": " ", "thinsp": " ", "lpar": "(", "rpar": ")"}
_NAMED |= {"middot": "·", "centerdot": "·", "bull": "•", "sdot": "⋅", "times": "×", "deg": "°"}
_NAMED |= {"ldquo": "“", "rdquo": "”", "lsquo": "‘", "rsquo": "’", "laquo": "«", "raquo": "»"}
_NAMED |= {"mdash": "—", "ndash": "–", "hellip": "…", "copy": "©", "reg": "®", "trade": "™"}
_NAMED |= {"zwnj": "\u200c", "zwj": "\u200d", "shy": "\xad", "yen": "¥"}
_NAMED |= {"auml": "ä", "ouml": "ö", "uuml": "ü", "eacute": "é", "egrave": "è", "agrave": "à"}
_NAMED_TABLE = "".join(f"\n{name};{character}" for name, character in _NAMED.items())
_HEX = "0123456789ABCDEF"
_ENTITY = "#[0-9]{2,7};?|#[xX][0-9a-fA-F]{2,6};?|[A-Za-z]{2,9};"
_AMPERSAND = "&(?:(?:amp|AMP|#38|#x26);)+"


def _decode(s: ir.StringValue) -> ir.StringValue:
    """Cut at every ``&``, turn the entity at the head of each piece into its character, and join.

    In stages, so that what one computes is not written out again wherever the next one uses it.
    """
    pieces = (ibis.literal(";") + s.re_replace(_AMPERSAND, "&")).split("&")
    decoded = pieces.map(_cut).map(_code_point).map(_character_and_rest).join("")
    return decoded.substr(
        2
    )  # without "&;": the ";" kept the head of the text from being taken for one


def _cut(piece: ir.StringValue) -> ir.StructValue:
    entity = piece.re_extract(f"^(?:{_ENTITY})", 0)
    digits = ibis.literal("000000") + piece.re_extract("^#[xX]([0-9a-fA-F]{2,6})", 1).upper()
    return ibis.struct(
        {
            "entity": entity,
            "rest": piece.re_replace(f"^(?:{_ENTITY})", ""),
            "hexadecimal": digits.right(6),
            "decimal": ibis.literal("0") + piece.re_extract("^#([0-9]{2,7})", 1),
        }
    )


def _code_point(cut: ir.StructValue) -> ir.StructValue:
    """Adds the number in ``#183;`` or ``#xB7;``; 0 for a named entity."""
    code = cut["decimal"].cast("int64")
    for place in range(6):
        digit = ibis.literal(_HEX).find(cut["hexadecimal"].substr(place, 1))
        code += digit.cast("int64") * 16 ** (5 - place)
    return ibis.struct({"entity": cut["entity"], "rest": cut["rest"], "code": code})


def _character_and_rest(cut: ir.StructValue) -> ir.StringValue:
    code, entity = cut["code"], cut["entity"]
    readable = (code >= 32) & (code < 0x110000) & ~code.between(0xD800, 0xDFFF)
    named = ibis.literal(_NAMED_TABLE).re_extract(ibis.literal("\n") + entity + "(.)", 1)
    character = ibis.cases(
        (readable, _utf8(code)),
        (entity.endswith(";") & (named != ""), named),
        else_=ibis.literal("&") + entity,
    )
    return character + cut["rest"]


@ibis.udf.scalar.builtin(name="hex")  # type: ignore[untyped-decorator]
def _hexadecimal(value: int) -> str:  # type: ignore[empty-body]
    """The engines' own function."""


def _utf8(code: ir.IntegerValue) -> ir.StringValue:
    """The character with a code point: its UTF-8 bytes written %XX%XX and decoded by the engine."""
    last = _byte(0x80 + code % 64)
    third = _byte(0x80 + (code // 64) % 64) + last
    second = _byte(0x80 + (code // 4096) % 64) + third
    return url_decode(
        ibis.cases(
            (code < 0x80, _byte(code)),
            (code < 0x800, _byte(0xC0 + code // 64) + last),
            (code < 0x10000, _byte(0xE0 + code // 4096) + third),
            else_=_byte(0xF0 + code // 262144) + second,
        )
    )


def _byte(value: ir.IntegerValue) -> ir.StringValue:
    """``%XX``; the value is at least 32, so there are two digits."""
    return ibis.literal("%") + _hexadecimal(value.cast("int64"))
