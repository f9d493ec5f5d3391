"""Clustering by score: an unmatched cluster joins a group, needs review, or stays as it is.

Clusters of the rules are compared, not records. The comparison level of two clusters is, for each
comparison, the best that any pair of their records shows: one record has the address, another the
telephone. A cluster belongs to one of its candidate groups or to none, so the groups' probabilities
add up to less than one (``docs/identity.md`` has the formula).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.clusters.ambiguous_targets import ambiguous_targets
from pipelines.identity.rules.apply import RuleResult
from pipelines.identity.scores.blocking import blocked_pairs
from pipelines.identity.scores.comparisons import Comparison, comparisons_of
from pipelines.identity.scores.match_weights import weigh
from pipelines.identity.scores.model import Model
from pipelines.identity.scores.pair_levels import levels_of, records_for_scoring, records_of
from pipelines.identity.scores.review_rules import needs_review
from pipelines.identity.tables.comparison_keys import evidence_of
from pipelines.identity.tables.false_matches import in_doubtful_band
from pipelines.identity.tables.spanning_forest import spanning_forest
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

MATCH_BY_SCORE = "match_by_score"
# A cluster that scores alone made, or made larger than this, is a value that many share and no
# entity: its links become questions. The largest honest one seen has a dozen records.
LARGEST_BY_SCORE = 40
_ROUNDS = (
    3  # a record that joined in one round is compared in the next; longer chains were not seen
)
_QUESTIONS_OF_ONE = 3  # the best few; nobody decides twenty questions about one record
_FAR = 60.0  # log2 of the odds beyond which nothing more is gained, and 2**x stays finite


@dataclass(frozen=True)
class Scored:
    """The result of scoring, by the best pair of two clusters; a cluster joins as a whole.

    ``links``: cluster, target (that it joins), rid, other, probability.
    ``questions``: rid, other, probability, kind, rule.
    """

    links: ir.Table
    questions: ir.Table


def join_by_score(
    con: BaseBackend,
    rule_result: RuleResult,
    library: Library,
    model: Model,
    temp: TempTables,
) -> Scored:
    """Link the clusters without an accepted identifier, and collect what needs review.

    Args:
        con: The engine.
        rule_result: The result of the matching rules.
        library: One with comparisons.
        model: The reviewed one.
        temp: Where intermediate tables are materialised.
    """
    assignments = rule_result.assignments
    identified = temp.materialise(
        assignments.semi_join(rule_result.representatives, "rid").select("cluster")
    )
    unmatched = temp.materialise(
        assignments.anti_join(identified, "cluster").select("rid", "cluster")
    )
    everybody = records_for_scoring(rule_result.work, rule_result.groups, library, temp)
    candidates = blocked_pairs(unmatched.select("rid"), everybody, library, temp)
    pairs = temp.materialise(levels_of(candidates, everybody, library, model.frequencies, temp))
    state = _State(con, library, model, temp, identified, pairs)
    now = temp.materialise(assignments.semi_join(records_of(pairs), "rid").select("rid", "cluster"))
    links: list[ir.Table] = []
    for _ in range(_ROUNDS):
        cluster_pairs = state.between_clusters(now)
        fresh = temp.materialise(state.links_to_groups(cluster_pairs))
        if not temp.count(fresh):
            break
        links.append(fresh)
        now = temp.materialise(_relabelled(now, fresh))
    else:
        cluster_pairs = state.between_clusters(now)
    among = temp.materialise(state.links_among_unmatched(cluster_pairs))
    links.append(among)
    all_links = links[0]
    for more in links[1:]:
        all_links = all_links.union(more, distinct=False)
    return Scored(
        temp.materialise(all_links), temp.materialise(state.questions(cluster_pairs, among))
    )


@dataclass(frozen=True)
class _State:
    """What all rounds need."""

    con: BaseBackend
    library: Library
    model: Model
    temp: TempTables
    identified: ir.Table
    pairs: ir.Table

    @property
    def comparisons(self) -> Sequence[Comparison]:
        return comparisons_of(self.library)

    def between_clusters(self, now: ir.Table) -> ir.Table:
        """Per unmatched cluster and target: levels, best pair, match weight, ``needs_review``."""
        mine = now.anti_join(self.identified, "cluster")
        its = now.select(other=now.rid, target=now.cluster)
        joined = self.pairs.inner_join(mine, "rid").inner_join(its, "other")
        joined = joined.filter(joined.cluster != joined.target)
        unlike = sum(
            (joined[each.name].fill_null(1) for each in self.comparisons),
            start=ibis.literal(0, "int64"),
        )
        order = [unlike.asc(), joined.rid.asc(), joined.other.asc()]
        place = ibis.row_number().over(group_by=[joined.cluster, joined.target], order_by=order)
        ranked = joined.mutate(place=place)
        first = ranked.place == 0
        result = ranked.group_by("cluster", "target").agg(
            **{each.name: ranked[each.name].min() for each in self.comparisons},
            same_part=ranked.same_part.any(),
            shared_name=ranked.shared_name.any(),
            shop=ranked.shop.any(),
            never=ranked.never.any(),
            rid=ranked.rid.max(where=first),
            other=ranked.other.max(where=first),
        )
        cluster_pairs = self.temp.materialise(result)
        weighed = weigh(self.con, cluster_pairs, self.comparisons, self.model.splink, self.temp)
        identified = self.identified.select(target=self.identified.cluster, has_identifier=True)
        result = weighed.left_join(identified, "target").drop("target_right")
        capped = ibis.greatest(ibis.least(result.weight, _FAR), -_FAR)
        cluster_pairs = self.temp.materialise(
            result.mutate(
                has_identifier=result.has_identifier.fill_null(False),
                weight=capped,
                needs_review=needs_review(result, self.library),
            )
        )
        return self._with_ambiguity(cluster_pairs)

    def _with_ambiguity(self, cluster_pairs: ir.Table) -> ir.Table:
        """``cluster_pairs``; those with an ambiguous target need review, too."""
        evidence = evidence_of(self.library)
        if not evidence.distinguishing:
            return cluster_pairs
        rivals = ambiguous_targets(
            cluster_pairs, self.comparisons, evidence.identifying[0], evidence.ties
        )
        joined = cluster_pairs.left_join(rivals.mutate(is_ambiguous=True), ["cluster", "target"])
        doubts = joined.needs_review | joined.is_ambiguous.fill_null(False)
        return self.temp.materialise(
            joined.mutate(needs_review=doubts).select(*cluster_pairs.columns)
        )

    def with_group_probability(self, cluster_pairs: ir.Table) -> ir.Table:
        """``cluster_pairs`` to identified groups with ``probability``: one of them, or none.

        Odds are added in their own order: what is added to what first would show in the last digit.
        """
        allowed = cluster_pairs.filter(~cluster_pairs.never, cluster_pairs.has_identifier)
        odds = ibis.literal(2.0).pow(allowed.weight)
        result = allowed.mutate(odds=odds)
        total = result.odds.collect().over(group_by=result.cluster).sort().sums()
        return result.mutate(probability=result.odds / (total + 1.0))

    def links_to_groups(self, cluster_pairs: ir.Table) -> ir.Table:
        """Clusters that join a group with an accepted identifier."""
        scored = self.with_group_probability(cluster_pairs)
        links = scored.filter(
            scored.probability >= self.model.match_threshold,
            ~scored.needs_review,
            ~in_doubtful_band(self.library, MATCH_BY_SCORE, scored.probability),
        )
        return links.select("cluster", "target", "rid", "other", "probability")

    def links_among_unmatched(self, cluster_pairs: ir.Table) -> ir.Table:
        """Clusters without any identifier that are one entity."""
        forth = self._edges(cluster_pairs)
        back = forth.select(
            "probability", cluster="target", target="cluster", rid="other", other="rid"
        )
        edges = forth.union(back.select(*forth.columns), distinct=True)
        order = [ibis.desc("probability"), "cluster", "target", "rid", "other"]
        edges = self.temp.materialise(edges.mutate(place=ibis.row_number().over(order_by=order)))
        between = edges.select("place", left="cluster", right="target")
        forest = spanning_forest(between, self.temp).rename(representative="component")
        joined = edges.inner_join(forest, edges.cluster == forest.node)
        reasons = joined.filter(joined.target == joined.towards)
        best = reasons.place == reasons.place.min().over(group_by=reasons.cluster)
        return reasons.filter(best).select(
            "cluster", "rid", "other", "probability", target="representative"
        )

    def _edges(self, cluster_pairs: ir.Table) -> ir.Table:
        """Links in both directions where neither side fits an identified group as well."""
        group = self.with_group_probability(cluster_pairs)
        limits = group.group_by("cluster").agg(elsewhere=group.weight.max())
        free = cluster_pairs.filter(
            ~cluster_pairs.never, ~cluster_pairs.has_identifier, ~cluster_pairs.needs_review
        )
        odds = ibis.literal(2.0).pow(free.weight)
        free = free.mutate(probability=odds / (odds + 1.0))
        doubtful = in_doubtful_band(self.library, MATCH_BY_SCORE, free.probability)
        free = free.filter(free.probability >= self.model.match_threshold, ~doubtful)
        for side in ("cluster", "target"):
            limit = limits.rename(limited="cluster", best_group="elsewhere")
            free = free.left_join(limit, free[side] == limit.limited).drop("limited")
            free = free.filter(free.best_group.isnull() | (free.best_group < free.weight))
            free = free.drop("best_group")
        return free.select("cluster", "target", "rid", "other", "probability")

    def questions(self, cluster_pairs: ir.Table, among: ir.Table) -> ir.Table:
        """rid, other, probability of pairs that need review: undecided, or linked but doubted."""
        to_identified = self.with_group_probability(cluster_pairs)
        free = cluster_pairs.filter(~cluster_pairs.never, ~cluster_pairs.has_identifier)
        odds = ibis.literal(2.0).pow(free.weight)
        to_free = free.mutate(odds=odds, probability=odds / (odds + 1.0))
        allowed = to_identified.union(to_free.select(*to_identified.columns), distinct=False)
        allowed = allowed.filter(allowed.probability >= self.model.review_threshold)
        answered = among.select("cluster").union(among.select(cluster="target"), distinct=True)
        allowed = allowed.anti_join(answered, "cluster")
        place = ibis.row_number().over(
            group_by=allowed.cluster, order_by=[allowed.probability.desc(), allowed.target.asc()]
        )
        few = allowed.mutate(place=place)
        result = few.filter(few.place < _QUESTIONS_OF_ONE)
        return result.select(
            "rid", "other", "probability", kind=ibis.literal("potential_match"),
            rule=ibis.literal(MATCH_BY_SCORE),
        )  # fmt: skip


def apply_links(assignments: ir.Table, links: ir.Table) -> ir.Table:
    """The cluster assignments after the links of the scores.

    The link is written on the founding record of the cluster that joined.

    Args:
        assignments: ``rid, cluster, rule, linked, probability``.
        links: ``Scored.links``.
    """
    joining = links.select("cluster", "target", link_to="other", score="probability")
    nobody = {"link_to": ibis.null("int64"), "score": ibis.null("float64")}
    joined = links.select("target").distinct().mutate(cluster="target", **nobody)
    both = joining.union(joined.select(*joining.columns), distinct=False)
    # A cluster is named after its smallest rid; only one that grew may need another name.
    first = both.group_by("target").agg(goes=both.cluster.min())
    pairs = assignments.left_join(both.inner_join(first, "target").drop("target"), "cluster")
    joins = pairs.link_to.notnull() & pairs.linked.isnull()
    return pairs.select(
        "rid",
        cluster=ibis.coalesce(pairs.goes, pairs.cluster),
        rule=ibis.ifelse(joins, MATCH_BY_SCORE, pairs.rule),
        linked=ibis.ifelse(joins, pairs.link_to, pairs.linked),
        probability=ibis.ifelse(joins, pairs.score, pairs.probability),
    )


def _relabelled(now: ir.Table, links: ir.Table) -> ir.Table:
    """The clusters after those of ``links`` joined their targets."""
    goes = links.select("cluster", goes="target")
    joined = now.left_join(goes, "cluster")
    return joined.select("rid", cluster=ibis.coalesce(joined.goes, joined.cluster))
