"""Similarity of Chinese characters by sound and by look, for comparing names.

Readings are those of pypinyin, without tones and with all of a character's (polyphones): 单 is
dan, shan and chan. Look-alikes are ``data/look_alikes.txt``.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import permutations
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

LOOK_ALIKES = Path(__file__).parent / "data" / "look_alikes.txt"
_HAN = range(0x3400, 0x30000)
_DIAERESIS = "̈"


@cache
def readings() -> Mapping[str, Sequence[str]]:
    """Each character's readings, toneless, in order."""
    from pypinyin.pinyin_dict import pinyin_dict  # 40,000 entries: loaded where names are compared

    return {
        chr(code): sorted(set(map(toneless, several.split(","))))
        for code, several in pinyin_dict.items()
        if code in _HAN
    }


@cache
def toneless(reading: str) -> str:
    """A syllable as it is typed: zhāng is zhang, lǚ is lv."""
    marks = (c for c in unicodedata.normalize("NFD", reading))
    plain = "".join(c for c in marks if c == _DIAERESIS or not unicodedata.combining(c))
    return plain.replace(f"u{_DIAERESIS}", "v").replace(_DIAERESIS, "").replace("ɡ", "g")


@cache
def look_alikes() -> Mapping[str, Sequence[str]]:
    """``character`` and ``looks_like``, both directions."""
    pairs: set[tuple[str, str]] = set()
    for line in LOOK_ALIKES.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            pairs |= set(permutations(line.strip(), 2))
    ordered = sorted(pairs)
    return {"character": [a for a, _ in ordered], "looks_like": [b for _, b in ordered]}


def character_similarity(names: ir.Table) -> ir.Table:
    """Compare two spellings character by character.

    Args:
        names: ``mine`` and ``its``, distinct, as long as each other.

    Returns:
        ``mine, its`` and how many of the places ``sounds`` (other characters with a reading in
        common), ``looks`` (only look alike), ``lost`` (one of the two was lost) and ``other``
        (none of these).
    """
    place = ibis.range(0, names.mine.length()).unnest()
    placed = names.mutate(place=place)
    signs = placed.mutate(
        a=placed.mine.substr(placed.place, 1), b=placed.its.substr(placed.place, 1)
    )
    differing = signs.filter(signs.a != signs.b)
    joined = differing.select("a", "b").distinct()
    judged = differing.left_join(_sounding_alike(joined), ["a", "b"]).drop("a_right", "b_right")
    judged = judged.left_join(_looking_alike(joined), ["a", "b"]).drop("a_right", "b_right")
    lost = (judged.a == "?") | (judged.b == "?")
    sounds = ~lost & judged.sounds.fill_null(False)
    looks = ~lost & ~sounds & judged.looks.fill_null(False)
    result = judged.mutate(is_lost=lost, is_sound=sounds, is_look=looks)
    return result.group_by("mine", "its").agg(
        sounds=result.is_sound.sum(),
        looks=result.is_look.sum(),
        lost=result.is_lost.sum(),
        other=(~(result.is_lost | result.is_sound | result.is_look)).sum(),
    )


def _sounding_alike(joined: ir.Table) -> ir.Table:
    """Of these pairs of characters those with a reading in common.

    One row per character: a join on the reading itself would make millions of pairs of characters.
    """
    characters = {"character": list(readings()), "heard": list(readings().values())}
    known = ibis.memtable(pa.table(characters))
    mine = known.select(a=known.character, heard=known.heard)
    its = known.select(b=known.character, its_heard=known.heard)
    both = joined.inner_join(mine, "a").inner_join(its, "b")
    alike = both.filter(both.heard.intersect(both.its_heard).length() > 0)
    return alike.select("a", "b", sounds=True)


def _looking_alike(joined: ir.Table) -> ir.Table:
    known = ibis.memtable(pa.table(dict(look_alikes())))
    seen = known.select(a=known.character, b=known.looks_like)
    return joined.semi_join(seen, ["a", "b"]).mutate(looks=True)
