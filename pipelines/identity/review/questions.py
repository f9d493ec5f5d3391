"""Questions to a steward: what each is called, which are still open, which does most harm.

All of it is Ibis over whole tables; pairs are ``left_source, left_key, right_source, right_key``.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import ibis
import ibis.expr.types as ir

from pipelines.identity.review.decisions import Decision, Pair, Record, infer
from pipelines.keyed_digests import (
    FINGERPRINT_DIGITS,
    SEPARATOR,
    keyed_digest,
    with_site_key,
)
from pipelines.libraries import Library

PAIR = ("left_source", "left_key", "right_source", "right_key")
UNKNOWN = 0.5  # where a yes met a no, nobody knows which is wrong
BANDS = (0.99, 0.95, 0.9, 0.8, 0.5)  # probabilities at which a stratum begins


def named(pairs: ir.Table, library: Library, key: str) -> ir.Table:
    """Put the sides of each pair in order and add ``question``, its name.

    The name is a keyed digest: it says nothing about whose records they are, and is the same
    whenever the pair is asked about.
    """
    keyed = with_site_key(in_order(pairs), key)
    parts = (keyed[column] for column in PAIR)
    digest = keyed_digest(keyed.site_key, _purpose(library), *parts)
    return keyed.mutate(question=ibis.literal(_prefix(library)) + digest).drop("site_key")


def question_name(pair: Pair, library: Library, key: str) -> str:
    """The name of one pair's question, as ``named`` gives it to a table of them."""
    parts = (key, _purpose(library), *pair.left, *pair.right)
    digest = sha256(SEPARATOR.join(parts).encode()).hexdigest()
    return _prefix(library) + digest[:FINGERPRINT_DIGITS]


def _purpose(library: Library) -> str:
    return f"question of {library.entity}"


def _prefix(library: Library) -> str:
    return library.id_prefix.rstrip("-") + "Q-"


def in_order(pairs: ir.Table) -> ir.Table:
    """The smaller record of each pair on the left, as ``judgement.pair_of`` has it."""
    later = pairs.left_source > pairs.right_source
    same_source = pairs.left_source == pairs.right_source
    swap = later | (same_source & (pairs.left_key > pairs.right_key))
    return pairs.mutate(
        left_source=ibis.ifelse(swap, pairs.right_source, pairs.left_source),
        left_key=ibis.ifelse(swap, pairs.right_key, pairs.left_key),
        right_source=ibis.ifelse(swap, pairs.left_source, pairs.right_source),
        right_key=ibis.ifelse(swap, pairs.left_key, pairs.right_key),
    )


def with_basis(records: ir.Table, library: Library, key: str) -> ir.Table:
    """Add ``basis``, a keyed digest of what each record says in the library's columns."""
    keyed = with_site_key(records, key)
    reference = [keyed[column].cast("string") for column in library.columns]
    return keyed.mutate(basis=keyed_digest(keyed.site_key, "basis", *reference)).drop("site_key")


def pair_basis(left: ir.StringValue, right: ir.StringValue) -> ir.StringValue:
    """The basis of a pair: that of its records, in order."""
    return left + "-" + right


def unanswered(pairs: ir.Table, decisions: Iterable[Decision]) -> ir.Table:
    """Leave out the pairs whose answer follows from decisions in force, be it by inference."""
    known = list(decisions)
    group_of = _groups(known)
    apart = {
        (group_of[one], group_of[other])
        for each in known
        if each.verdict == "different"
        for one, other in (each.pair, reversed(each.pair))
    }
    grouped = _beside_groups(pairs, group_of)
    same = (grouped.left_group == grouped.right_group).fill_null(False)
    left = grouped.filter(~same)
    different = ibis.memtable(
        {"left_group": [one for one, _ in apart], "right_group": [other for _, other in apart]},
        schema=ibis.schema({"left_group": "int64", "right_group": "int64"}),
    )
    return left.anti_join(different, ["left_group", "right_group"]).select(*pairs.columns)


def by_harm(pairs: ir.Table, record: ir.Table, reach: ir.Table) -> ir.Table:
    """Add what a wrong answer would do, and sort by it.

    ``harm = probability of being wrong as things stand x what it reaches``. Two records that are
    one entity today are wrong with ``1 - probability``, two that are not with ``probability``;
    where no score speaks, with ``UNKNOWN``. A question reaches the published entities of its two
    records and whatever is linked to them (a licence's holder, a firm's legal representative).

    Args:
        pairs: With ``question`` and ``probability``.
        record: ``identity.<entity>_record``.
        reach: ``entity_id, reach`` (1 + links to it) of every published entity.

    Returns:
        ``pairs`` with ``left_entity, right_entity, together, reach, harm``; most harm first.
    """
    sides = beside_entities(pairs, record)
    for side in ("left", "right"):
        reached = reach.select(
            **{f"{side}_entity": reach.entity_id, f"{side}_reach": reach.reach.cast("int64")}
        )
        sides = sides.left_join(reached, f"{side}_entity").drop(f"{side}_entity_right")
    together = sides.left_entity == sides.right_entity
    other = ibis.ifelse(together, 0, sides.right_reach.fill_null(0))
    reached_in_all = sides.left_reach.fill_null(0) + other
    wrong = ibis.ifelse(together, 1 - sides.probability, sides.probability).fill_null(UNKNOWN)
    judged = sides.mutate(
        together=together, reach=reached_in_all, harm=wrong * ibis.greatest(reached_in_all, 1)
    )
    return judged.drop("left_reach", "right_reach").order_by(ibis.desc("harm"), "question")


def beside_entities(pairs: ir.Table, record: ir.Table) -> ir.Table:
    """Add ``left_entity, right_entity``; pairs with a record that is gone are left out."""
    for side in ("left", "right"):
        of = record.select(
            **{f"{side}_source": record.source, f"{side}_key": record.source_key},
            **{f"{side}_entity": record.entity_id},
        )
        pairs = pairs.inner_join(of, [f"{side}_source", f"{side}_key"])
    return pairs


def stratum(
    together: ir.BooleanValue, probability: ir.FloatingValue, rule: ir.StringValue, strong: str
) -> ir.StringValue:
    """In which stratum of the accuracy sample a pair is: linked or apart, by what, how surely."""
    bands = [(probability >= edge, f"score_from_{edge:.2f}") for edge in BANDS]
    by_rule = ibis.ifelse(rule == strong, "strong_identifier", "rule")
    by = ibis.cases((probability.isnull(), by_rule), *bands, else_="score_from_0.00")
    return ibis.ifelse(together, "linked:", "apart:") + by


def _groups(decisions: Iterable[Decision]) -> Mapping[Record, int]:
    """Every record that was decided about, to the number of its group of ``same`` records."""
    known = list(decisions)
    graph = infer(each for each in known if each.verdict == "same")
    group_of: dict[Record, int] = {}
    for each in known:
        for record in each.pair:
            if record not in group_of:
                number = len(group_of)
                group_of |= dict.fromkeys(graph.group(record), number)
    return group_of


def _beside_groups(pairs: ir.Table, group_of: Mapping[Record, int]) -> ir.Table:
    groups = ibis.memtable(
        {
            "source": [record.source for record in group_of],
            "key": [record.key for record in group_of],
            "group": list(group_of.values()),
        },
        schema=ibis.schema({"source": "string", "key": "string", "group": "int64"}),
    )
    for side in ("left", "right"):
        one = groups.rename({f"{side}_source": "source", f"{side}_key": "key"})
        one = one.rename({f"{side}_group": "group"})
        on = [f"{side}_source", f"{side}_key"]
        pairs = pairs.left_join(one, on).drop(*(f"{column}_right" for column in on))
    return pairs


def changed_pairs(published: ir.Table, record: ir.Table) -> ir.Table:
    """The pairs on which it hangs that published ids would merge or split.

    Args:
        published: ``core.<entity>_source``: which entity each record is published for.
        record: ``identity.<entity>_record`` of the run that is not published yet.

    Returns:
        The pair's sides and ``rule``: ``published_ids_merge``, first records of two published
        entities that are one now, or ``published_id_splits``, first records of what is two now.
    """
    was = published.select("source", "source_key", was="entity_id")
    now = record.select("source", "source_key", now="entity_id")
    joined = was.inner_join(now, ["source", "source_key"])
    named = joined.mutate(name=joined.source + SEPARATOR + joined.source_key)
    first = named.group_by("was", "now").agg(name=named.name.min())
    parts = first.inner_join(named, ["was", "now", "name"])
    parts = parts.select("was", "now", "name", "source", "source_key")
    merged = _against_first(parts, "now").mutate(rule=ibis.literal("published_ids_merge"))
    split = _against_first(parts, "was").mutate(rule=ibis.literal("published_id_splits"))
    return merged.union(split, distinct=False)


def _against_first(parts: ir.Table, by: str) -> ir.Table:
    """Every part of an entity beside the part that comes first."""
    least = parts.group_by(by).agg(name=parts.name.min())
    head = parts.semi_join(least, [by, "name"])
    heads = head.select(by, head="name", right_source="source", right_key="source_key")
    beside = parts.inner_join(heads, by)
    return beside.filter(beside.name != beside["head"]).select(
        "right_source", "right_key", left_source="source", left_key="source_key"
    )
