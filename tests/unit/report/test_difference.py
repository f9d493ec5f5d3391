"""How two values differ is said without either of them, and the same way round for both sides."""

import ibis
import pytest

from pipelines.engines import kept_sql
from pipelines.report.difference import WORDS, how_codes_differ, how_they_differ

PAIRS = [
    ("1990-03-07", "1990-07-03", "月日颠倒"),
    ("1990-03-07", "1990-03-17", "年月同、日不同"),
    ("1990-03-07", "1990-04-07", "年日同、月不同"),
    ("1990-03-07", "19901211", "年同、月日不同"),
    ("1990-03-07", "1980-03-07", "月日同、年不同"),
    ("1990-03-07", "1981-05-09", "年、月日均不同"),
    ("11010519491231002X", "1101051949123100X2", "末两位颠倒"),
    ("110105194912310021", "110105194913210021", "相邻两位颠倒"),
    ("110105194912310021", "110105194912310029", "差一位"),
    ("110105194912310021", "110105194912310129", "差两位"),
    ("110105194912310021", "11010519491231021", "少一位"),
    ("110105194912310021", "220105198012310021", "多位不同"),
    ("13800138000", "010-62345678", "位数不同"),
    ("示范市城东街道1号", "示范市城西街道1号", "街道（乡镇）不同"),
    ("示范市城东街道1号", "示范市城东街道22号", "街道（乡镇）同、门牌等不同"),
    ("示范路1号院三号楼", "解放路2号院五号楼", "地址不同"),
    ("张三丰", "张三风", "差一个字"),
    ("欧阳小明", "欧阳明小", "用字相同、次序不同"),
    ("张三", "李四", "文字不同"),
    ("1月", "1990-03-07", "文字不同"),
    ("张三", None, "只有本部门有值"),
    (" ", "张三", "只有对方有值"),
    ("张三", "张三", None),
    ("1990-03-07", "19900307", None),
    (None, None, None),
]
_ONE_SIDED = (WORDS["only_here"]["zh"], WORDS["only_there"]["zh"])


@pytest.fixture(scope="module")
def said():
    """Both ways round, for all pairs at once."""
    rows = [(a, b) for a, b, _ in PAIRS] + [(b, a) for a, b, _ in PAIRS]
    table = ibis.memtable(
        {"n": list(range(len(rows))), "a": [a for a, _ in rows], "b": [b for _, b in rows]},
        schema=ibis.schema({"n": "int64", "a": "string", "b": "string"}),
    )
    asked = table.select(
        "n", zh=how_they_differ(table.a, table.b), en=how_they_differ(table.a, table.b, "en")
    )
    return kept_sql.connect().to_pyarrow(asked.order_by("n")).to_pylist()


@pytest.mark.parametrize("number", range(len(PAIRS)), ids=[f"{a} {b}" for a, b, _ in PAIRS])
def test_how_two_values_differ(said, number):
    assert said[number]["zh"] == PAIRS[number][2]
    there = said[len(PAIRS) + number]
    assert there["zh"] == said[number]["zh"] or said[number]["zh"] in _ONE_SIDED
    assert (there["en"] is None) is (there["zh"] is None)


@pytest.mark.parametrize(
    ("table", "mine", "theirs", "words"),
    [
        ("marital", "10", "20", "大类不同"),
        ("marital", "21", "30", "大类不同"),
        ("marital", "21", "22", "大类相同、细类不同"),
        ("sex", "1", "2", "代码不同"),
        ("ethnicity", "01", "11", "代码不同"),
        ("sex", "1", "1", None),
        ("sex", "1", None, "只有本部门有值"),
        ("sex", "", "2", "只有对方有值"),
        ("sex", None, None, None),
    ],
)
def test_codes_are_equal_or_not_and_never_a_character_apart(table, mine, theirs, words):
    row = ibis.memtable({"a": [mine], "b": [theirs]}, schema={"a": "string", "b": "string"})
    asked = row.select(said=how_codes_differ(row.a, row.b, table))
    assert kept_sql.connect().to_pyarrow(asked).to_pylist() == [{"said": words}]


def test_no_words_hold_a_place_or_a_value():
    assert not any(letter.isdigit() for each in WORDS.values() for letter in "".join(each.values()))
