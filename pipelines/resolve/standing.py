"""What the rules say of each record, and how it is kept for the next increment.

The rules are the first two stages of a resolution: groups by identifier, then claims. What they say
of a record depends on the records that share a block with it and on nobody else, so it can be kept
record by record. Scores and people's decisions come after, and are never part of it.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.blocks import block_index, identifier_block
from pipelines.resolve.candidates import everybody_of, with_some_number
from pipelines.resolve.groups import Groups, group_by_identifier
from pipelines.resolve.hashed import node_of
from pipelines.resolve.link import link_records
from pipelines.resolve.near import near_hashes
from pipelines.resolve.workspace import Workspace

_KEPT = ("cluster", "linked", "holder")  # rids, kept as the nodes of those records


@dataclass(frozen=True)
class Ruled:
    """``work``: ``working_set``. ``groups``: whose numbers are believed. ``placed``: as

    ``link_records`` says, one row per record.
    """

    work: ir.Table
    groups: Groups
    placed: ir.Table

    @property
    def heads(self) -> ir.Table:
        """``trusted`` rows of the records that groups are named after."""
        return self.groups.trusted.filter(self.groups.trusted.rid == self.groups.trusted.gid)


def apply_rules(
    work: ir.Table, library: Library, space: Workspace, crowded: ir.Table | None = None
) -> Ruled:
    """Groups by identifier, then by claims; ``crowded``: see ``hashed.without_crowded``."""
    groups = group_by_identifier(work, library, space, crowded)
    return Ruled(work, groups, link_records(work, groups, library, space, crowded))


def standing_index(ruled: Ruled, library: Library, *, scored: bool, space: Workspace) -> ir.Table:
    """``block_index`` and what the rules said, in which records are named by their nodes.

    Args:
        ruled: What the rules said of the records.
        library: Its blocks.
        scored: Whether scores follow; then with ``near_hashes``.
        space: Keeps what is read twice.

    Returns:
        ``block_index``, ``cluster`` and ``linked`` (nodes, as of ``link_records``), ``rule``,
        ``holder`` (node of the record that the cluster's believed number stands by, or NULL),
        ``dispute`` (why a number is not believed, or NULL).
    """
    work = ruled.work
    if not scored:
        told = work.select("rid", **block_index(work, library))
        return told.inner_join(_standing(ruled, space), "rid").drop("rid")
    own = everybody_of(work, ruled.groups, library, space).kept_out
    seen = with_some_number(work.mutate(number=ibis.null("int64")).anti_join(own, "rid"), library)
    most = seen.select("rid", **block_index(seen, library), **near_hashes(seen, library))
    few = work.semi_join(own, "rid")
    few = few.select("rid", **block_index(few, library))
    few = few.inner_join(own.select("rid", **near_hashes(own, library)), "rid")
    told = most.union(few.select(*most.columns), distinct=False)
    return told.inner_join(_standing(ruled, space), "rid").drop("rid")


def _standing(ruled: Ruled, space: Workspace) -> ir.Table:
    """``rid`` and what the rules said of it; narrow, so that blocks are moved only once."""
    nodes = space.hold(ruled.work.select("rid", node=node_of(ruled.work)))
    sure = ruled.placed.inner_join(ruled.heads.select("rid"), "rid")
    standing = ruled.placed.left_join(sure.select("cluster", holder="rid"), "cluster")
    standing = standing.select("rid", "cluster", "rule", "linked", "holder")
    for name in _KEPT:
        named = nodes.select(__rid="rid", __node="node")
        met = standing.left_join(named, standing[name] == named["__rid"])
        standing = met.mutate(**{name: met["__node"]}).drop("__rid", "__node")
    disputed = ruled.groups.disputed.select("rid", dispute=ruled.groups.disputed.reason)
    standing = standing.left_join(disputed, "rid").drop("rid_right")
    stands = ruled.groups.trusted.select(__rid="rid")
    met = standing.left_join(stands, standing.rid == stands["__rid"])
    return met.mutate(may_move=met["__rid"].isnull()).drop("__rid")


def as_ruled(work: ir.Table, index: ir.Table, library: Library, space: Workspace) -> Ruled:
    """What the rules said of these records, out of the index.

    Args:
        work: ``working_set`` of some records.
        index: ``standing_index`` of all; of no cluster a part alone is in ``work``.
        library: As the index was made with.
        space: Keeps the results.
    """
    number = identifier_block(library).name
    known = index.select("node", "may_move", "rule", "dispute", number, *_KEPT)
    rows = space.hold(work.select("rid", node=node_of(work)).inner_join(known, "node"))
    told = rows
    for name in _KEPT:
        named = rows.select(__rid="rid", __node="node")
        met = told.left_join(named, told[name] == named["__node"])
        told = met.mutate(**{name: met["__rid"]}).drop("__rid", "__node")
    told = space.hold(told)
    trusted = told.filter(~told.may_move).select("rid", number=told[number], gid="holder")
    disputed = told.filter(told.dispute.notnull()).select(
        "rid", number=told[number], reason="dispute"
    )
    placed = told.select("rid", "cluster", "rule", "linked")
    return Ruled(work, Groups(trusted, disputed), placed)


def overridden(ruled: Ruled, clusters: ir.Table, space: Workspace) -> ir.Table:
    """``node`` of the records whose entity is not what the rules alone would make it.

    Args:
        ruled: As the rules placed them.
        clusters: ``rid, cluster`` in the end.
        space: Keeps the results.
    """
    placed = ruled.placed.select("rid", was="cluster")
    moved = placed.inner_join(clusters, "rid").filter(lambda t: t.was != t.cluster)
    moved = space.hold(moved.select("was", "cluster"))
    touched = moved.select(cluster="was").union(moved.select("cluster"), distinct=True)
    touched = space.hold(touched)
    by_rule = ruled.placed.semi_join(touched, "cluster").select("rid")
    in_the_end = clusters.semi_join(touched, "cluster").select("rid")
    found = ruled.work.semi_join(by_rule.union(in_the_end, distinct=True), "rid")
    return space.hold(found.select(node=node_of(found)))


def with_overridden(index: ir.Table, nodes: ir.Table) -> ir.Table:
    """``index`` plus ``overridden``: scores or people had the last word about these."""
    told = nodes.select("node", is_overridden=ibis.literal(True))
    met = index.left_join(told, "node").drop("node_right")
    return met.mutate(overridden=met.is_overridden.fill_null(False)).drop("is_overridden")
