"""Resolve only what changed, and what it touches, and splice it into the ledger before.

What the rules say is kept record by record, and made anew for the closed neighbourhood of what
changed (``neighbourhood.py``). Scores and decisions are few and look further, so they are made anew
for all who wait for one, by the code of a full run; the others are there only where one of these
could join them. What is outside comes out of a full run as it is in the ledger already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.libraries import Library
from pipelines.resolve.blocks import block_index, identifier_block, person_block
from pipelines.resolve.conclusion import History, Judges, Resolved, conclude
from pipelines.resolve.events import newest_batch
from pipelines.resolve.hashed import node_of
from pipelines.resolve.ledger import Scope
from pipelines.resolve.near import near_pairs_of_index, waiting_in
from pipelines.resolve.neighbourhood import Surroundings, long_keys
from pipelines.resolve.resolve import model_in_force
from pipelines.resolve.standing import (
    Ruled,
    apply_rules,
    as_ruled,
    overridden,
    standing_index,
    with_overridden,
)
from pipelines.resolve.workset import CONTENT, content_of, working_set
from pipelines.resolve.workspace import Workspace

RECORD = ["source", "source_key"]
# Beyond these shares of the records an increment costs about as much as a full run: those that
# changed or are tied to one that did, by rules; and all that are looked at, for scores, too.
LARGEST_CHANGE = 0.2
LARGEST_LOOKED_AT = 0.6


@dataclass(frozen=True)
class Before:
    """What the last run left: the ledger, its events of all runs, and the index of standings."""

    record: ir.Table
    events: ir.Table
    index: ir.Table


@dataclass(frozen=True)
class Increment:
    """A resolution of some records, spliced into what was known of the others.

    ``changed``: records that are new, other than they were, or gone. ``looked_at``: records that
    were resolved again.
    """

    resolved: Resolved
    changed: int
    looked_at: int


def resolve_increment(
    con: BaseBackend,
    records: ir.Table,
    library: Library,
    before: Before,
    *,
    key: str,
    run: str,
    decisions: ir.Table | None = None,
) -> Increment | None:
    """As ``resolve``, looking only at what changed since ``before`` and at what that touches.

    Args:
        con: The engine that holds the tables.
        records: ``library_records``, all of them; read for what changed, and what that touches.
        library: The same declaration as ``before`` was made with.
        before: What the last run left; with the same model, too.
        key: The site's secret.
        run: Id of this run.
        decisions: What people decided, as of now.

    Returns:
        What ``resolve`` would say of all records, or None when too much is touched for it to be
        worth it.
    """
    model = model_in_force(con, library)
    with Workspace(con) as space:
        change = _changed(records, library, space.keep(before.index), space)
        if change is None:
            return None
        index = _ruled_anew(records, library, change, space, scored=model is not None)
        if index is None:
            return None
        near = None if model is None else near_pairs_of_index(index, library, space)
        nodes = _looked_at(index, near, decisions, library, space)
        looked_at = space.count(nodes)
        if looked_at > LARGEST_LOOKED_AT * max(space.count(index), 1):
            return None
        ruled = _seen(records, index, nodes, library, space)
        scope = _scope(ruled, change, before, records, space)
        judges = Judges(model, decisions, _by_rid(near, ruled.work, space))
        history = History(key, run, before.record, before.events, scope)
        found, clusters = conclude(con, ruled, library, judges, history, space)
        moved = space.keep(overridden(ruled, clusters, space))
        resolved = replace(
            found,
            record=space.keep(_spliced(found.record, before.record, scope)),
            index=with_overridden(index.drop("placed_anew", "overridden"), moved),
        )
        if space.count(resolved.record) != space.count(records):  # a defect: a full run repairs it
            return None
        changed = space.count(change.gone) + space.count(change.fresh)
        return Increment(resolved, changed, looked_at)


def _scope(
    ruled: Ruled, change: "_Change", before: Before, records: ir.Table, space: Workspace
) -> Scope:
    """What is looked at, and what is gone of it."""
    named = before.record.mutate(node=node_of(before.record))
    gone = named.semi_join(change.gone, "node").select(*RECORD)
    names = space.hold(ruled.work.select(*RECORD).union(gone, distinct=True))
    return Scope(names, space.hold(newest_batch(records, "source")))


def _spliced(found: ir.Table, before: ir.Table, scope: Scope) -> ir.Table:
    outside = before.anti_join(scope.names, RECORD).select(*found.columns)
    return outside.union(found, distinct=False)


@dataclass(frozen=True)
class _Change:
    """``fresh``: ``block_index`` of records that are new or other. ``gone``: index rows as
    they were of records that are other or gone. ``kept``: index rows of all others. ``total``: rows
    before.
    """

    fresh: ir.Table
    gone: ir.Table
    kept: ir.Table
    total: int

    def seeds(self, space: Workspace) -> ir.Table:
        """Nodes of all that changed."""
        return space.hold(self.fresh.select("node").union(self.gone.select("node"), distinct=True))


def _changed(
    records: ir.Table, library: Library, index: ir.Table, space: Workspace
) -> _Change | None:
    """None where two records have one node, by a chance of 10**-7 among a million."""
    content = {CONTENT: content_of(records, library)}
    now = space.hold(records.select(node=node_of(records), **content))
    if any(space.count(t) != space.count(t.select("node").distinct()) for t in (now, index)):
        return None
    as_before = ["node", CONTENT]
    other = now.anti_join(index.select(as_before), as_before).select("node")
    gone = space.keep(index.anti_join(now, as_before))
    work = working_set(_of_nodes(records, space.hold(other), space), library, space, indexed=True)
    fresh = space.hold(work.select(**block_index(work, library)))
    kept = index.anti_join(gone, "node")
    return _Change(fresh, gone, kept, max(space.count(index), 1))


def _of_nodes(records: ir.Table, nodes: ir.Table, space: Workspace) -> ir.Table:
    named = records.mutate(node=node_of(records))
    return space.hold(named.semi_join(nodes, "node").drop("node"))


def _ruled_anew(
    records: ir.Table, library: Library, change: _Change, space: Workspace, *, scored: bool
) -> ir.Table | None:
    """The index as it is now, or None where too much is touched; ``placed_anew`` marks what was."""
    largest = int(LARGEST_CHANGE * change.total)
    if space.count(change.gone) + space.count(change.fresh) > largest:
        return None
    region = _surroundings(change, library, largest, space).around(change.seeds(space))
    if region is None:
        return None
    here = _of_nodes(records, region.seen, space)
    work = working_set(here, library, space, indexed=True)
    ruled = apply_rules(work, library, space, region.crowded)
    anew = standing_index(ruled, library, scored=scored, space=space)
    anew = anew.semi_join(region.scope, "node")
    anew = space.keep(anew.mutate(overridden=ibis.literal(False), placed_anew=ibis.literal(True)))
    rest = change.kept.anti_join(anew, "node").mutate(placed_anew=ibis.literal(False))
    return rest.union(anew.select(*rest.columns), distinct=False)


def _surroundings(
    change: _Change, library: Library, largest: int, space: Workspace
) -> Surroundings:
    """The records as they are and were; whoever changed may move, now and before."""
    other = change.fresh.union(change.gone.select(*change.fresh.columns), distinct=False)
    other = other.mutate(may_move=ibis.literal(True))
    keys = long_keys(change.kept, library, changed=False).union(
        long_keys(space.hold(other), library, changed=True), distinct=False
    )
    was = [each.select("node", "cluster") for each in (change.kept, change.gone)]
    return Surroundings(
        keys=space.hold(keys),
        clusters=space.hold(was[0].union(was[1], distinct=False)),
        library=library,
        largest=largest,
        space=space,
    )


def _looked_at(
    index: ir.Table,
    near: ir.Table | None,
    decisions: ir.Table | None,
    library: Library,
    space: Workspace,
) -> ir.Table:
    """Nodes of the clusters about which anything is to be said besides what the rules do.

    Those that were placed anew; those whom scores or people moved, then or now; those who wait for
    a score, and whom they could join; those whose number is disputed, and its holders.
    """
    number = identifier_block(library).name
    disputed = space.hold(index.filter(index.dispute.notnull()).select("node", number))
    told = [
        index.filter(index.placed_anew | index.overridden).select("node"),
        disputed.select("node"),
        index.semi_join(disputed, number).select("node"),
    ]
    if decisions is not None:
        told += [
            decisions.select(node=node_of(decisions, f"{side}_source", f"{side}_key"))
            for side in ("left", "right")
        ]
    if near is not None:
        told += [waiting_in(index).select(node="rid"), near.select(node="other")]
        told += _under_two_numbers(index, library)
    nodes = reduce(lambda a, b: a.union(b, distinct=False), told).distinct()
    clusters = space.hold(index.semi_join(space.hold(nodes), "node").select("cluster").distinct())
    return space.hold(index.semi_join(clusters, "cluster").select("node"))


def _under_two_numbers(index: ir.Table, library: Library) -> Sequence[ir.Table]:
    """Records with a believed number whose words are those of one with another number."""
    person = person_block(library)
    if person is None:
        return []
    told = index.filter(~index.may_move, index[person.name].notnull())
    several = told.group_by(person.name).having(told.holder.min() != told.holder.max())
    return [told.semi_join(several.agg(n=told.count()), person.name).select("node")]


def _seen(
    records: ir.Table, index: ir.Table, nodes: ir.Table, library: Library, space: Workspace
) -> Ruled:
    work = working_set(_of_nodes(records, nodes, space), library, space)
    here = space.hold(index.semi_join(nodes, "node"))
    return as_ruled(work, here, library, space)


def _by_rid(near: ir.Table | None, work: ir.Table, space: Workspace) -> ir.Table | None:
    """Pairs of nodes as pairs of rids."""
    if near is None:
        return None
    nodes = space.hold(work.select(of="rid", node=node_of(work)))
    left = near.inner_join(nodes.rename(mine="of"), near.rid == nodes.node).drop("node")
    both = left.inner_join(nodes.rename(its="of"), left.other == nodes.node)
    return space.hold(both.select(rid="mine", other="its"))
