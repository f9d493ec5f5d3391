"""What a text was before it was read in a wrong encoding: the same bytes, read in the right one.

A text is taken to pieces, each piece is looked up in a table of two-byte characters, and what is
found is put together again. Neither engine can encode text in GBK; Python's own codecs make the
table.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.clean.engine_functions import url_decode
from pipelines.clean.mojibake.bytes_of import NOTHING, two_byte_characters
from pipelines.clean.mojibake.patterns import PAIR

UTF8_OF_GBK, UTF8_OF_LATIN1 = "utf8_of_gbk", "utf8_of_latin1"
GBK_OF_LATIN1, BIG5_OF_GBK = "gbk_of_latin1", "big5_of_gbk"
_MARK = "\x1f"
_ASCII = r"^[\x{0}-\x{7f}]*$"
_HIGH = "".join(map(chr, range(0x80, 0x100)))
_DIGITS = "".join(f"{byte:02X}" for byte in range(0x80, 0x100))


def with_candidates(seen: ir.Table) -> ir.Table:
    """Texts with what they may have been.

    Args:
        seen: ``raw``, each once; ``latin``, the same as bytes where it is Latin-1; ``kind``, how it
            was misread, by which a pattern has shown that it can be undone; NULL for the others.

    Returns:
        ``seen`` with ``before``, the text in the encoding that ``kind`` says, and ``in_big5``, the
        same bytes in Big5, with U+FFFE for what is no character there; NULL where nothing is known.
    """
    pieces = _pieces(seen.filter(seen.kind.notnull() & (seen.kind != UTF8_OF_LATIN1)))
    known = ibis.memtable(dict(_table()), schema=ibis.schema(dict.fromkeys(_table(), "string")))
    found = pieces.left_join(known, pieces.piece == known.shown_as)
    found = found.select(
        "text", "place", "kind",
        before=ibis.cases(
            (found.kind == UTF8_OF_GBK, ibis.coalesce(found.escaped, _escaped(found.piece))),
            (found.kind == GBK_OF_LATIN1, ibis.coalesce(found.gbk, found.piece)),
            else_=ibis.literal(""),
        ),
        in_big5=ibis.ifelse(
            found.piece.re_search(_ASCII), found.piece, ibis.coalesce(found.big5, NOTHING)
        ),
    )  # fmt: skip
    whole = found.group_by("text", "kind").agg(
        before=_in_order(found, "before"), in_big5=_in_order(found, "in_big5")
    )
    whole = whole.select("text", "before", "in_big5", made="kind")
    joined = seen.left_join(whole, seen.raw == whole.text)
    return joined.select(
        *seen.columns,
        "in_big5",
        before=ibis.cases(
            (joined.kind == UTF8_OF_LATIN1, _utf8_of_latin1(joined.latin)),
            (joined.made == UTF8_OF_GBK, url_decode(joined.before)),
            (joined.made == GBK_OF_LATIN1, joined.before),
            else_=joined.in_big5,
        ),
    )


def _pieces(seen: ir.Table) -> ir.Table:
    """``text``, ``kind``, ``place`` and ``piece``: a character, or two of Latin-1 that are one."""
    pairs = seen.latin.re_replace(rf"({PAIR}|[\x{{0}}-\x{{7f}}])", rf"\1{_MARK}").split(_MARK)
    pieces = ibis.ifelse(seen.kind == GBK_OF_LATIN1, pairs, _characters(seen.raw))
    taken = seen.select("kind", text=seen.raw, pieces=pieces)
    each = taken.mutate(place=ibis.range(0, taken.pieces.length()).unnest())
    return each.select("text", "kind", "place", piece=each.pieces[each.place])


def _in_order(found: ir.Table, name: str) -> ir.StringValue:
    placed = ibis.struct({"place": found.place, "piece": found[name]})
    return placed.collect().sort().map(lambda each: each["piece"]).join("")


def _utf8_of_latin1(latin: ir.StringValue) -> ir.StringValue:
    placed = _characters(latin).map(
        lambda c: ibis.struct({"c": c, "place": ibis.literal(_HIGH).find(c)})
    )
    escaped = placed.map(
        lambda at: ibis.ifelse(
            at["place"] < 0,
            _escaped(at["c"]),
            ibis.literal("%") + ibis.literal(_DIGITS).substr(at["place"] * 2, 2),
        )
    )
    return url_decode(escaped.join(""))


def _characters(text: ir.StringValue) -> ir.ArrayValue:
    return ibis.range(0, text.length()).map(lambda place: text.substr(place, 1))


def _escaped(ascii_text: ir.StringValue) -> ir.StringValue:
    """As it is, except what an escape is written with, and a plus, which Java decodes."""
    return ascii_text.replace("%", "%25").replace("+", "%2B")


@cache
def _table() -> Mapping[str, Sequence[str | None]]:
    """Two bytes as GBK and as Latin-1 show them, and what they are."""
    rows = list(two_byte_characters())
    return {
        "shown_as": [row.gbk for row in rows] + [row.latin1 for row in rows],
        "escaped": [row.escaped for row in rows] * 2,
        "gbk": [row.gbk for row in rows] * 2,
        "big5": [row.big5 for row in rows] * 2,
    }
