"""The waterfall adds up, is a picture, and has a glyph for every character of it."""

from math import log2

import pytest
from fontTools.ttLib import TTFont

from pipelines.report.font import chinese_font
from pipelines.report.steward.waterfall import Waterfall, Weight, draw

TWO = Waterfall(
    "记录 1 与 记录 2", -3.0, [Weight("姓名", "读音相同", 5.0), Weight("性别", "不同", -1.5)]
)


@pytest.fixture(scope="module")
def font(tmp_path_factory):
    return chinese_font(tmp_path_factory.mktemp("fonts"))


def test_the_probability_is_that_of_the_weights():
    assert TWO.total == 0.5
    odds = TWO.probability / (1 - TWO.probability)
    assert log2(odds) == pytest.approx(0.5)
    assert Waterfall("", -40, []).probability == pytest.approx(0)


def test_it_is_a_png_and_the_same_each_time(font):
    picture = draw(TWO, font)
    assert picture.startswith(b"\x89PNG")
    assert draw(TWO, font) == picture


def test_no_character_is_drawn_as_a_box(font, recwarn):
    draw(TWO, font)
    assert not [str(w.message) for w in recwarn if "Glyph" in str(w.message)]
    glyphs = TTFont(font).getBestCmap()
    assert all(ord(sign) in glyphs for sign in "证据强弱合计概率姓名读音相同≈")
