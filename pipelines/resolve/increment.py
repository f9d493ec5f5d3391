"""Resolve only what changed, and what it touches, and splice it into the ledger before.

The resolver is the same; it is given the neighbourhood of the changed records, as they are and as
they were, and sees in it for every record that may change its place exactly what it would see in a
full run. What is outside comes out of a full run as it is in the ledger already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.libraries import Library
from pipelines.resolve.blocks import block_index
from pipelines.resolve.neighbourhood import RECORD, Neighbourhood, Surroundings, long_keys, node_of
from pipelines.resolve.resolve import Resolved, resolve
from pipelines.resolve.workset import CONTENT, content_of, working_set
from pipelines.resolve.workspace import Workspace

# A neighbourhood of this share of the records costs about as much as a full run.
LARGEST_SHARE = 0.2


@dataclass(frozen=True)
class Before:
    """What the last run left: the ledger, disputes, questions and the index of blocks.

    ``events``: of all runs. ``decisions``: those that the last run respected, or None.
    """

    record: ir.Table
    disputed: ir.Table
    question: ir.Table
    index: ir.Table
    events: ir.Table
    decisions: ir.Table | None


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
        before: What the last run left.
        key: The site's secret.
        run: Id of this run.
        decisions: What people decided, as of now.

    Returns:
        What ``resolve`` would say of all records, or None when too much is touched for it to be
        worth it.
    """
    with Workspace(con) as space:
        change = _changed(records, library, before, space)
        count = space.count(change.gone) + space.count(change.fresh)
        total = max(space.count(before.index), 1)
        if count > LARGEST_SHARE * total:
            return None
        around = _surroundings(change, before, decisions, library, total, space)
        decided = _decided(before.decisions, decisions)
        seeds = change.seeds if decided is None else change.seeds.union(decided, distinct=True)
        region = around.around(space.hold(seeds))
        if region is None:
            return None
        here, scope = _region(records, change, region, space)
        found = resolve(
            con,
            here,
            library,
            key=key,
            run=run,
            previous=before.record,
            events=before.events,
            decisions=decisions,
            scope=scope,
        )
        if found.index is None:  # scores looked further than the index that found the region
            return None
        spliced = _spliced(found, found.index, before, scope, space)
        if space.count(spliced.record) != space.count(
            records
        ):  # a defect: a full run puts it right
            return None
        return Increment(spliced, count, space.count(here))


def _region(
    records: ir.Table, change: "_Change", region: Neighbourhood, space: Workspace
) -> tuple[ir.Table, ir.Table]:
    """The records that are seen, and the names of those that may move, or are gone."""
    names = change.kept.select("node", *RECORD).union(change.fresh.select("node", *RECORD))
    names = space.hold(names.semi_join(region.seen, "node"))
    inside = names.semi_join(region.scope, "node").select(*RECORD)
    scope = space.hold(inside.union(change.gone.select(*RECORD), distinct=True))
    return space.hold(records.semi_join(names, RECORD)), scope


@dataclass(frozen=True)
class _Change:
    """``fresh``: index rows of records that are new or other. ``gone``: index rows as they were of
    records that are other or gone. ``kept``: index rows of all others. ``seeds``: nodes.
    """

    fresh: ir.Table
    gone: ir.Table
    kept: ir.Table
    seeds: ir.Table


def _changed(records: ir.Table, library: Library, before: Before, space: Workspace) -> _Change:
    index = before.index
    now = space.hold(records.select(*RECORD, **{CONTENT: content_of(records, library)}))
    as_before = [*RECORD, CONTENT]
    other = space.hold(now.anti_join(index.select(as_before), as_before).select(*RECORD))
    gone = space.hold(index.anti_join(now, as_before))
    others = space.hold(records.semi_join(other, RECORD))
    work = working_set(others, library, space, indexed=True)
    fresh = space.hold(block_index(work, library, None))
    kept = index.anti_join(gone.select(*RECORD), RECORD)
    seeds = space.hold(fresh.select("node").union(gone.select("node"), distinct=True))
    return _Change(fresh, gone, kept, seeds)


def _decided(then: ir.Table | None, now: ir.Table | None) -> ir.Table | None:
    """Nodes of records about which something was decided, or taken back, since the last run."""
    told = [table for table in (then, now) if table is not None]
    if not told:
        return None
    columns = ["left_source", "left_key", "right_source", "right_key", "verdict"]
    every = [table.select(*columns).distinct() for table in told]
    both = reduce(lambda a, b: a.union(b, distinct=False), every)
    once = both.group_by(columns).agg(times=both.count())
    other = once.filter(once.times < 2)  # in one of the two only
    left = other.select(node=node_of(other, "left_source", "left_key"))
    return left.union(other.select(node=node_of(other, "right_source", "right_key")), distinct=True)


def _surroundings(
    change: _Change,
    before: Before,
    decisions: ir.Table | None,
    library: Library,
    total: int,
    space: Workspace,
) -> Surroundings:
    """The records as they are and were; whoever changed may move, now and before."""
    other = change.fresh.union(change.gone.select(*change.fresh.columns), distinct=False)
    keys = long_keys(change.kept, library, changed=False).union(
        long_keys(space.hold(other), library, changed=True), distinct=False
    )
    record = before.record
    told = [table for table in (before.decisions, decisions) if table is not None]
    ties = None
    if told:
        ties = space.hold(_both_ways(reduce(lambda a, b: a.union(b, distinct=False), told)))
    return Surroundings(
        keys=space.hold(keys),
        entities=space.hold(record.select(node=node_of(record), entity=record.entity_id.hash())),
        ties=ties,
        library=library,
        largest=int(LARGEST_SHARE * total),
        space=space,
    )


def _both_ways(decisions: ir.Table) -> ir.Table:
    left = node_of(decisions, "left_source", "left_key")
    right = node_of(decisions, "right_source", "right_key")
    pairs = decisions.select(left=left, right=right)
    there = pairs.select(node="left", other="right")
    return there.union(pairs.select(node="right", other="left"), distinct=True)


def _spliced(
    found: Resolved, index: ir.Table, before: Before, region: ir.Table, space: Workspace
) -> Resolved:
    """What was found in the region, and what was known outside of it."""

    def splice(new: ir.Table, old: ir.Table, on: Sequence[str] = RECORD) -> ir.Table:
        border = region.select(**dict(zip(on, RECORD, strict=True)))
        outside = old.anti_join(border, list(on)).select(*new.columns)
        return space.keep(outside.union(new, distinct=False))

    return replace(
        found,
        record=splice(found.record, before.record),
        disputed=splice(found.disputed, before.disputed),
        question=splice(found.question, before.question, ("left_source", "left_key")),
        index=splice(index, before.index),
    )
