"""Regular expressions that find region names (行政区划名称) at the head of a name or an address.

Made from the code table of regions on import, so they know abolished regions as well: an
enterprise keeps the name that it was registered under.
"""

import re
from collections.abc import Iterable
from functools import cache

from pipelines.clean.parsing.plain import alternation
from pipelines.standards.code_tables import load_regions

_NATIONALITIES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|"
    "土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|"
    "鄂伦春|赫哲|门巴|珞巴|基诺|各"
)
# What a name of a region loses in its short form: 恩施(土家族苗族自治州), 新疆(维吾尔自治区).
SUFFIX = (
    rf"(?:(?:{_NATIONALITIES})族?)*(?:特别行政区|自治[区州县旗])|省|市|地区|盟|林区|特区|县|区|旗"
)


@cache
def province() -> str:
    """A province, in full or short: 浙江省, 浙江, 内蒙古."""
    return _either([name for name in _names("province") if "（" not in name], shortest=2)


@cache
def city() -> str:
    """A prefecture or prefecture-level city, in full or short: 杭州市, 杭州, 恩施州."""
    names = [*_names("city"), *_names("city_without_counties")]
    states = [short(name) + "州" for name in names if name.endswith("自治州")]
    return _either([*names, *states], shortest=2)


@cache
def county() -> str:
    """A county, district or county-level city in full (桐庐县), the last also short (义乌)."""
    names = [name for name in _names("county") if name.endswith(tuple("县区市旗"))]
    shorts = [short(name) for name in names if name.endswith("市")]
    return alternation([*names, *(name for name in shorts if len(name) > 1)])


def short(name: str) -> str:
    """The name of a region without its kind; unchanged where nothing of two characters is left."""
    stem = re.sub(f"(?:{SUFFIX})$", "", name)
    if len(stem) < 2:  # 内蒙古自治区 and 西藏自治区 are named after the nationality
        stem = re.sub("自治[区州县旗]$", "", name)
    return stem if len(stem) > 1 else name


def _names(level: str) -> list[str]:
    regions = load_regions()
    pairs = zip(regions["name"], regions["level"], strict=True)
    return sorted({str(name) for name, kind in pairs if kind == level})


def _either(names: Iterable[str], shortest: int) -> str:
    words = {form for name in names for form in (name, short(name)) if len(form) >= shortest}
    return alternation(sorted(words))
