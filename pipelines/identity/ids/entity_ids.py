"""Entity ids: minted once, kept for ever, and an event for everything that happens to one.

An id is the library's prefix and 24 hex digits of SHA-256 over the site's secret key and the
founding record's source and key. It carries no personal data and cannot be enumerated without the
secret. Who keeps an id when clusters change is decided by the previous ledger, never by the hash.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.errors import EntityIdCollision
from pipelines.identity.ids.events import Change, changes, first_events, newest_batch
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library
from pipelines.records import batch_order

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
MEMBER_SCHEMA = {
    "rid": "int64",  # place in founding order
    "cluster": "int64",  # smallest rid of the cluster
    "source": "string",
    "source_key": "string",
    "since_batch": "string",
    "batch": "string",
    "rule": "string",
    "linked": "int64",  # rid of the record that it was linked to
    "accepted": "boolean",  # has an accepted strong identifier
    "dispute": "string",  # why its strong identifier is conflicting
}


@dataclass(frozen=True)
class Minted:
    """``ids``: cluster, entity_id. ``events``: as ``changes`` returns them."""

    ids: ir.Table
    events: ir.Table


def assign_ids(
    members: ir.Table,
    previous: ir.Table | None,
    events: ir.Table | None,
    library: Library,
    key: str,
    temp: TempTables,
) -> Minted:
    """Give every cluster its id: an old one where it has a claim to one, else a new one.

    Args:
        members: MEMBER_SCHEMA, one row per record.
        previous: ``identity.<entity>_record`` of the last run, if there was one.
        events: ``identity.<entity>_event`` of all runs, so that no id is ever given again.
        library: Prefix and name of the entity.
        key: The site's secret.
        temp: Where intermediate tables are materialised.

    Returns:
        The ids of all clusters and the events of this run.

    Raises:
        EntityIdCollision: an id would be given twice; nothing may be published.
    """
    founders = members.filter(members.rid == members.cluster)
    founders = founders.select("cluster", "source", "source_key")
    if previous is None:
        ids = _mint(founders, None, library, key, temp)
        created = first_events(members, ids)
        return _checked(Minted(ids.select("cluster", "entity_id"), created), library, temp)

    held = temp.materialise(_held(members, previous))
    claims = temp.materialise(_awarded(held, previous, events))
    keeps = claims.filter(claims.keeps).select("cluster", entity_id="old_id")
    fresh = founders.anti_join(keeps, "cluster")
    new = _mint(fresh, _used(previous, events), library, key, temp)
    ids = temp.materialise(keeps.union(new.select("cluster", "entity_id"), distinct=False))
    retired = temp.materialise(_retired(previous, events))
    change = Change(
        members=members,
        previous=previous,
        claims=claims,
        ids=ids,
        new=new,
        came_back=retired,
        returned=_returned(members, previous, ids, retired, library, key, temp),
        latest=newest_batch(members, "source"),
    )
    return _checked(Minted(ids, changes(change, temp)), library, temp)


def _returned(
    members: ir.Table,
    previous: ir.Table,
    ids: ir.Table,
    retired: ir.Table,
    library: Library,
    key: str,
    temp: TempTables,
) -> ir.Table:
    """Retired ids whose founding record came back into the entity of another id."""
    fresh = members.anti_join(previous, ["source", "source_key"])
    fresh = temp.materialise(fresh.select("cluster", "source", "source_key"))
    own = temp.materialise(_hashed(fresh, 0, library, key))
    return own.semi_join(retired, "entity_id").anti_join(ids, "entity_id")


def _held(members: ir.Table, previous: ir.Table) -> ir.Table:
    """Which cluster holds records of which old id: old_id, cluster, trusted, first (rid)."""
    then = previous.select("source", "source_key", old_id=previous.entity_id)
    joined = members.inner_join(then, ["source", "source_key"])
    return joined.group_by("old_id", "cluster").agg(
        accepted=joined.accepted.any(), first=joined.rid.min()
    )


def _awarded(held: ir.Table, previous: ir.Table, events: ir.Table | None) -> ir.Table:
    """Each old id to one cluster, and each cluster the oldest of its ids.

    An id goes to the part that has an accepted strong identifier, then to the part with the
    oldest record. Of several ids the oldest stays: the one minted in the earliest run, then the
    one with the oldest record.
    """
    claim = ibis.ifelse(held.accepted, 0, 1).cast("int64") * 2**40 + held["first"]
    claims = held.mutate(claim=claim)
    best = claims.group_by("old_id").agg(claim=claims.claim.min())
    won = claims.semi_join(best, ["old_id", "claim"]).select("old_id", "cluster")
    aged = won.inner_join(_ages(won, previous, events), "old_id")
    oldest = aged.group_by("cluster").agg(age=aged.age.min())
    marked = aged.left_join(oldest, ["cluster", "age"])
    return marked.select("old_id", "cluster", keeps=marked.cluster_right.notnull())


def _ages(won: ir.Table, previous: ir.Table, events: ir.Table | None) -> ir.Table:
    """old_id, age: text that sorts as the ids were minted, different for every id."""
    rival = won.group_by("cluster").having(won.count() > 1).agg(ids=won.count())
    rivals = won.semi_join(rival, "cluster")
    first = batch_order(previous.since_batch) + _SEPARATOR + previous.source
    record = first + _SEPARATOR + previous.source_key
    records = previous.group_by(old_id="entity_id").agg(record=record.min())
    aged = won.left_join(records.semi_join(rivals, "old_id"), "old_id").drop("old_id_right")
    if events is None:
        return aged.select("old_id", age=aged.record.fill_null(""))
    minted = events.filter(events.kind.isin(["created", "split"]))
    when = minted.group_by(old_id="entity_id").agg(sequence=minted.sequence.min())
    dated = aged.left_join(when, "old_id")
    place = dated.sequence.fill_null(0).cast("string").lpad(12, "0")
    return dated.select("old_id", age=place + _SEPARATOR + dated.record.fill_null(""))


def _used(previous: ir.Table, events: ir.Table | None) -> ir.Table:
    """Ids that were ever given, less those that only wait for their record to come back.

    An id may be there several times: this is asked for few ids, and never read as a whole.
    """
    live = previous.select("entity_id")
    if events is None:
        return live
    given = live.union(events.select("entity_id"), distinct=False)
    return given.anti_join(_retired(previous, events), "entity_id")


def _retired(previous: ir.Table, events: ir.Table | None) -> ir.Table:
    """entity_id: those that ended because all their records vanished, and did not merge."""
    if events is None:
        return previous.select("entity_id").filter(ibis.literal(False))
    ended = events.filter(events.kind == "retired").select("entity_id").distinct()
    merged = events.filter(events.kind == "merged").select("entity_id")
    return ended.anti_join(merged, "entity_id").anti_join(previous, "entity_id")


def _mint(
    founders: ir.Table, used: ir.Table | None, library: Library, key: str, temp: TempTables
) -> ir.Table:
    """cluster, entity_id; a founder whose first id is taken gets his next one."""
    if used is None:
        return temp.materialise(_hashed(founders, 0, library, key))
    waiting, done = founders, []
    for generation in range(_MOST_GENERATIONS):
        tried = temp.materialise(_hashed(waiting, generation, library, key))
        taken = temp.materialise(used.semi_join(tried, "entity_id"))
        done.append(tried.anti_join(taken, "entity_id"))
        waiting = temp.materialise(
            waiting.semi_join(tried.semi_join(taken, "entity_id"), "cluster")
        )
        if not temp.count(waiting):
            break
    minted = done[0]
    for more in done[1:]:
        minted = minted.union(more, distinct=False)
    return temp.materialise(minted)


def _hashed(founders: ir.Table, generation: int, library: Library, key: str) -> ir.Table:
    """The key travels as data, never in the text of a query that an engine may log."""
    secret = ibis.memtable({"site_key": [f"{key}{_SEPARATOR}{library.entity}"]})
    keyed = founders.cross_join(secret)
    text = keyed.site_key + _SEPARATOR + keyed.source + _SEPARATOR + keyed.source_key
    text = text + f"{_SEPARATOR}{generation}" if generation else text
    digits = text.hexdigest("sha256").substr(0, ID_DIGITS)
    return keyed.select("cluster", entity_id=ibis.literal(library.id_prefix) + digits)


def _checked(minted: Minted, library: Library, temp: TempTables) -> Minted:
    twice = temp.count(minted.ids) - temp.count(minted.ids.select("entity_id").distinct())
    if twice:
        raise EntityIdCollision(library.entity, twice)
    return minted
