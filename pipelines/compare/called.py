"""What people are called that is no full name: forms of address, home names, names in part masked.

王先生, 老王, 王某某 say a surname; 狗娃, 强强, 小红 not even that. None is evidence for a given
name, and none beside a record's own valid number is evidence against it. All on matching keys.
"""

from functools import cache
from pathlib import Path

import ibis
import ibis.expr.types as ir

from pipelines.clean.names.forms_of_address import COMPOUND_SURNAMES, TITLES
from pipelines.clean.surnames import SURNAMES as COMMON_SURNAMES

FILE = Path(__file__).parent / "data" / "surnames.txt"
_HAN = r"[\x{4e00}-\x{9fff}]"
_RANKS = "[大二三四五六七八九幺]"
_IN_FRONT = "[小老阿大]"
_MEN = "先生$|哥$|叔$|爷$|大伯$"
_WOMEN = "女士$|小姐$|太太$|夫人$|姐$|婶$|嫂$|姨$|大妈$|大娘$"
_LONGEST_BARE = (
    3  # 扎西次仁 has no surname and is a whole name; what has four characters may be one
)


@cache
def surnames() -> str:
    """Characters that a Han name begins with."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return "".join(dict.fromkeys("".join(line for line in lines if not line.startswith("#"))))


def is_informal(key: ir.StringValue) -> ir.BooleanValue:
    """A home name by its form: 强强, 小红, 阿强, 王老三, 二娃; or without a surname, as 狗剩."""
    doubled = (key.length() == 2) & (key.left(1) == key.right(1))
    called = key.re_search(f"^(?:{_IN_FRONT}{_HAN}|{_HAN}?老{_RANKS}|{_HAN}{{1,2}}娃子?)$")
    bare = key.re_search(f"^{_HAN}{{2,{_LONGEST_BARE}}}$") & ~key.re_search(f"^[{surnames()}]")
    return (doubled & key.re_search(f"^{_HAN}")) | called | bare


def has_surname(key: ir.StringValue) -> ir.BooleanValue:
    """A Han name: a surname and one or two characters; a compound one and two, 欧阳小明."""
    return key.re_search(f"^(?:[{surnames()}][^·]{{1,2}}|(?:{COMPOUND_SURNAMES})[^·]{{1,2}})$")


def surname_said(text: ir.StringValue) -> ir.StringValue:
    """The surname in a form of address or a masked name; NULL where it says none."""
    behind = text.re_extract(f"^老([{COMMON_SURNAMES}])$", 1)
    shown = text.re_extract(rf"^([{surnames()}])(?:[某*＊×✕○〇◯xX]|老{_RANKS}$)", 1)
    titled = text.re_extract(f"^([{surnames()}])(?:{TITLES}|[哥姐叔婶嫂姨爷])$", 1)
    return ibis.coalesce(behind.nullif(""), titled.nullif(""), shown.nullif(""))


def sex_said(text: ir.StringValue) -> ir.StringValue:
    """GB/T 2261.1 code of a form of address; NULL where it says none."""
    return ibis.cases((text.re_search(_MEN), "1"), (text.re_search(_WOMEN), "2"), else_=None)
