"""Comparison levels in a steward's words."""

from collections.abc import Mapping

from pipelines.identity.scores.waterfall import PairWeights
from pipelines.libraries import Library
from pipelines.report.steward.waterfall import Waterfall, Weight

LEVELS_ZH: Mapping[str, str] = {
    "same": "相同",
    "other": "不同",
    "exact_rare": "相同（少见）",
    "exact": "相同",
    "exact_common": "相同（常见）",
    "lost_characters": "有缺字，其余相同",
    "sounds_alike": "读音相同",
    "looks_alike": "字形相近",
    "sounds_or_looks_alike": "音同或形近",
    "same_characters": "用字相同，次序不同",
    "cut_short": "一方不完整",
    "abbreviated": "首尾相同",
    "other_surname": "名同姓不同",
    "one_character": "差一字",
    "lunar": "农历与公历之差",
    "swapped": "月日颠倒",
    "first_for_unknown": "以一日代替不详",
    "one_digit": "差一位",
    "two_digits": "差两位",
    "similar": "相近",
    "same_minority": "相同（少数民族）",
    "damaged": "相同，或只差一位",
    "within": "一方包含另一方",
    "same_numbers": "门牌数字相同",
    "same_crowd": "同一村组（多人同址）",
    "same_house": "同一门牌",
    "same_street": "同一街巷",
    "same_prefecture": "同一地市",
    "former_name": "与曾用名相同",
    "same_brand_and_industry": "字号和行业相同",
    "same_brand": "字号相同",
    "same_year": "同一年",
}
_NUMBER = "some_number"  # a number of which at least one side is damaged


def waterfall_of(title: str, weights: PairWeights, library: Library) -> Waterfall:
    """The weights of a pair with the Chinese names of columns and levels."""
    return Waterfall(
        title=title,
        prior=weights.prior,
        weights=[
            Weight(_title(each.comparison, library), level_zh(each.level), each.bits)
            for each in weights.weights
        ],
    )


def level_zh(level: str) -> str:
    """A level in Chinese; one that has no words yet, by its name."""
    return LEVELS_ZH.get(level, level)


def _title(comparison: str, library: Library) -> str:
    if comparison == _NUMBER:
        return f"{library.columns[library.identity.strong].title}（含有误的）"
    column = library.columns.get(comparison)
    return column.title if column else comparison
