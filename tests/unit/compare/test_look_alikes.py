"""How names sound and look: against pypinyin, and by examples."""

import ibis
import pyarrow as pa
import pytest

from pipelines.compare.characters import character_similarity, look_alikes, readings, toneless

SOUNDS, LOOKS, LOST, OTHER = (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)
PAIRS = {
    ("王伟", "王玮"): SOUNDS,
    ("单明", "善明"): SOUNDS,  # dan, chan and shan: a polyphone is each of them
    ("曾丽", "增丽"): SOUNDS,
    ("李己", "李已"): LOOKS,
    ("杨清", "杨青"): SOUNDS,  # alike to the ear and to the eye: the ear is asked first
    ("王小明", "王?明"): LOST,
    ("王小明", "王小亮"): OTHER,
    ("吕强", "李弱"): (0, 0, 0, 2),
    ("买买提阿里", "麦麦提阿力"): (3, 0, 0, 0),
}


def test_readings_are_those_of_the_library_without_tones():
    pinyin = pytest.importorskip("pypinyin")
    told = readings()
    for character in "王李张单曾重乐行吕女绿尉迟查盖区仇解朴黑朝长":
        expected = pinyin.pinyin(
            character, style=pinyin.Style.NORMAL, heteronym=True, v_to_u=False
        )[0]
        assert told[character] == sorted(set(expected)), character


def test_a_syllable_is_written_as_it_is_typed():
    assert [toneless(r) for r in ("zhāng", "lǚ", "nüè", "wáng")] == ["zhang", "lv", "nve", "wang"]


def test_looking_alike_has_two_directions_and_no_loops():
    table = look_alikes()
    pairs = set(zip(table["character"], table["looks_like"], strict=True))
    assert {(b, a) for a, b in pairs} == pairs
    assert not any(a == b for a, b in pairs)


def test_places_of_two_names_are_told_apart_by_ear_then_by_eye(con):
    mine, its = zip(*PAIRS, strict=True)
    names = ibis.memtable(pa.table({"mine": list(mine), "its": list(its)}))
    found = con.to_pyarrow(character_similarity(names)).to_pylist()
    told = {
        (row["mine"], row["its"]): tuple(row[c] for c in ("sounds", "looks", "lost", "other"))
        for row in found
    }
    assert told == PAIRS
