"""Stage three: what the rules left over joins a group by score, or asks, or stays alone.

Work is done between *clusters* of the stages before. How alike two clusters are is, for each
comparison, the best that any of their pairs shows: one record knows the address, another the
telephone. Among the groups that a cluster could belong to, probabilities share: it is one of them
or none (see ``docs/identity.md`` for the formula).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.clusters.rival_clusters import with_a_rival
from pipelines.identity.rules.apply import Ruled
from pipelines.identity.scores.blocking import near_pairs
from pipelines.identity.scores.comparisons import COMPARISONS, Comparison
from pipelines.identity.scores.doubt import doubtful
from pipelines.identity.scores.match_weights import weigh
from pipelines.identity.scores.model import Model
from pipelines.identity.scores.pair_levels import everybody_of, levels_of, records_of
from pipelines.identity.tables.comparison_keys import evidence_of
from pipelines.identity.tables.spanning_forest import spanning_forest
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library

MATCH_BY_SCORE = "match_by_score"
# A cluster that scores alone made, or made larger than this, is a value that many share and no
# entity: its links become questions. The largest honest one seen has a dozen records.
LARGEST_BY_SCORE = 40
_ROUNDS = 3  # a record that joined in one round vouches in the next; longer chains were not seen
_QUESTIONS_OF_ONE = 3  # the best few; nobody decides twenty questions about one record
_FAR = 60.0  # log2 of the odds beyond which nothing more is gained, and 2**x stays finite


@dataclass(frozen=True)
class Scored:
    """``links``: rid, cluster (that it joins), linked, probability. ``asked``: rid, other,

    probability, rule. Both are of clusters' best pairs; a cluster joins as a whole.
    """

    links: ir.Table
    asked: ir.Table


def join_by_score(
    con: BaseBackend,
    ruled: Ruled,
    library: Library,
    model: Model,
    space: Workspace,
) -> Scored:
    """Find where the clusters without a believed number belong.

    Args:
        con: The engine.
        ruled: What the rules said.
        library: One with comparisons.
        model: The reviewed one.
        space: Keeps the results.
    """
    placed = ruled.placed
    sure = space.hold(placed.semi_join(ruled.heads, "rid").select("cluster"))
    waiting = space.hold(placed.anti_join(sure, "cluster").select("rid", "cluster"))
    everybody = everybody_of(ruled.work, ruled.groups, library, space)
    near = near_pairs(waiting.select("rid"), everybody, library.entity, space)
    pairs = space.hold(levels_of(near, everybody, library, model.frequencies, space))
    state = _State(con, library, model, space, sure, pairs)
    now = space.hold(placed.semi_join(records_of(pairs), "rid").select("rid", "cluster"))
    links: list[ir.Table] = []
    for _ in range(_ROUNDS):
        likeness = state.between_clusters(now)
        fresh = space.hold(state.to_groups(likeness))
        if not space.count(fresh):
            break
        links.append(fresh)
        now = space.hold(_moved(now, fresh))
    else:
        likeness = state.between_clusters(now)
    among = space.hold(state.among_themselves(likeness))
    links.append(among)
    joined = links[0]
    for more in links[1:]:
        joined = joined.union(more, distinct=False)
    return Scored(space.hold(joined), space.hold(state.questions(likeness, among)))


@dataclass(frozen=True)
class _State:
    """What all rounds need."""

    con: BaseBackend
    library: Library
    model: Model
    space: Workspace
    sure: ir.Table
    pairs: ir.Table

    @property
    def comparisons(self) -> Sequence[Comparison]:
        return COMPARISONS[self.library.entity]

    def between_clusters(self, now: ir.Table) -> ir.Table:
        """Per cluster that waits and target: levels, best pair, weight, what speaks against it."""
        mine = now.anti_join(self.sure, "cluster")
        its = now.select(other=now.rid, target=now.cluster)
        met = self.pairs.inner_join(mine, "rid").inner_join(its, "other")
        met = met.filter(met.cluster != met.target)
        unlike = sum(
            (met[each.name].fill_null(1) for each in self.comparisons),
            start=ibis.literal(0, "int64"),
        )
        order = [unlike.asc(), met.rid.asc(), met.other.asc()]
        place = ibis.row_number().over(group_by=[met.cluster, met.target], order_by=order)
        ranked = met.mutate(place=place)
        first = ranked.place == 0
        told = ranked.group_by("cluster", "target").agg(
            **{each.name: ranked[each.name].min() for each in self.comparisons},
            never=ranked.never.any(),
            rid=ranked.rid.max(where=first),
            other=ranked.other.max(where=first),
        )
        likeness = self.space.hold(told)
        weighed = weigh(self.con, likeness, self.comparisons, self.model.splink, self.space)
        sure = self.sure.select(target=self.sure.cluster, is_sure=True)
        told = weighed.left_join(sure, "target").drop("target_right")
        capped = ibis.greatest(ibis.least(told.weight, _FAR), -_FAR)
        likeness = self.space.hold(
            told.mutate(
                is_sure=told.is_sure.fill_null(False),
                weight=capped,
                doubtful=doubtful(told, self.library.entity),
            )
        )
        return self._with_rivals(likeness)

    def _with_rivals(self, likeness: ir.Table) -> ir.Table:
        """``likeness``, doubtful also where nothing tells the target from another group."""
        evidence = evidence_of(self.library)
        if not evidence.telling:
            return likeness
        rivals = with_a_rival(likeness, self.comparisons, evidence.person[0])
        met = likeness.left_join(rivals.mutate(rivalled=True), ["cluster", "target"])
        doubts = met.doubtful | met.rivalled.fill_null(False)
        return self.space.hold(met.mutate(doubtful=doubts).select(*likeness.columns))

    def shared(self, likeness: ir.Table) -> ir.Table:
        """``likeness`` to sure groups with ``probability``: it is one of them, or none.

        Odds are added in their own order: what is added to what first would show in the last digit.
        """
        open_ = likeness.filter(~likeness.never, likeness.is_sure)
        odds = ibis.literal(2.0).pow(open_.weight)
        told = open_.mutate(odds=odds)
        total = told.odds.collect().over(group_by=told.cluster).sort().sums()
        return told.mutate(probability=told.odds / (total + 1.0))

    def to_groups(self, likeness: ir.Table) -> ir.Table:
        """Clusters that join a group with a believed number."""
        shared = self.shared(likeness)
        sure = shared.filter(shared.probability >= self.model.link_at, ~shared.doubtful)
        return sure.select("cluster", "target", "rid", "other", "probability")

    def among_themselves(self, likeness: ir.Table) -> ir.Table:
        """Clusters without any number that are one another's."""
        forth = self._edges(likeness)
        back = forth.select(
            "probability", cluster="target", target="cluster", rid="other", other="rid"
        )
        edges = forth.union(back.select(*forth.columns), distinct=True)
        order = [ibis.desc("probability"), "cluster", "target", "rid", "other"]
        edges = self.space.hold(edges.mutate(place=ibis.row_number().over(order_by=order)))
        between = edges.select("place", left="cluster", right="target")
        forest = spanning_forest(between, self.space).rename(head="component")
        met = edges.inner_join(forest, edges.cluster == forest.node)
        reasons = met.filter(met.target == met.towards)
        best = reasons.place == reasons.place.min().over(group_by=reasons.cluster)
        return reasons.filter(best).select("cluster", "rid", "other", "probability", target="head")

    def _edges(self, likeness: ir.Table) -> ir.Table:
        """Both directions, where neither side could as well belong to a group with a number."""
        group = self.shared(likeness)
        claimed = group.group_by("cluster").agg(elsewhere=group.weight.max())
        free = likeness.filter(~likeness.never, ~likeness.is_sure, ~likeness.doubtful)
        odds = ibis.literal(2.0).pow(free.weight)
        free = free.mutate(probability=odds / (odds + 1.0))
        free = free.filter(free.probability >= self.model.link_at)
        for side in ("cluster", "target"):
            limit = claimed.rename(claimant="cluster", best_group="elsewhere")
            free = free.left_join(limit, free[side] == limit.claimant).drop("claimant")
            free = free.filter(free.best_group.isnull() | (free.best_group < free.weight))
            free = free.drop("best_group")
        return free.select("cluster", "target", "rid", "other", "probability")

    def questions(self, likeness: ir.Table, among: ir.Table) -> ir.Table:
        """rid, other, probability: between the thresholds, or a score that a doubt holds back."""
        to_sure = self.shared(likeness)
        free = likeness.filter(~likeness.never, ~likeness.is_sure)
        odds = ibis.literal(2.0).pow(free.weight)
        to_free = free.mutate(odds=odds, probability=odds / (odds + 1.0))
        open_ = to_sure.union(to_free.select(*to_sure.columns), distinct=False)
        open_ = open_.filter(open_.probability >= self.model.ask_at)
        answered = among.select("cluster").union(among.select(cluster="target"), distinct=True)
        open_ = open_.anti_join(answered, "cluster")
        place = ibis.row_number().over(
            group_by=open_.cluster, order_by=[open_.probability.desc(), open_.target.asc()]
        )
        few = open_.mutate(place=place)
        told = few.filter(few.place < _QUESTIONS_OF_ONE)
        return told.select(
            "rid", "other", "probability", kind=ibis.literal("potential_match"),
            rule=ibis.literal(MATCH_BY_SCORE),
        )  # fmt: skip


def moved_clusters(placed: ir.Table, links: ir.Table) -> ir.Table:
    """The records of all stages: clusters that joined another bear its name.

    The founding record of a cluster that joined is the one that the link is told of.

    Args:
        placed: ``rid, cluster, rule, linked, probability``.
        links: ``Scored.links``.
    """
    joining = links.select("cluster", "target", vouching="other", score="probability")
    nobody = {"vouching": ibis.null("int64"), "score": ibis.null("float64")}
    joined = links.select("target").distinct().mutate(cluster="target", **nobody)
    both = joining.union(joined.select(*joining.columns), distinct=False)
    # A cluster bears its smallest rid's name; only those that grew may have to be named anew.
    first = both.group_by("target").agg(goes=both.cluster.min())
    met = placed.left_join(both.inner_join(first, "target").drop("target"), "cluster")
    joins = met.vouching.notnull() & met.linked.isnull()
    return met.select(
        "rid",
        cluster=ibis.coalesce(met.goes, met.cluster),
        rule=ibis.ifelse(joins, MATCH_BY_SCORE, met.rule),
        linked=ibis.ifelse(joins, met.vouching, met.linked),
        probability=ibis.ifelse(joins, met.score, met.probability),
    )


def _moved(now: ir.Table, links: ir.Table) -> ir.Table:
    """The clusters after those of ``links`` joined their targets."""
    goes = links.select("cluster", goes="target")
    joined = now.left_join(goes, "cluster")
    return joined.select("rid", cluster=ibis.coalesce(joined.goes, joined.cluster))
