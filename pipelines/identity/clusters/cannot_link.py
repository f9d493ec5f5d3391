"""Must-link and cannot-link constraints: decisions of people, and rules that no score may overrule.

A cluster that contains a cannot-link pair is split at the weakest link between the two, until none
is left. Links are strictly ordered (a decision, the identifier, the matching rules in their order,
the score, then the rids), so the split depends on nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.errors import ComponentsDoNotSettle
from pipelines.identity.clusters.score_clusters import LARGEST_BY_SCORE, MATCH_BY_SCORE
from pipelines.identity.rules.candidate_pairs import rule_names
from pipelines.identity.rules.identifier_groups import IdentifierGroups
from pipelines.identity.scores.pair_levels import cannot_link_among, records_for_scoring
from pipelines.identity.tables.comparison_keys import evidence_of
from pipelines.identity.tables.spanning_forest import spanning_forest
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

DECIDED_SAME = "decided_same"
TWO_NUMBERS = "same_person_under_two_numbers"
_MOST_CUTS = 1_000  # each round cuts one link of every violating cluster; none has more bad links
_LONGEST_PATH = 64


@dataclass(frozen=True)
class SplitClusters:
    """``assignments`` as before; ``cut``: the links that were cut.

    ``cut``: rid, other, rule, probability, by_person.
    """

    assignments: ir.Table
    cut: ir.Table


def decided_pairs(work: ir.Table, decisions: ir.Table, verdict: str) -> ir.Table:
    """``rid, other`` of the pairs with this verdict whose records are both still there."""
    these = decisions.filter(decisions.verdict == verdict)
    named = work.select("rid", "source", "source_key")
    left = these.inner_join(
        named.rename(left_source="source", left_key="source_key"), ["left_source", "left_key"]
    )
    right = named.rename(other="rid", right_source="source", right_key="source_key")
    both = left.inner_join(right, ["right_source", "right_key"])
    return both.filter(both.rid != both.other).select("rid", "other").distinct()


def cannot_link_pairs(
    work: ir.Table,
    groups: IdentifierGroups,
    before: ir.Table,
    after: ir.Table,
    library: Library,
    temp: TempTables,
) -> ir.Table:
    """Pairs that scores put into one cluster and that can never be one entity.

    Of a cluster that scores made larger than ``LARGEST_BY_SCORE``, all links by score. Of one that
    gathers several valid codes under one name, whatever made it, the records that have them.

    Args:
        work: ``working_set``.
        groups: Accepted and conflicting identifiers.
        before: ``rid, cluster`` of the rules.
        after: ``rid, cluster, rule, linked`` after the scores.
        library: Its evidence.
        temp: Where intermediate tables are materialised.

    Returns:
        ``rid, other, by_person`` (FALSE).
    """
    scored = after.filter(after.rule == MATCH_BY_SCORE)
    sizes = after.semi_join(scored, "cluster").group_by("cluster").agg(size=lambda t: t.count())
    sizes = temp.materialise(sizes)
    fitting = sizes.filter(sizes.size <= LARGEST_BY_SCORE)
    was = before.select("rid", was="cluster")
    inside = temp.materialise(after.semi_join(fitting, "cluster").inner_join(was, "rid"))
    mine = inside.select("rid", "cluster", "was")
    its = inside.select("cluster", other="rid", its="was")
    joined = mine.inner_join(its, "cluster")
    pairs = temp.materialise(joined.filter(joined.was != joined.its).select("rid", "other"))
    never = cannot_link_among(pairs, records_for_scoring(work, groups, library, temp), library)
    giants = scored.anti_join(fitting, "cluster").select("rid", other="linked")
    several = _several_codes(groups, after, library)
    result = never.union(giants, several, distinct=True)
    return temp.materialise(result.mutate(by_person=ibis.literal(False)))


def _several_codes(groups: IdentifierGroups, after: ir.Table, library: Library) -> ir.Table:
    """``rid, other`` within one cluster whose conflicting identifiers are two valid codes.

    One such record has a stranger's code. Several, each with another one, are several entities
    that a name brought together.
    """
    numbered = after.inner_join(groups.conflicting.select("rid", "number"), "rid")
    mine = numbered.select("rid", "number", "cluster")
    its = numbered.select("cluster", other="rid", its_number="number")
    joined = mine.inner_join(its, "cluster")
    differ = joined.number != joined.its_number
    applies = ibis.literal(bool(evidence_of(library).distinguishing))
    return joined.filter(differ, applies).select("rid", "other")


def pairs_under_two_identifiers(
    work: ir.Table, groups: IdentifierGroups, library: Library, temp: TempTables
) -> ir.Table:
    """Pairs of accepted identifiers whose records agree in name, birth date and a tie.

    It is somebody who was given a second number, or twins entered under one name: only a person can
    tell, so it needs review.

    Returns:
        ``rid, other, rule``: the first records of both groups.
    """
    evidence = evidence_of(library)
    if (
        len(evidence.identifying) == 1
    ):  # firms of one name at one door: a successor has its own code
        return _nobody(work)
    identifying, ties = list(evidence.identifying), evidence.ties[:2]
    result = work.filter(*(work[column].notnull() for column in identifying))
    numbered = groups.accepted.select("rid", "gid")
    rows = result.select("rid", *identifying, *ties).inner_join(numbered, "rid")
    # Only persons under several numbers, who are few, are compared tie by tie.
    several = (
        rows.group_by(identifying).having(rows.gid.min() != rows.gid.max()).agg(n=rows.count())
    )
    rows = temp.materialise(rows.semi_join(temp.materialise(several), identifying))
    joined = []
    for tie in ties:
        key = [*identifying, tie]
        known = rows.filter(rows[tie].notnull())
        found = known.group_by(key).agg(other=known.gid.min(), rid=known.gid.max())
        joined.append(found.filter(found.rid != found.other).select("rid", "other"))
    both = joined[0].union(joined[1], distinct=True)
    return temp.materialise(both.mutate(rule=ibis.literal(TWO_NUMBERS)))


def _nobody(work: ir.Table) -> ir.Table:
    none = work.filter(ibis.literal(False))
    return none.select("rid", other=none.rid, rule=ibis.literal(TWO_NUMBERS))


def merge_must_link(assignments: ir.Table, must_link: ir.Table, temp: TempTables) -> ir.Table:
    """Merge the clusters that people decided to be one entity (must-link).

    Args:
        assignments: ``rid, cluster, rule, linked, probability``.
        must_link: ``decided_pairs``.
        temp: Where intermediate tables are materialised.
    """
    of = assignments.select("rid", "cluster")
    joined = must_link.inner_join(of, "rid").inner_join(
        of.rename(other="rid", its_cluster="cluster"), "other"
    )
    between = joined.filter(joined.cluster != joined.its_cluster)
    forth = between.select("cluster", towards="its_cluster", link_to="other")
    back = between.select(cluster="its_cluster", towards="cluster", link_to="rid")
    steps = temp.materialise(forth.union(back, distinct=True))
    equal = ibis.literal(0, "int64")
    forest = spanning_forest(steps.select(left="cluster", right="towards", place=equal), temp)
    forest = forest.rename(cluster="node", goes="component")
    linked_to = steps.group_by("cluster", "towards").agg(link_to=steps.link_to.min())
    goes = temp.materialise(forest.left_join(linked_to, ["cluster", "towards"]))
    result = assignments.left_join(goes.select("cluster", "goes", "link_to"), "cluster")
    joins = result.goes.notnull() & (result.goes != result.cluster) & result.linked.isnull()
    return temp.materialise(
        result.select(
            "rid",
            cluster=ibis.coalesce(result.goes, result.cluster),
            rule=ibis.ifelse(joins, DECIDED_SAME, result.rule),
            linked=ibis.ifelse(joins, result.link_to, result.linked),
            probability=ibis.ifelse(joins, ibis.null("float64"), result.probability),
        )
    )


def split_cannot_link(
    assignments: ir.Table,
    cannot_link: ir.Table,
    founding: str,
    library: Library,
    temp: TempTables,
    must_link: ir.Table | None = None,
) -> SplitClusters:
    """Split clusters until none contains a cannot-link pair.

    Args:
        assignments: ``rid, cluster, rule, linked, probability``; ``linked`` is in the same cluster.
        cannot_link: ``rid, other, by_person``.
        founding: The rule of a record that is linked to nobody.
        library: Its rules in the order of the links' strength.
        temp: Where intermediate tables are materialised.
        must_link: ``rid, other``: pairs that people decided to be one and that share a cluster in
            ``assignments``. They count as links where a cluster is split.

    Raises:
        ComponentsDoNotSettle: a defect, never data.
    """
    cuts: list[ir.Table] = []
    for _ in range(_MOST_CUTS):
        violations = temp.materialise(_violations(assignments, cannot_link))
        if not temp.count(violations):
            break
        links = temp.materialise(_ranked_links(assignments, violations, library, must_link))
        cut = temp.materialise(_weakest(violations, links, temp))
        assignments = temp.materialise(
            _without_links(assignments, violations, links, cut, founding, temp)
        )
        if must_link is not None:
            must_link = temp.materialise(_still_in_force(must_link, cut))
        cuts.append(cut)
    else:
        raise ComponentsDoNotSettle(_MOST_CUTS)
    if must_link is not None and cuts:
        assignments = temp.materialise(_with_one_representative(assignments))
    return SplitClusters(assignments, _union_of_cuts(cuts, assignments, temp))


def _still_in_force(must_link: ir.Table, cut: ir.Table) -> ir.Table:
    """The must-link pairs without those that were cut."""
    gone = cut.filter(~cut.tree).select("rid", "other")
    return must_link.anti_join(gone, ["rid", "other"])


def _union_of_cuts(cuts: Sequence[ir.Table], assignments: ir.Table, temp: TempTables) -> ir.Table:
    if not cuts:
        nobody = assignments.filter(ibis.literal(False))
        result = nobody.mutate(other=nobody.rid, by_person=ibis.literal(False))
        return result.select("rid", "other", "rule", "probability", "by_person")
    first, *rest = (cut.select("rid", "other", "rule", "probability", "by_person") for cut in cuts)
    return temp.materialise(first.union(*rest, distinct=False) if rest else first)


def _violations(assignments: ir.Table, cannot_link: ir.Table) -> ir.Table:
    of = assignments.select("rid", "cluster")
    its = of.rename(other="rid", its_cluster="cluster")
    joined = cannot_link.inner_join(of, "rid").inner_join(its, "other")
    return joined.filter(joined.cluster == joined.its_cluster).select(
        "rid", "other", "by_person", "cluster"
    )


def _ranked_links(
    assignments: ir.Table, violations: ir.Table, library: Library, must_link: ir.Table | None
) -> ir.Table:
    """Links of the violating clusters, ``rank`` 0 the weakest; ``tree``: no mere decision."""
    links = assignments.semi_join(violations, "cluster").filter(lambda t: t.linked.notnull())
    links = links.mutate(tree=ibis.literal(True))
    if must_link is not None:
        links = links.union(_decided_within(assignments, violations, must_link), distinct=False)
    order = [DECIDED_SAME, library.identity.strong_claim, *rule_names(library)]
    strengths = [(links.rule == rule, len(order) - n) for n, rule in enumerate(order)]
    strength = ibis.cases(*strengths, else_=0).cast("int64")
    rank = ibis.row_number().over(
        order_by=[
            strength.asc(),
            links.probability.asc(nulls_first=False),
            links.rid.desc(),
            links.linked.desc(),
            links.tree.asc(),
        ]
    )
    return links.mutate(rank=rank)


def _decided_within(assignments: ir.Table, violations: ir.Table, must_link: ir.Table) -> ir.Table:
    """Must-link pairs within one violating cluster, in the columns of links."""
    of = assignments.semi_join(violations, "cluster").select("rid", "cluster")
    its = of.rename(other="rid", its_cluster="cluster")
    joined = must_link.inner_join(of, "rid").inner_join(its, "other")
    within = joined.filter(joined.cluster == joined.its_cluster)
    return within.select(
        "rid",
        "cluster",
        rule=ibis.literal(DECIDED_SAME),
        linked="other",
        probability=ibis.null("float64"),
        tree=ibis.literal(False),
    )


def _with_one_representative(assignments: ir.Table) -> ir.Table:
    """Where only a decision joins two parts, the later part's representative is linked by it."""
    representatives = assignments.filter(assignments.linked.isnull())
    first = representatives.group_by("cluster").agg(representative=representatives.rid.min())
    joined = assignments.left_join(first, "cluster").drop("cluster_right")
    joins = joined.linked.isnull() & (joined.rid != joined["representative"])
    return joined.select(
        "rid",
        "cluster",
        rule=ibis.ifelse(joins, DECIDED_SAME, joined.rule),
        linked=ibis.ifelse(joins, joined["representative"], joined.linked),
        probability=ibis.ifelse(joins, ibis.null("float64"), joined.probability),
    )


def _weakest(violations: ir.Table, links: ir.Table, temp: TempTables) -> ir.Table:
    """One link of each violating cluster: the strongest of the weakest links between its pairs.

    As if links were added from the strongest on and the first that would join a cannot-link pair
    were left out: a weaker one may be harmless once this one is gone.
    """
    forth = links.select("rank", here=links.rid, there=links.linked)
    back = links.select("rank", here=links.linked, there=links.rid)
    steps = temp.materialise(forth.union(back, distinct=False))
    reached = temp.materialise(
        violations.select(
            "by_person",
            "cluster",
            start="rid",
            end="other",
            here="rid",
            weakest=ibis.literal(2**60),
        ).distinct()
    )
    front = reached
    for _ in range(_LONGEST_PATH):
        went = front.inner_join(steps, "here")
        context = went.select(
            "by_person", "cluster", "start", "end", here="there",
            weakest=ibis.least(went.weakest, went["rank"]),
        )  # fmt: skip
        context = context.group_by("by_person", "cluster", "start", "end", "here").agg(
            weakest=context.weakest.min()
        )
        front = temp.materialise(context.anti_join(reached, ["start", "end", "here"]))
        if not temp.count(front):
            break
        reached = temp.materialise(reached.union(front, distinct=False))
    arrived = reached.filter(reached.here == reached.end)
    found = arrived.group_by("cluster").agg(rank=arrived.weakest.max())
    chosen = arrived.inner_join(found, ["cluster"]).filter(lambda t: t.weakest == t["rank"])
    ranks = chosen.group_by("rank").agg(by_person=chosen.by_person.all())
    result = links.inner_join(ranks, "rank")
    return result.select("rid", "rule", "probability", "by_person", "tree", other="linked")


def _without_links(
    assignments: ir.Table,
    violations: ir.Table,
    links: ir.Table,
    cut: ir.Table,
    founding: str,
    temp: TempTables,
) -> ir.Table:
    """The clusters that the remaining links make; a record that lost its link founds its part."""
    gone = cut.select("rid", "tree", linked="other")
    left = links.anti_join(gone, ["rid", "linked", "tree"])
    equal = ibis.literal(0, "int64")
    parts = spanning_forest(left.select(left="rid", right="linked", place=equal), temp)
    parts = parts.select("component", rid="node")
    named = assignments.left_join(parts, "rid").drop("rid_right")
    loose = cut.filter(cut.tree).select(lost="rid").distinct()
    joined = named.left_join(loose, named.rid == loose.lost)
    touched = joined.mutate(touched=joined.cluster.isin(violations.cluster))
    lost = touched.lost.notnull()
    return touched.select(
        "rid",
        cluster=ibis.ifelse(
            touched.touched, ibis.coalesce(touched.component, touched.rid), touched.cluster
        ),
        rule=ibis.ifelse(lost, founding, touched.rule),
        linked=ibis.ifelse(lost, ibis.null("int64"), touched.linked),
        probability=ibis.ifelse(lost, ibis.null("float64"), touched.probability),
    )
