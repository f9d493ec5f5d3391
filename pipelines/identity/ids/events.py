"""What happened to entity ids in a run: one event per id and kind, with its batch and reason.

The reason of an event is the rule that explains it, where one rule does: the one that joined the
records of two entities, or that no longer joins them (``no_longer_<rule>``), or the dispute that
keeps a record out. Where several do, the reason says what happened in general.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.identity.tables.temp_tables import TempTables
from pipelines.records import batch_of_order, batch_order

EVENT_SCHEMA = {
    "run": "string",
    "sequence": "int64",
    "kind": "string",
    "entity_id": "string",
    "other_entity_id": "string",
    "batch": "string",
    "reason": "string",
}
EVENT_KINDS = ("created", "absorbed", "merged", "split", "retired", "restored")
FIRST = "first_record_of_its_entity"
JOINED = "its_records_now_belong_together"
TOOK_IN = "further_records_belong_to_it"
PARTED = "its_records_no_longer_belong_together"
GONE = "all_its_records_are_gone"
CAME_BACK = "its_record_came_back"
CAME_BACK_ELSEWHERE = "its_record_came_back_to_another_entity"
NO_LONGER = "no_longer_"


@dataclass(frozen=True)
class Change:
    """What ``assign_ids`` decided, as tables.

    ``members``: as ``assign_ids`` takes them. ``previous``: the ledger before, as far as it is
    looked at. ``claims``: old_id, cluster, keeps. ``ids``: cluster, entity_id. ``new``: those of
    ``ids`` that are minted or given back. ``came_back``: entity_id of the retired ids that may be
    given back. ``returned``: entity_id, cluster of retired ids whose founding record came back
    into the entity of another. ``latest``: source, batch: the newest that each source's records are
    of.
    """

    members: ir.Table
    previous: ir.Table
    claims: ir.Table
    ids: ir.Table
    new: ir.Table
    came_back: ir.Table
    returned: ir.Table
    latest: ir.Table


def first_events(members: ir.Table, ids: ir.Table) -> ir.Table:
    """The events of a library's first run: every entity is created."""
    newest = newest_batch(members, "cluster")
    return _event(ids.left_join(newest, "cluster"), "created", FIRST)


def changes(change: Change, temp: TempTables) -> ir.Table:
    """``kind, entity_id, other_entity_id, batch, reason``, each id at most once per kind."""
    placed = temp.materialise(_placed(change))
    newest = temp.materialise(newest_batch(change.members, "cluster"))
    edges = temp.materialise(_crossing(placed))
    born = _born(change, placed).left_join(newest, "cluster").drop("cluster_right")
    result = [
        _event(born.filter(born.parent.isnull(), ~born.came_back), "created", FIRST),
        _event(born.filter(born.parent.isnull(), born.came_back), "restored", CAME_BACK),
        _split(born.filter(born.parent.notnull()), change),
        _merged(change, edges, newest),
        _absorbed(change, placed, edges),
        _retired(change),
        _returned(change, newest),
    ]
    first, *rest = result
    return first.union(*rest, distinct=False)


def next_sequence(earlier: ir.Table | None) -> int:
    """The place of a run in the ledger's history, by the events of all earlier runs.

    Run ids do not sort as runs happened; this does, and decides which event of an id is the latest.
    """
    if earlier is None:
        return 1
    latest = earlier.sequence.max().fill_null(0).to_pyarrow().as_py()
    return int(latest) + 1


def stamped(events: ir.Table, run: str, sequence: int) -> ir.Table:
    """Events with their run and its place in the ledger's history."""
    result = events.mutate(run=ibis.literal(run), sequence=ibis.literal(sequence, "int64"))
    return result.select(*EVENT_SCHEMA)


def _placed(change: Change) -> ir.Table:
    """Records of clusters that something happened to, with the id that each had before.

    That is every cluster that is new, took in an id or a record; the others have nothing to tell.
    """
    previous = change.previous
    then = previous.select(
        "source",
        "source_key",
        old_id=previous.entity_id,
        old_rule=previous.rule,
        old_linked_source=previous.linked_source,
        old_linked_key=previous.linked_key,
    )
    joined = change.members.left_join(then, ["source", "source_key"])
    joined = joined.drop("source_right", "source_key_right")
    named = joined.inner_join(change.ids, "cluster")
    moved = named.filter(named.old_id.isnull() | (named.old_id != named.entity_id))
    return named.semi_join(moved, "cluster")


def _crossing(placed: ir.Table) -> ir.Table:
    """Links between records that were not in one entity before: rule, and the ids of both sides."""
    there = placed.select(linked="rid", linked_old="old_id")
    joined = placed.filter(placed.linked.notnull()).inner_join(there, "linked")
    apart = joined.filter(~joined.old_id.identical_to(joined.linked_old))
    return apart.select("cluster", "rule", "old_id", "linked_old")


def _born(change: Change, placed: ir.Table) -> ir.Table:
    """entity_id, cluster, parent (the id that its oldest record had before), came_back."""
    left = placed.filter(placed.old_id.notnull())
    first = left.group_by("cluster").agg(parent=left.old_id.argmin(left.rid))
    born = change.new.left_join(first, "cluster").drop("cluster_right")
    back = change.came_back.select(back="entity_id")
    joined = born.left_join(back, born.entity_id == back.back)
    return joined.select("entity_id", "cluster", "parent", came_back=joined.back.notnull())


def _split(born: ir.Table, change: Change) -> ir.Table:
    """The links that held the parts together before and do not now, seen from either part."""
    members = change.members
    everybody = members.inner_join(change.ids, "cluster")
    went = born.select(child="entity_id", parent="parent")
    then = change.previous.semi_join(went, change.previous.entity_id == went.parent)
    then = then.filter(then.linked_key.notnull())
    here = everybody.select("source", "source_key", here="entity_id", dispute="dispute")
    there = everybody.select(
        linked_source="source", linked_key="source_key", there="entity_id", other_dispute="dispute"
    )
    torn = then.inner_join(here, ["source", "source_key"])
    torn = torn.inner_join(there, ["linked_source", "linked_key"])
    torn = torn.filter(torn.here != torn.there)
    why = ibis.coalesce(torn.dispute, torn.other_dispute, ibis.literal(NO_LONGER) + torn.rule)
    sides = [torn.select(entity_id=torn[side], why=why) for side in ("here", "there")]
    reasons = _sole(sides[0].union(sides[1], distinct=True), "entity_id", "why", PARTED)
    result = born.left_join(reasons, "entity_id").drop("entity_id_right")
    return _event(result.rename(other_entity_id="parent"), "split", PARTED)


def _merged(change: Change, edges: ir.Table, newest: ir.Table) -> ir.Table:
    """Ids that gave way to an older one, and the rule of the links that tied them to it."""
    gave_way = change.claims.filter(~change.claims.keeps).select("old_id", "cluster")
    ids = change.ids.select("cluster", other_entity_id="entity_id")
    sides = [edges.select(old_id=edges[side], why=edges.rule) for side in ("old_id", "linked_old")]
    reasons = _sole(sides[0].union(sides[1], distinct=True), "old_id", "why", JOINED)
    result = gave_way.inner_join(ids, "cluster").left_join(newest, "cluster")
    result = result.drop("cluster_right").left_join(reasons, "old_id").drop("old_id_right")
    return _event(result.rename(entity_id="old_id"), "merged", JOINED)


def _absorbed(change: Change, placed: ir.Table, edges: ir.Table) -> ir.Table:
    """Entities that lived before and took in records that belonged to none."""
    lived = placed.anti_join(change.new, "cluster")
    taken = lived.filter(lived.old_id.isnull())
    took = taken.select("cluster", "entity_id").distinct()
    with_new = edges.filter(edges.old_id.isnull() | edges.linked_old.isnull())
    reasons = _sole(
        with_new.select("cluster", why=with_new.rule).distinct(), "cluster", "why", TOOK_IN
    )
    result = took.left_join(newest_batch(taken, "cluster"), "cluster").drop("cluster_right")
    result = result.left_join(reasons, "cluster").drop("cluster_right")
    return _event(result, "absorbed", TOOK_IN)


def _retired(change: Change) -> ir.Table:
    """Ids of whose records none is left, with the newest batch of the sources that had them."""
    previous = change.previous
    left = previous.semi_join(change.members, ["source", "source_key"]).select("entity_id")
    gone = previous.anti_join(left.distinct(), "entity_id").select("entity_id", "source")
    latest = change.latest
    joined = gone.left_join(latest, "source")
    order = batch_order(joined.batch)
    result = joined.group_by("entity_id").agg(batch=batch_of_order(order.max()))
    return _event(result, "retired", GONE)


def _returned(change: Change, newest: ir.Table) -> ir.Table:
    ids = change.ids.select("cluster", other_entity_id="entity_id")
    result = change.returned.inner_join(ids, "cluster").left_join(newest, "cluster")
    return _event(result.drop("cluster_right"), "merged", CAME_BACK_ELSEWHERE)


def newest_batch(members: ir.Table, by: str) -> ir.Table:
    """Batches are few, so each gets its place in the order as a number, once."""
    batches = members.select(its_batch="batch").distinct()
    place = ibis.row_number().over(order_by=batch_order(batches.its_batch))
    placed = batches.mutate(place=place)
    joined = members.select(by, "batch").inner_join(placed, members.batch == placed.its_batch)
    newest = joined.group_by(by).agg(place=joined.place.max())
    return newest.inner_join(placed, "place").select(by, batch="its_batch")


def _sole(found: ir.Table, by: str, reason: str, several: str) -> ir.Table:
    """The reason of those that have exactly one, else ``several``."""
    counted = (
        found.filter(found[reason].notnull())
        .group_by(by)
        .agg(kinds=found[reason].nunique(), sole=found[reason].min())
    )
    return counted.select(by, reason=ibis.ifelse(counted.kinds == 1, counted.sole, several))


def _event(result: ir.Table, kind: str, general: str) -> ir.Table:
    other = result.other_entity_id if "other_entity_id" in result.columns else ibis.null("string")
    reason = result.reason if "reason" in result.columns else ibis.null("string")
    return result.select(
        "entity_id",
        "batch",
        other_entity_id=other,
        kind=ibis.literal(kind),
        reason=reason.fill_null(general),
    )
