"""Villages written with and without their town: 石峡镇王家沟村3组 and 王家沟村3组 are one place.

Unless the records know villages of that name in two towns: then the town is what tells them apart,
and it stays. That is asked of the data, not of a gazetteer.
"""

import ibis
import ibis.expr.types as ir

TOWN = "[^0-9镇乡村路街号]{1,5}(?:镇|乡|苏木|街道)"
_VILLAGE = "[^0-9路街道号弄巷]{2,10}?"
# Behind a town, or at the beginning: a name up to 村, or up to the number of a group.
_PLACE = f"^({TOWN})?({_VILLAGE})(?:(?:自然|行政)?村(?:委会|民委员会)?|[0-9]+组)"


def without_towns(texts: ir.Table, key: str) -> ir.Table:
    """``texts`` with the keys of villages without town and the word 村 in front of a group.

    Args:
        texts: Distinct texts, with their comparison key.
        key: The column of keys.
    """
    found = texts.mutate(
        town=texts[key].re_extract(_PLACE, 1), village=texts[key].re_extract(_PLACE, 2)
    )
    named = found.filter(found.village != "", found.town != "")
    towns = named.group_by("village").agg(towns=named.town.nunique())
    one = towns.filter(towns.towns == 1).select(only="village")
    joined = found.left_join(one, found.village == one.only)
    bare = ibis.ifelse(
        joined.only.notnull() & (joined.town != ""),
        joined[key].substr(joined.town.length()),
        joined[key],
    )
    plain = ibis.ifelse(joined.village != "", _without_word(bare), bare)
    return joined.select(*[c for c in texts.columns if c != key], plain.name(key))


def _without_word(key: ir.StringValue) -> ir.StringValue:
    """王家沟村3组86号 as 王家沟3组86."""
    group = key.re_replace("(?:自然|行政)?村(?:委会|民委员会)?([0-9]+组)", r"\1")
    return group.re_replace("([0-9])号$", r"\1")
