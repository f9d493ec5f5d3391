"""Rival clusters: another group that a cluster's best score fits no worse.

The same question as ``rules.ambiguous_groups``, asked of comparison levels instead of columns.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.identity.scores.comparisons import Comparison


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
