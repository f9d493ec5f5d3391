"""Distinctiveness of names: how many registered entities bear a name, or its distinctive part.

A name proves only as much as it is rare here. Let ``V(n)`` be the forms in which people write a
registered name ``n``: as it is, without its region, without its form (有限公司, 店), without both.
The bearers of a name ``k`` are the identifiers under which it is registered in one of these forms::

    b(k) = |{ c : k in V(n), n a name of c in its most authoritative source }|

A name of one bearer (``b <= 1``) identifies; one of several is *shared*. Nothing is listed: the
name 兰州拉面 is shared where several are called so, and is not where only one is.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.identity.tables.authority import authority_rank
from pipelines.libraries import Library

# Regions in front of a registered name, by their levels: 鲁东省东江市滨河区. The 兰州 of 兰州拉面
# has none and stays.
_REGION = (
    "^(?:[^省市区县旗]{2,7}(?:省|自治区))?(?:[^省市区县旗]{2,7}(?:市|自治州|盟))?"
    "(?:[^省市区县旗]{2,7}[市区县旗])?"
)
_FORM = "(?:(?:股份)?有限公司|公司|专业合作社|经营部|商行|[馆店铺坊行部])$"
_SHORTEST = 2  # characters that are left of a name for it to be one


def distinctive_part(key: ir.StringValue) -> ir.StringValue:
    """An organisation's name without region and form."""
    return _without_form(_without_region(key))


def name_forms(key: ir.StringValue) -> Sequence[ir.StringValue]:
    """``V(n)``: the forms in which a registered name is written."""
    local = _without_region(key)
    return [key, local, _without_form(key), _without_form(local)]


def with_bearers(work: ir.Table, name: str, library: Library) -> ir.Table:
    """Add ``name_bearers``, registered entities that bear the record's name, and
    ``distinctive_part``.

    Args:
        work: Comparison keys.
        name: The column of names.
        library: Its strong identifier, and who is authoritative for names.
    """
    strong = library.identity.strong
    named = work.filter(work[strong].notnull(), work[name].notnull())
    rank = authority_rank(named.source, library.columns[name].authority)
    ranked = named.select(strong, name, rank=rank)
    best = ranked.group_by(strong).agg(rank=ranked["rank"].min())
    registered = ranked.semi_join(best, [strong, "rank"]).drop("rank").distinct()
    forms = ibis.array(name_forms(registered[name]))
    borne = registered.select(strong, form=forms.unique().unnest()).distinct()
    counted = borne.group_by("form").agg(name_bearers=borne.count())
    joined = work.left_join(counted, work[name] == counted.form).drop("form")
    bearers = joined.name_bearers.fill_null(0).cast("int64")
    return joined.mutate(name_bearers=bearers, distinctive_part=distinctive_part(joined[name]))


def _without_region(key: ir.StringValue) -> ir.StringValue:
    rest = key.re_replace(_REGION, "")
    return ibis.ifelse(rest.length() >= _SHORTEST, rest, key)


def _without_form(name: ir.StringValue) -> ir.StringValue:
    rest = name.re_replace(_FORM, "")
    return ibis.ifelse(rest.length() >= _SHORTEST, rest, name)
