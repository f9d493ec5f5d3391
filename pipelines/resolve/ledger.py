"""Entity ids: minted once, kept for ever, and an event for everything that happens to one.

An id is the library's prefix and 24 hex digits of SHA-256 over the site's secret key and the
founding record's source and key. It carries no personal data and cannot be enumerated without the
secret. Who keeps an id when clusters change is decided by the previous ledger, never by the hash.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.errors import EntityIdCollision
from pipelines.libraries import Library
from pipelines.resolve.workspace import Workspace

ID_DIGITS = 24  # 96 bits: 10**9 ids meet by chance with probability 10**-11
_SEPARATOR = "\x1f"
_MOST_GENERATIONS = 100

RECORD_SCHEMA = {
    "entity_id": "string",
    "source": "string",
    "source_key": "string",
    "rule": "string",
    "linked_source": "string",
    "linked_key": "string",
    "since_batch": "string",
    "withheld": "string",
    "probability": "float64",  # of the match by score; NULL where a rule or a person decided
}
EVENT_SCHEMA = {
    "run": "string",
    "kind": "string",
    "entity_id": "string",
    "other_entity_id": "string",
    "reason": "string",
}


@dataclass(frozen=True)
class Minted:
    """``ids``: cluster, entity_id. ``events``: kind, entity_id, other_entity_id, reason."""

    ids: ir.Table
    events: ir.Table


def assign_ids(
    members: ir.Table,
    previous: ir.Table | None,
    events: ir.Table | None,
    library: Library,
    key: str,
    space: Workspace,
) -> Minted:
    """Give every cluster its id: an old one where it has a claim to one, else a new one.

    Args:
        members: ``rid, cluster, source, source_key, since_batch, trusted`` (has a believed strong
            identifier), one row per record; ``rid`` is founding order.
        previous: ``identity.<entity>_record`` of the last run, if there was one.
        events: ``identity.<entity>_event`` of all runs, so that no id is ever given again.
        library: Prefix and name of the entity.
        key: The site's secret.
        space: Keeps the results.

    Returns:
        The ids of all clusters and the events of this run.

    Raises:
        EntityIdCollision: an id would be given twice; nothing may be published.
    """
    founders = members.semi_join(members.select(rid="cluster").distinct(), "rid").select(
        "cluster", "source", "source_key"
    )
    if previous is None:
        ids = _mint(founders, None, library, key, space)
        created = _event(ids.select("entity_id"), "created", "first_record_of_its_entity")
        return _checked(Minted(ids.select("cluster", "entity_id"), created), library)

    held = space.hold(_held(members, previous))
    claims = space.hold(_awarded(held, previous))
    keeps = claims.filter(claims.keeps).select("cluster", entity_id="old_id")
    fresh = founders.anti_join(keeps, "cluster")
    new = _mint(fresh, _used(previous, events), library, key, space)
    ids = space.hold(keeps.union(new.select("cluster", "entity_id"), distinct=False))
    return _checked(Minted(ids, _changes(held, claims, ids, new, previous, events)), library)


def _held(members: ir.Table, previous: ir.Table) -> ir.Table:
    """Which cluster holds records of which old id: old_id, cluster, trusted, first (rid)."""
    then = previous.select("source", "source_key", old_id=previous.entity_id)
    met = members.inner_join(then, ["source", "source_key"])
    return met.group_by("old_id", "cluster").agg(trusted=met.trusted.any(), first=met.rid.min())


def _awarded(held: ir.Table, previous: ir.Table) -> ir.Table:
    """Each old id to one cluster, and each cluster the oldest of its ids.

    An id goes to the part that holds a believed strong identifier, then to the part with the
    oldest record. Of several ids the oldest stays, by its first record ever known to the ledger.
    """
    claim = ibis.ifelse(held.trusted, 0, 1).cast("int64") * 2**40 + held["first"]
    claims = held.mutate(claim=claim)
    best = claims.group_by("old_id").agg(claim=claims.claim.min())
    won = claims.semi_join(best, ["old_id", "claim"]).select("old_id", "cluster")
    age = previous.since_batch + _SEPARATOR + previous.source + _SEPARATOR + previous.source_key
    ages = previous.group_by(old_id="entity_id").agg(age=age.min())
    aged = won.inner_join(ages, "old_id")
    oldest = aged.group_by("cluster").agg(age=aged.age.min())
    marked = aged.left_join(oldest, ["cluster", "age"])
    return marked.select("old_id", "cluster", keeps=marked.cluster_right.notnull())


def _used(previous: ir.Table, events: ir.Table | None) -> ir.Table:
    """Every id that was ever given, less those that only wait for their record to come back."""
    live = previous.select("entity_id")
    if events is None:
        return live.distinct()
    given = live.union(events.select("entity_id"), distinct=True)
    return given.anti_join(_retired(previous, events), "entity_id")


def _retired(previous: ir.Table, events: ir.Table) -> ir.Table:
    """Ids that ended because all their records vanished, and did not merge."""
    ended = events.filter(events.kind == "retired").select("entity_id").distinct()
    merged = events.filter(events.kind == "merged").select("entity_id")
    return ended.anti_join(merged, "entity_id").anti_join(previous, "entity_id")


def _mint(
    founders: ir.Table, used: ir.Table | None, library: Library, key: str, space: Workspace
) -> ir.Table:
    """cluster, entity_id; a founder whose first id is taken gets his next one."""
    if used is None:
        return space.hold(_hashed(founders, 0, library, key))
    waiting, done = founders, []
    for generation in range(_MOST_GENERATIONS):
        tried = space.hold(_hashed(waiting, generation, library, key))
        done.append(tried.anti_join(used, "entity_id"))
        waiting = waiting.semi_join(tried.semi_join(used, "entity_id"), "cluster")
        if not waiting.count().execute():
            break
    minted = done[0]
    for more in done[1:]:
        minted = minted.union(more, distinct=False)
    return space.hold(minted)


def _hashed(founders: ir.Table, generation: int, library: Library, key: str) -> ir.Table:
    """The key travels as data, never in the text of a query that an engine may log."""
    secret = ibis.memtable({"site_key": [f"{key}{_SEPARATOR}{library.entity}"]})
    keyed = founders.cross_join(secret)
    text = keyed.site_key + _SEPARATOR + keyed.source + _SEPARATOR + keyed.source_key
    text = text + f"{_SEPARATOR}{generation}" if generation else text
    digits = text.hexdigest("sha256").substr(0, ID_DIGITS)
    return keyed.select("cluster", entity_id=ibis.literal(library.id_prefix) + digits)


def _changes(
    held: ir.Table,
    claims: ir.Table,
    ids: ir.Table,
    new: ir.Table,
    previous: ir.Table,
    events: ir.Table | None,
) -> ir.Table:
    """Created, restored, split, merged and retired, each id once per kind."""
    split_from = held.group_by("cluster").agg(other_entity_id=held.old_id.min())
    born = new.left_join(split_from, "cluster").select("entity_id", "other_entity_id")
    split = born.filter(born.other_entity_id.notnull())
    created = born.filter(born.other_entity_id.isnull()).select("entity_id")
    restored = None
    if events is not None:
        retired = _retired(previous, events)
        restored = created.semi_join(retired, "entity_id")
        created = created.anti_join(retired, "entity_id")
    absorbed = claims.filter(~claims.keeps).inner_join(ids, "cluster")
    gone = previous.select("entity_id").distinct().anti_join(held, [("entity_id", "old_id")])
    told = [
        _event(created, "created", "first_record_of_its_entity"),
        _event(split, "split", "its_records_no_longer_belong_together"),
        _event(
            absorbed.select(entity_id="old_id", other_entity_id="entity_id"),
            "merged",
            "its_records_now_belong_together",
        ),
        _event(gone, "retired", "all_its_records_are_gone"),
    ]
    if restored is not None:
        told.append(_event(restored, "restored", "its_record_came_back"))
    first, *rest = told
    return first.union(*rest, distinct=False)


def _event(ids: ir.Table, kind: str, reason: str) -> ir.Table:
    other = ids.other_entity_id if "other_entity_id" in ids.columns else ibis.null("string")
    return ids.select(
        "entity_id",
        other_entity_id=other,
        kind=ibis.literal(kind),
        reason=ibis.literal(reason),
    )


def _checked(minted: Minted, library: Library) -> Minted:
    rows, distinct = (
        minted.ids.agg(rows=minted.ids.count(), ids=minted.ids.entity_id.nunique())
        .execute()
        .itertuples(index=False, name=None)
        .__next__()
    )
    if rows != distinct:
        raise EntityIdCollision(library.entity, int(rows) - int(distinct))
    return minted
