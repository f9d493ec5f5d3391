"""Units of money columns: what a bare number in them counts, from the contract or the header."""

import re
from functools import cache

from pipelines.standards.code_tables import load_code_table

MULTIPLIERS = ("万亿", "亿", "千万", "百万", "十万", "万", "千", "百")
_MULTIPLIER = f"(?:{'|'.join(MULTIPLIERS)})"
_IN_BRACKETS = re.compile(r"[(\[【〔（]([^()（）\[\]【】〔〕]+)[)\]】〕）]")
_FILLING = re.compile(r"单位|[\s:：/_为]")


def is_unit(text: str) -> bool:
    """Whether a text is a unit of money: a multiplier, a currency, or both (万元, USD)."""
    currency = re.sub(f"^{_MULTIPLIER}", "", text)
    return text != "" and (currency == "" or currency in _currencies())


def unit_in_name(name: str) -> str | None:
    """The unit that the name of a column says: 注册资本(万元), 注册资本：万美元, 出资额_万元."""
    plain = _FILLING.sub("", name)
    for inside in reversed(_IN_BRACKETS.findall(plain)):
        unit = _without_renminbi(inside)
        if is_unit(unit):
            return unit
    ending = re.search(f"{_MULTIPLIER}?(?:{'|'.join(_long_currencies())})$", plain)
    return ending[0] if ending and ending[0] != plain else None


def split_unit(unit: str | None) -> tuple[str, str]:
    """Multiplier and currency of a unit; '' for what it does not say."""
    found = re.match(f"({_MULTIPLIER}?)(.*)", unit or "")
    return (found[1], found[2]) if found else ("", "")


def is_currency(code: str) -> bool:
    """Whether it is a code of ISO 4217 that is known here."""
    return code in set(load_code_table("currency")["code"])


def _without_renminbi(text: str) -> str:
    """万元 of 人民币万元 and of 万元人民币: the currency is said twice."""
    bare = text.replace("人民币", "")
    return bare if bare.endswith("元") else text


@cache
def _currencies() -> frozenset[str]:
    table = load_code_table("currency")
    words = {w for column in table.values() for cell in column for w in cell.split("|") if w}
    return frozenset({"元", "圆", *(w for w in words if not re.match(_MULTIPLIER, w))})


@cache
def _long_currencies() -> tuple[str, ...]:
    """Words for currencies that a name may end in; a code of three letters may be anything."""
    words = (word for word in _currencies() if not word.isascii())
    return tuple(sorted(map(re.escape, words), key=len, reverse=True))
