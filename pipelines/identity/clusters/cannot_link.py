"""What must not be one entity: decisions of people, and rules that no score may overrule.

A cluster that holds two such records is split at the weakest link between them, until none is left.
Links are ordered strictly (a decision, the identifier, the claims in their order, the score, then
the records' places), so where it is split depends on nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.errors import ComponentsDoNotSettle
from pipelines.identity.clusters.score_clusters import LARGEST_BY_SCORE, MATCH_BY_SCORE
from pipelines.identity.rules.candidate_pairs import claims
from pipelines.identity.rules.identifier_groups import Groups
from pipelines.identity.scores.pair_levels import everybody_of, never_one
from pipelines.identity.tables.comparison_keys import evidence_of
from pipelines.identity.tables.spanning_forest import spanning_forest
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library

DECIDED_SAME = "decided_same"
TWO_NUMBERS = "same_person_under_two_numbers"
_MOST_CUTS = 1_000  # each takes one link of every bad cluster; more bad links has no cluster
_LONGEST_PATH = 64


@dataclass(frozen=True)
class Parted:
    """``placed`` as before; ``cut``: rid, other, rule, probability, by_person of links cut."""

    placed: ir.Table
    cut: ir.Table


def decided_pairs(work: ir.Table, decisions: ir.Table, verdict: str) -> ir.Table:
    """``rid, other`` of the pairs that people gave this verdict; records that are gone are not."""
    these = decisions.filter(decisions.verdict == verdict)
    named = work.select("rid", "source", "source_key")
    left = these.inner_join(
        named.rename(left_source="source", left_key="source_key"), ["left_source", "left_key"]
    )
    right = named.rename(other="rid", right_source="source", right_key="source_key")
    both = left.inner_join(right, ["right_source", "right_key"])
    return both.filter(both.rid != both.other).select("rid", "other").distinct()


def forbidden_within(
    work: ir.Table,
    groups: Groups,
    before: ir.Table,
    after: ir.Table,
    library: Library,
    space: Workspace,
) -> ir.Table:
    """Pairs of records that scores brought together and that can never be one entity.

    A cluster that grew beyond ``LARGEST_BY_SCORE`` by scores is taken apart into what it was.

    Args:
        work: ``working_set``.
        groups: Whose numbers are believed.
        before: ``rid, cluster`` without scores.
        after: ``rid, cluster, rule, linked`` with them.
        library: Its evidence.
        space: Keeps the results.

    Returns:
        ``rid, other, by_person`` (FALSE).
    """
    scored = after.filter(after.rule == MATCH_BY_SCORE)
    sizes = after.semi_join(scored, "cluster").group_by("cluster").agg(size=lambda t: t.count())
    sizes = space.hold(sizes)
    fitting = sizes.filter(sizes.size <= LARGEST_BY_SCORE)
    was = before.select("rid", was="cluster")
    inside = space.hold(after.semi_join(fitting, "cluster").inner_join(was, "rid"))
    mine = inside.select("rid", "cluster", "was")
    its = inside.select("cluster", other="rid", its="was")
    met = mine.inner_join(its, "cluster")
    pairs = space.hold(met.filter(met.was != met.its).select("rid", "other"))
    never = never_one(pairs, everybody_of(work, groups, library, space), library)
    giants = scored.anti_join(fitting, "cluster").select("rid", other="linked")
    told = never.union(giants, distinct=True)
    return space.hold(told.mutate(by_person=ibis.literal(False)))


def under_two_numbers(
    work: ir.Table, groups: Groups, library: Library, space: Workspace
) -> ir.Table:
    """Persons under two believed numbers who agree in name, birth date and a tie.

    Somebody who was given a second number, or twins of one name in the files: only a person can
    tell, so it is asked.

    Returns:
        ``rid, other, rule``: the first records of both groups.
    """
    evidence = evidence_of(library)
    if len(evidence.person) == 1:  # firms of one name at one door: a successor has its own code
        return _nobody(work)
    person, ties = list(evidence.person), evidence.ties[:2]
    told = work.filter(*(work[column].notnull() for column in person))
    numbered = groups.trusted.select("rid", "gid")
    rows = told.select("rid", *person, *ties).inner_join(numbered, "rid")
    # Few of all are told of under several numbers; only they are looked at tie by tie.
    several = rows.group_by(person).having(rows.gid.min() != rows.gid.max()).agg(n=rows.count())
    rows = space.hold(rows.semi_join(space.hold(several), person))
    met = []
    for tie in ties:
        key = [*person, tie]
        known = rows.filter(rows[tie].notnull())
        found = known.group_by(key).agg(other=known.gid.min(), rid=known.gid.max())
        met.append(found.filter(found.rid != found.other).select("rid", "other"))
    both = met[0].union(met[1], distinct=True)
    return space.hold(both.mutate(rule=ibis.literal(TWO_NUMBERS)))


def _nobody(work: ir.Table) -> ir.Table:
    none = work.filter(ibis.literal(False))
    return none.select("rid", other=none.rid, rule=ibis.literal(TWO_NUMBERS))


def united(placed: ir.Table, same: ir.Table, space: Workspace) -> ir.Table:
    """Clusters that people decided to be one.

    Args:
        placed: ``rid, cluster, rule, linked, probability``.
        same: ``decided_pairs``.
        space: Keeps the result.
    """
    of = placed.select("rid", "cluster")
    met = same.inner_join(of, "rid").inner_join(
        of.rename(other="rid", its_cluster="cluster"), "other"
    )
    between = met.filter(met.cluster != met.its_cluster)
    forth = between.select("cluster", towards="its_cluster", vouching="other")
    back = between.select(cluster="its_cluster", towards="cluster", vouching="rid")
    steps = space.hold(forth.union(back, distinct=True))
    equal = ibis.literal(0, "int64")
    forest = spanning_forest(steps.select(left="cluster", right="towards", place=equal), space)
    forest = forest.rename(cluster="node", goes="component")
    vouched = steps.group_by("cluster", "towards").agg(vouching=steps.vouching.min())
    goes = space.hold(forest.left_join(vouched, ["cluster", "towards"]))
    told = placed.left_join(goes.select("cluster", "goes", "vouching"), "cluster")
    joins = told.goes.notnull() & (told.goes != told.cluster) & told.linked.isnull()
    return space.hold(
        told.select(
            "rid",
            cluster=ibis.coalesce(told.goes, told.cluster),
            rule=ibis.ifelse(joins, DECIDED_SAME, told.rule),
            linked=ibis.ifelse(joins, told.vouching, told.linked),
            probability=ibis.ifelse(joins, ibis.null("float64"), told.probability),
        )
    )


def keep_apart(
    placed: ir.Table,
    apart: ir.Table,
    founding: str,
    library: Library,
    space: Workspace,
    same: ir.Table | None = None,
) -> Parted:
    """Cut clusters until no two records that must be apart are in one.

    Args:
        placed: ``rid, cluster, rule, linked, probability``; ``linked`` is in the same cluster.
        apart: ``rid, other, by_person``: pairs that must be apart.
        founding: The rule of a record that is linked to nobody.
        library: The order of its claims is that of the links' strength.
        space: Keeps the results.
        same: ``rid, other``: pairs that people decided to be one and that are so in ``placed``.
            They hold where a cluster is cut, whatever had joined the two before.

    Raises:
        ComponentsDoNotSettle: a defect, never data.
    """
    cuts: list[ir.Table] = []
    for _ in range(_MOST_CUTS):
        bad = space.hold(_together(placed, apart))
        if not space.count(bad):
            break
        links = space.hold(_ranked_links(placed, bad, library, same))
        cut = space.hold(_weakest(bad, links, space))
        placed = space.hold(_without(placed, bad, links, cut, founding, space))
        if same is not None:
            same = space.hold(_but_cut(same, cut))
        cuts.append(cut)
    else:
        raise ComponentsDoNotSettle(_MOST_CUTS)
    if same is not None and cuts:
        placed = space.hold(_with_one_head(placed))
    return Parted(placed, _all(cuts, placed, space))


def _but_cut(same: ir.Table, cut: ir.Table) -> ir.Table:
    """The decisions that still hold; one that was cut is not found again."""
    gone = cut.filter(~cut.tree).select("rid", "other")
    return same.anti_join(gone, ["rid", "other"])


def _all(cuts: Sequence[ir.Table], placed: ir.Table, space: Workspace) -> ir.Table:
    if not cuts:
        nobody = placed.filter(ibis.literal(False))
        told = nobody.mutate(other=nobody.rid, by_person=ibis.literal(False))
        return told.select("rid", "other", "rule", "probability", "by_person")
    first, *rest = (cut.select("rid", "other", "rule", "probability", "by_person") for cut in cuts)
    return space.hold(first.union(*rest, distinct=False) if rest else first)


def _together(placed: ir.Table, apart: ir.Table) -> ir.Table:
    of = placed.select("rid", "cluster")
    its = of.rename(other="rid", its_cluster="cluster")
    met = apart.inner_join(of, "rid").inner_join(its, "other")
    return met.filter(met.cluster == met.its_cluster).select("rid", "other", "by_person", "cluster")


def _ranked_links(
    placed: ir.Table, bad: ir.Table, library: Library, same: ir.Table | None
) -> ir.Table:
    """Links of the bad clusters, ``rank`` 0 the weakest; ``tree`` is FALSE of mere decisions."""
    links = placed.semi_join(bad, "cluster").filter(lambda t: t.linked.notnull())
    links = links.mutate(tree=ibis.literal(True))
    if same is not None:
        links = links.union(_decided_within(placed, bad, same), distinct=False)
    order = [DECIDED_SAME, library.identity.strong_claim, *claims(library)]
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


def _decided_within(placed: ir.Table, bad: ir.Table, same: ir.Table) -> ir.Table:
    """Decisions between two records of one bad cluster, shaped as links."""
    of = placed.semi_join(bad, "cluster").select("rid", "cluster")
    its = of.rename(other="rid", its_cluster="cluster")
    met = same.inner_join(of, "rid").inner_join(its, "other")
    within = met.filter(met.cluster == met.its_cluster)
    return within.select(
        "rid",
        "cluster",
        rule=ibis.literal(DECIDED_SAME),
        linked="other",
        probability=ibis.null("float64"),
        tree=ibis.literal(False),
    )


def _with_one_head(placed: ir.Table) -> ir.Table:
    """Where a decision alone holds two parts together, the later part's head is linked by it."""
    heads = placed.filter(placed.linked.isnull())
    first = heads.group_by("cluster").agg(head=heads.rid.min())
    met = placed.left_join(first, "cluster").drop("cluster_right")
    joins = met.linked.isnull() & (met.rid != met["head"])
    return met.select(
        "rid",
        "cluster",
        rule=ibis.ifelse(joins, DECIDED_SAME, met.rule),
        linked=ibis.ifelse(joins, met["head"], met.linked),
        probability=ibis.ifelse(joins, ibis.null("float64"), met.probability),
    )


def _weakest(bad: ir.Table, links: ir.Table, space: Workspace) -> ir.Table:
    """Of each bad cluster one link: of the weakest between its bad pairs the strongest.

    As if links were added from the strongest on and the first that would join two who must be
    apart were left out: a weaker one may be harmless once this one is gone.
    """
    forth = links.select("rank", here=links.rid, there=links.linked)
    back = links.select("rank", here=links.linked, there=links.rid)
    steps = space.hold(forth.union(back, distinct=False))
    reached = space.hold(
        bad.select(
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
        further = went.select(
            "by_person", "cluster", "start", "end", here="there",
            weakest=ibis.least(went.weakest, went["rank"]),
        )  # fmt: skip
        further = further.group_by("by_person", "cluster", "start", "end", "here").agg(
            weakest=further.weakest.min()
        )
        front = space.hold(further.anti_join(reached, ["start", "end", "here"]))
        if not space.count(front):
            break
        reached = space.hold(reached.union(front, distinct=False))
    arrived = reached.filter(reached.here == reached.end)
    found = arrived.group_by("cluster").agg(rank=arrived.weakest.max())
    chosen = arrived.inner_join(found, ["cluster"]).filter(lambda t: t.weakest == t["rank"])
    ranks = chosen.group_by("rank").agg(by_person=chosen.by_person.all())
    told = links.inner_join(ranks, "rank")
    return told.select("rid", "rule", "probability", "by_person", "tree", other="linked")


def _without(
    placed: ir.Table,
    bad: ir.Table,
    links: ir.Table,
    cut: ir.Table,
    founding: str,
    space: Workspace,
) -> ir.Table:
    """The clusters that the links left make; who lost his link founds what depends on him."""
    gone = cut.select("rid", "tree", linked="other")
    left = links.anti_join(gone, ["rid", "linked", "tree"])
    equal = ibis.literal(0, "int64")
    parts = spanning_forest(left.select(left="rid", right="linked", place=equal), space)
    parts = parts.select("component", rid="node")
    named = placed.left_join(parts, "rid").drop("rid_right")
    loose = cut.filter(cut.tree).select(lost="rid").distinct()
    met = named.left_join(loose, named.rid == loose.lost)
    touched = met.mutate(touched=met.cluster.isin(bad.cluster))
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
