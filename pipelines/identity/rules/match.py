"""Stage two: records without a trusted identifier join a group, or each other, or stay alone.

A record joins a group only where its best claim points to that group and to no other: a
combination that two groups share is no evidence for either. Records that joined carry their own
words into the group, so the rest is asked again until nobody joins any more.
"""

import ibis
import ibis.expr.types as ir

from pipelines.identity.rules.ambiguous_groups import of_group, rivalled
from pipelines.identity.rules.candidate_pairs import candidate_pairs, claim_of, is_by_name, place_of
from pipelines.identity.rules.identifier_groups import Groups
from pipelines.identity.tables.comparison_keys import evidence_of
from pipelines.identity.tables.spanning_forest import spanning_forest
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library

FOUNDING_RECORD = "founding_record"

# Each round joins at least one record that only a record of the round before could vouch for; real
# chains are two or three long, and what a longer one would still join is not worth a defect.
MOST_ROUNDS = 8
# rid and score in one number, so that "best, then smallest" is one minimum. 2**40 records.
_RID = 2**40


def link_records(work: ir.Table, groups: Groups, library: Library, space: Workspace) -> ir.Table:
    """Give every record a cluster and the reason why it is there.

    Args:
        work: ``working_set``.
        groups: ``group_by_identifier``.
        library: Its passes.
        space: Keeps the results.

    Returns:
        ``rid, cluster`` (smallest rid of the cluster), ``rule`` (a claim, or FOUNDING_RECORD for
        the record that the others were linked to) and ``linked`` (the rid it was linked to, or
        NULL). Exactly one row per record.
    """
    open_ = space.hold(work.select("rid").anti_join(groups.trusted, "rid"))
    pairs = candidate_pairs(work, groups.disputed, open_, library, space)
    joined = _join_groups(pairs, groups.trusted, library, space)
    rest = _join_each_other(pairs, joined, groups.trusted, space)
    grouped = _by_identifier(groups.trusted, library)
    linked = [_explained(table, library) for table in (joined, rest)]
    placed = grouped.union(*linked, distinct=False)
    alone = open_.anti_join(placed, "rid")
    nobody = ibis.null("int64")
    alone = alone.select("rid", gid=alone.rid, rule=ibis.null("string"), linked=nobody)
    return space.hold(_founded(placed.union(alone, distinct=False), joined))


def _join_groups(
    pairs: ir.Table, trusted: ir.Table, library: Library, space: Workspace
) -> ir.Table:
    """rid, gid, best (score and rid of the record that vouches) of all that join a group."""
    has_rivals = bool(evidence_of(library).telling)
    near = pairs.select(rid=pairs.other).distinct()
    placed = space.hold(trusted.semi_join(near, "rid").select("rid", "gid"))
    joined = space.hold(_nobody_yet(placed))
    for _ in range(MOST_ROUNDS):
        waiting = pairs.anti_join(joined, "rid")
        fresh = space.hold(_sole_best(_votes(waiting, placed)))
        if has_rivals:
            fresh = space.hold(_without_rival(fresh, waiting, placed, library, space))
        if not space.count(fresh):
            break
        joined = space.hold(joined.union(fresh, distinct=False))
        placed = space.hold(placed.union(fresh.select("rid", "gid"), distinct=False))
    return joined


def _without_rival(
    fresh: ir.Table, pairs: ir.Table, placed: ir.Table, library: Library, space: Workspace
) -> ir.Table:
    """Those of ``fresh`` whose claim by name nobody else could have."""
    telling = evidence_of(library).telling
    place = place_of(fresh.best // _RID)
    passes = enumerate(library.identity.passes)
    by_name = [n for n, each in passes if is_by_name(each, library)]
    asked = space.hold(fresh.filter(place.isin(by_name)))
    theirs = pairs.semi_join(asked, "rid")
    met = theirs.inner_join(placed.rename(other="rid"), "other")
    standing = space.hold(met.group_by("rid", "gid").agg(**of_group(met, telling)))
    return fresh.anti_join(rivalled(asked, standing, pairs, placed, telling), "rid")


def _nobody_yet(placed: ir.Table) -> ir.Table:
    return placed.mutate(best=ibis.literal(0, "int64")).filter(ibis.literal(False))


def _votes(pairs: ir.Table, placed: ir.Table) -> ir.Table:
    """Per record and group: its best score, with the smallest rid that has it."""
    by_group = placed.select(other=placed.rid, gid=placed.gid)
    met = pairs.inner_join(by_group, "other")
    best = (met.score * _RID + met.other).min()
    votes = met.group_by("rid", "gid").agg(best=best, refused=met.refused.min())
    allowed = votes.refused.isnull() | (place_of(votes.best // _RID) < votes.refused)
    return votes.filter(votes.best.notnull(), allowed).select("rid", "gid", "best")


def _sole_best(votes: ir.Table) -> ir.Table:
    """Records whose best score points to one group alone."""
    score = votes.best // _RID
    scored = votes.mutate(score=score)
    top = scored.group_by("rid").agg(score=scored.score.min())
    tied = scored.semi_join(top, ["rid", "score"])
    counted = tied.group_by("rid").agg(n=tied.count(), gid=tied.gid.min(), best=tied.best.min())
    return counted.filter(counted.n == 1).select("rid", "gid", "best")


def _join_each_other(
    pairs: ir.Table, joined: ir.Table, trusted: ir.Table, space: Workspace
) -> ir.Table:
    """Group the records that joined nobody, by claims better than those two groups shared."""
    placed = trusted.select("rid", "gid").union(joined.select("rid", "gid"), distinct=False)
    left_over = pairs.anti_join(joined, "rid")
    votes = _votes(left_over, placed.semi_join(left_over.select(rid="other").distinct(), "rid"))
    shared = votes.group_by("rid").agg(place=place_of(votes.best // _RID).min())
    free = left_over.anti_join(placed.select(other=placed.rid), "other")
    free = free.filter(free.score.notnull())
    for side in ("rid", "other"):
        limits = shared.select(limited=shared.rid, limit_of=shared.place)
        free = free.left_join(limits, free[side] == limits.limited)
        unlimited = free.limit_of.isnull() | (place_of(free.score) < free.limit_of)
        free = free.filter(unlimited).select("rid", "other", "score")
    back = free.select(rid="other", other="rid", score="score")
    edges = space.hold(free.union(back, distinct=True))
    forest = spanning_forest(edges.select(left="rid", right="other", place="score"), space)
    claimed = forest.inner_join(edges, forest.node == edges.rid)
    claimed = claimed.filter(claimed.other == claimed.towards)
    best = claimed.group_by("node").agg(best=(claimed.score * _RID + claimed.other).min())
    found = forest.left_join(best, "node")
    return found.select(rid="node", gid="component", best="best")


def _by_identifier(trusted: ir.Table, library: Library) -> ir.Table:
    return trusted.select(
        "rid", "gid", rule=ibis.literal(library.identity.strong_claim), linked=trusted.gid
    )


def _explained(joined: ir.Table, library: Library) -> ir.Table:
    score = joined.best // _RID
    linked = joined.best - score * _RID
    return joined.select("rid", "gid", rule=claim_of(score, library), linked=linked)


def _founded(placed: ir.Table, joined: ir.Table) -> ir.Table:
    """Name each cluster after its smallest rid; its head is linked to nobody.

    A ``gid`` is the smallest of its records, but for those that joined it.
    """
    first = joined.group_by("gid").agg(first=joined.rid.min())
    named = placed.left_join(first, "gid")
    head = named.rid == named.gid
    return named.select(
        "rid",
        cluster=ibis.ifelse(named["first"] < named.gid, named["first"], named.gid),
        rule=ibis.ifelse(head, FOUNDING_RECORD, named.rule),
        linked=ibis.ifelse(head, ibis.null("int64"), named.linked),
    )
