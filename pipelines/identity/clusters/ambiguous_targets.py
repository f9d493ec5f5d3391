"""Ambiguous targets: groups that a cluster fits no better than it fits another one.

The same test as in ``rules.ambiguous_groups``, on comparison levels instead of columns.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.identity.scores.comparisons import Comparison

_ENOUGH = 2  # ties beside the name: an owner's further shop shares one, his telephone


def ambiguous_targets(
    cluster_pairs: ir.Table, comparisons: Sequence[Comparison], name: str, ties: Sequence[str]
) -> ir.Table:
    """``cluster, target`` of the groups with an identifier that have a rival.

    The rival's name is no worse, and so is every other comparison that it knows. It has an
    identifier, too, or is forbidden to join the target. One that has only the name is no rival of a
    target with which two ties agree: of shops called alike there is always one that is on file
    without an address.

    Args:
        cluster_pairs: Levels per ``cluster`` and ``target``; ``never``, ``has_identifier``.
        comparisons: Those of the entity.
        name: The comparison of names.
        ties: Comparisons of what two entities hardly share.
    """
    names = [each.name for each in comparisons]
    allowed = cluster_pairs.filter(~cluster_pairs.never)
    levels = {f"{each}_rival": each for each in names}
    its = allowed.select("cluster", rival="target", has_number="has_identifier", **levels)
    joined = allowed.filter(allowed.has_identifier).inner_join(its, "cluster")
    joined = joined.filter(joined.rival != joined.target)
    worse = [(joined[f"{each}_rival"] > joined[each]).fill_null(False) for each in names]
    candidates = joined.filter(joined[f"{name}_rival"] <= joined[name], ~ibis.or_(*worse))
    no_tie = _ties(candidates, [f"{tie}_rival" for tie in ties]) == 0
    candidates = candidates.filter(~(no_tie & (_ties(candidates, ties) >= _ENOUGH)))
    forbidden = cluster_pairs.filter(cluster_pairs.has_identifier, cluster_pairs.never)
    forbidden = forbidden.select("target", rival="cluster")
    numbered, free = (
        candidates.filter(candidates.has_number),
        candidates.filter(~candidates.has_number),
    )
    free = free.semi_join(forbidden, ["target", "rival"])
    return numbered.union(free, distinct=False).select("cluster", "target").distinct()


def _ties(candidates: ir.Table, columns: Sequence[str]) -> ir.IntegerValue:
    """How many comparisons are at their best two levels, the same or nearly."""
    zero: ir.IntegerValue = ibis.literal(0, "int64")
    agree = ((candidates[column] <= 1).fill_null(False).cast("int64") for column in columns)
    return sum(agree, start=zero)
