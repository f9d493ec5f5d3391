"""Charts are drawn with the glyphs of mainland China, not with the Japanese ones."""

from fontTools.ttLib import TTFont

from pipelines.report.font import FAMILY, chinese_font


def test_the_face_is_the_one_for_simplified_chinese_and_made_once(tmp_path):
    path = chinese_font(tmp_path / "cache")
    made = path.stat().st_mtime_ns
    face = TTFont(path)
    assert face["name"].getDebugName(1) == FAMILY
    glyphs = face.getBestCmap()
    assert all(ord(character) in glyphs for character in "质量报告公民身份号码㐂")
    assert chinese_font(tmp_path / "cache").stat().st_mtime_ns == made
    assert [each.name for each in path.parent.iterdir()] == [path.name]  # no draft is left
