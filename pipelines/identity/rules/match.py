"""Matching by rules: unmatched records join an identifier group, or each other, or stay single.

A record joins a group only where its best rule points to that group alone: values that two groups
share are no evidence for either. A record that joined brings its own values into the group, so the
rest is matched again until no more records join.
"""

import ibis
import ibis.expr.types as ir

from pipelines.identity.rules.ambiguous_groups import ambiguous_records, group_agreement
from pipelines.identity.rules.candidate_pairs import (
    candidate_pairs,
    is_by_name,
    rule_of_score,
    rule_rank_of_score,
)
from pipelines.identity.rules.identifier_groups import IdentifierGroups
from pipelines.identity.tables.comparison_keys import evidence_of
from pipelines.identity.tables.spanning_forest import spanning_forest
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

FOUNDING_RECORD = "founding_record"

# Each round joins at least one record through a record of the round before. Real chains are two or
# three long; the limit keeps a defect from running for ever.
MOST_ROUNDS = 8
# rid and score in one number, so that "best, then smallest" is one minimum. 2**40 records.
_RID = 2**40


def link_records(
    work: ir.Table, groups: IdentifierGroups, library: Library, temp: TempTables
) -> ir.Table:
    """Give every record a cluster and the reason why it is there.

    Args:
        work: ``working_set``.
        groups: ``group_by_identifier``.
        library: Its matching rules.
        temp: Where intermediate tables are materialised.

    Returns:
        ``rid, cluster`` (smallest rid of the cluster), ``rule`` (a matching rule, or
        FOUNDING_RECORD for the record that the others were linked to) and ``linked`` (the rid it
        was linked to, or NULL). Exactly one row per record.
    """
    unmatched = temp.materialise(work.select("rid").anti_join(groups.accepted, "rid"))
    pairs = candidate_pairs(work, groups.conflicting, unmatched, library, temp)
    joined = _join_groups(pairs, groups.accepted, library, temp)
    rest = _join_each_other(pairs, joined, groups.accepted, temp)
    grouped = _by_identifier(groups.accepted, library)
    linked = [_with_rule(table, library) for table in (joined, rest)]
    grouped = grouped.union(*linked, distinct=False)
    alone = unmatched.anti_join(grouped, "rid")
    nobody = ibis.null("int64")
    alone = alone.select("rid", gid=alone.rid, rule=ibis.null("string"), linked=nobody)
    return temp.materialise(_clusters_of(grouped.union(alone, distinct=False), joined))


def _join_groups(
    pairs: ir.Table, accepted: ir.Table, library: Library, temp: TempTables
) -> ir.Table:
    """rid, gid, best (score, and rid of the record linked to) of all that join a group."""
    has_rivals = bool(evidence_of(library).distinguishing)
    others = pairs.select(rid=pairs.other).distinct()
    grouped = temp.materialise(accepted.semi_join(others, "rid").select("rid", "gid"))
    joined = temp.materialise(_none_yet(grouped))
    for _ in range(MOST_ROUNDS):
        remaining = pairs.anti_join(joined, "rid")
        fresh = temp.materialise(_single_best(_votes(remaining, grouped)))
        if has_rivals:
            fresh = temp.materialise(_unambiguous(fresh, remaining, grouped, library, temp))
        if not temp.count(fresh):
            break
        joined = temp.materialise(joined.union(fresh, distinct=False))
        grouped = temp.materialise(grouped.union(fresh.select("rid", "gid"), distinct=False))
    return joined


def _unambiguous(
    fresh: ir.Table, pairs: ir.Table, grouped: ir.Table, library: Library, temp: TempTables
) -> ir.Table:
    """Those of ``fresh`` whose match by name is not ambiguous."""
    distinguishing = evidence_of(library).distinguishing
    place = rule_rank_of_score(fresh.best // _RID)
    passes = enumerate(library.identity.passes)
    by_name = [n for n, each in passes if is_by_name(each, library)]
    matched = temp.materialise(fresh.filter(place.isin(by_name)))
    theirs = pairs.semi_join(matched, "rid")
    joined = theirs.inner_join(grouped.rename(other="rid"), "other")
    agreement = temp.materialise(
        joined.group_by("rid", "gid").agg(**group_agreement(joined, distinguishing))
    )
    return fresh.anti_join(
        ambiguous_records(matched, agreement, pairs, grouped, distinguishing), "rid"
    )


def _none_yet(grouped: ir.Table) -> ir.Table:
    return grouped.mutate(best=ibis.literal(0, "int64")).filter(ibis.literal(False))


def _votes(pairs: ir.Table, grouped: ir.Table) -> ir.Table:
    """Per record and group: its best score, with the smallest rid that has it."""
    by_group = grouped.select(other=grouped.rid, gid=grouped.gid)
    joined = pairs.inner_join(by_group, "other")
    best = (joined.score * _RID + joined.other).min()
    votes = joined.group_by("rid", "gid").agg(best=best, excluded_rank=joined.excluded_rank.min())
    allowed = votes.excluded_rank.isnull() | (
        rule_rank_of_score(votes.best // _RID) < votes.excluded_rank
    )
    return votes.filter(votes.best.notnull(), allowed).select("rid", "gid", "best")


def _single_best(votes: ir.Table) -> ir.Table:
    """Records whose best score points to one group alone."""
    score = votes.best // _RID
    scored = votes.mutate(score=score)
    top = scored.group_by("rid").agg(score=scored.score.min())
    tied = scored.semi_join(top, ["rid", "score"])
    counted = tied.group_by("rid").agg(n=tied.count(), gid=tied.gid.min(), best=tied.best.min())
    return counted.filter(counted.n == 1).select("rid", "gid", "best")


def _join_each_other(
    pairs: ir.Table, joined: ir.Table, accepted: ir.Table, temp: TempTables
) -> ir.Table:
    """Group the records that joined no group, by rules stronger than those that tied two groups."""
    grouped = accepted.select("rid", "gid").union(joined.select("rid", "gid"), distinct=False)
    left_over = pairs.anti_join(joined, "rid")
    votes = _votes(left_over, grouped.semi_join(left_over.select(rid="other").distinct(), "rid"))
    shared = votes.group_by("rid").agg(place=rule_rank_of_score(votes.best // _RID).min())
    free = left_over.anti_join(grouped.select(other=grouped.rid), "other")
    free = free.filter(free.score.notnull())
    for side in ("rid", "other"):
        limits = shared.select(limited=shared.rid, limit_of=shared.place)
        free = free.left_join(limits, free[side] == limits.limited)
        unlimited = free.limit_of.isnull() | (rule_rank_of_score(free.score) < free.limit_of)
        free = free.filter(unlimited).select("rid", "other", "score")
    back = free.select(rid="other", other="rid", score="score")
    edges = temp.materialise(free.union(back, distinct=True))
    forest = spanning_forest(edges.select(left="rid", right="other", place="score"), temp)
    claimed = forest.inner_join(edges, forest.node == edges.rid)
    claimed = claimed.filter(claimed.other == claimed.towards)
    best = claimed.group_by("node").agg(best=(claimed.score * _RID + claimed.other).min())
    found = forest.left_join(best, "node")
    return found.select(rid="node", gid="component", best="best")


def _by_identifier(accepted: ir.Table, library: Library) -> ir.Table:
    return accepted.select(
        "rid", "gid", rule=ibis.literal(library.identity.strong_claim), linked=accepted.gid
    )


def _with_rule(joined: ir.Table, library: Library) -> ir.Table:
    score = joined.best // _RID
    linked = joined.best - score * _RID
    return joined.select("rid", "gid", rule=rule_of_score(score, library), linked=linked)


def _clusters_of(grouped: ir.Table, joined: ir.Table) -> ir.Table:
    """Name each cluster after its smallest rid, its representative, which is linked to nothing.

    A ``gid`` is the smallest of its records, but for those that joined it.
    """
    first = joined.group_by("gid").agg(first=joined.rid.min())
    named = grouped.left_join(first, "gid")
    representative = named.rid == named.gid
    return named.select(
        "rid",
        cluster=ibis.ifelse(named["first"] < named.gid, named["first"], named.gid),
        rule=ibis.ifelse(representative, FOUNDING_RECORD, named.rule),
        linked=ibis.ifelse(representative, ibis.null("int64"), named.linked),
    )
