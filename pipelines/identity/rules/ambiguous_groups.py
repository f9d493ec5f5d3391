"""Who else a record could belong to: namesakes of its best group that nothing rules out.

A firm leaves its name, door and person in charge to the registration that follows it. That a record
agrees with one of the two in a telephone number of which the other says nothing tells them apart
for nobody: only a difference does. So a claim by name is unique where every other bearer of the
name differs from the record in something that the winner does not.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.identity.rules.candidate_pairs import agreed, differed


def of_group(pairs: ir.Table, telling: Sequence[str]) -> dict[str, ir.Value]:
    """Aggregates of ``candidate_pairs`` over a record and a group."""
    names = ("namesake", "apart", *map(agreed, telling), *map(differed, telling))
    return {name: pairs[name].any() for name in names}


def rivalled(
    won: ir.Table,
    standing: ir.Table,
    pairs: ir.Table,
    placed: ir.Table,
    telling: Sequence[str],
) -> ir.Table:
    """``rid`` of the records that another bearer of the name could have as well.

    Args:
        won: ``rid, gid`` of the records that are about to join.
        standing: Per ``rid`` and ``gid`` of placed records, ``of_group``.
        pairs: ``candidate_pairs``.
        placed: ``rid, gid`` of the records that have a group.
        telling: The columns that tell groups apart.
    """
    mine = won.select("rid", "gid").inner_join(standing, ["rid", "gid"])
    mine = mine.select("rid", "gid", **_against(mine, telling, "mine"))
    groups = standing.filter(standing.namesake, ~standing.apart)
    groups = groups.select("rid", rival="gid", **_against(groups, telling, "its"))
    met = mine.inner_join(groups, "rid")
    among_groups = met.filter(met.rival != met.gid)
    # Who has no group yet is another's if something keeps him out of this one: an old registration
    # of before there were codes.
    free = pairs.filter(pairs.namesake, ~pairs.apart).anti_join(placed, pairs.other == placed.rid)
    free = free.select("rid", rival="other", **_against(free, telling, "its"))
    kept_out = pairs.filter(pairs.namesake, pairs.apart).select(rival="rid", other="other")
    kept_out = kept_out.inner_join(placed.rename(other="rid"), "other").select("rival", "gid")
    among_free = mine.inner_join(free, "rid").semi_join(kept_out, ["rival", "gid"])
    both = among_groups.union(among_free.select(*among_groups.columns), distinct=False)
    ruled_out = ibis.or_(*(both[f"its_{c}"] & ~both[f"mine_{c}"] for c in telling))
    return both.filter(~ruled_out).select("rid").distinct()


def _against(told: ir.Table, telling: Sequence[str], whose: str) -> dict[str, ir.BooleanValue]:
    """Per column, whether a group's records differ in it, and none agrees."""
    return {f"{whose}_{c}": told[differed(c)] & ~told[agreed(c)] for c in telling}
