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
from pipelines.identity.scores.comparisons import Comparison


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


def with_a_rival(likeness: ir.Table, comparisons: Sequence[Comparison], name: str) -> ir.Table:
    """``cluster, target`` of likenesses to groups with a number that another one rivals.

    The rival's name is no worse, and whatever else it knows is no worse than the target's. It has a
    number, too, or is kept out of the target.

    Args:
        likeness: Levels per ``cluster`` and ``target``; ``never``, ``is_sure``.
        comparisons: Those of the entity.
        name: The comparison of names.
    """
    names = [each.name for each in comparisons]
    open_ = likeness.filter(~likeness.never)
    levels = {f"{each}_rival": each for each in names}
    its = open_.select("cluster", rival="target", has_number="is_sure", **levels)
    met = open_.filter(open_.is_sure).inner_join(its, "cluster")
    met = met.filter(met.rival != met.target)
    worse = [(met[f"{each}_rival"] > met[each]).fill_null(False) for each in names]
    near = met.filter(met[f"{name}_rival"] <= met[name], ~ibis.or_(*worse))
    kept_out = likeness.filter(likeness.is_sure, likeness.never)
    kept_out = kept_out.select("target", rival="cluster")
    numbered, free = near.filter(near.has_number), near.filter(~near.has_number)
    free = free.semi_join(kept_out, ["target", "rival"])
    return numbered.union(free, distinct=False).select("cluster", "target").distinct()
