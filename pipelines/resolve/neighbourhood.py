"""What a change can touch: the records that have to be resolved again, and those they are seen by.

A record with a believed number stands where its number puts it; whether it is believed depends on
the records with that number, and on those with other numbers that bear the same person's words. A
record without one, or kept out of its group, may move: it asks all records that share a block with
it. So influence spreads through records that may move, and stops at those that stand.

All is done on numbers: ``node`` is the hash of a record's name, ``key`` that of one of its blocks.
Two that meet by chance only widen a neighbourhood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.blocks import AS_KNOWN, blocks_of
from pipelines.resolve.workspace import Workspace

# Each round reaches what the round before touches; a change that still spreads after so many is no
# neighbourhood, and a full run is cheaper.
MOST_ROUNDS = 40


@dataclass(frozen=True)
class Neighbourhood:
    """``scope``: nodes of the records whose place may change, whole clusters. ``seen``: those and
    all others that the resolver must see to place them as it would in a full run. ``crowded``:
    ``key`` of the blocks that are too large to bring anybody together, however few are seen.
    """

    scope: ir.Table
    seen: ir.Table
    crowded: ir.Table


@dataclass(frozen=True)
class Surroundings:
    """Where influence can spread.

    ``keys``: ``node, kind, key, may_move, sure``, every block that a record is in, or was in before
    it changed; ``kind`` is its place in ``blocks_of``; ``sure`` if the record did not change and is
    in the block whatever is believed of its number. ``clusters``: ``node, cluster``, as the rules
    had placed the records before.
    """

    keys: ir.Table
    clusters: ir.Table
    library: Library
    largest: int  # records in a neighbourhood that is worth it
    space: Workspace

    def around(self, seeds: ir.Table) -> Neighbourhood | None:
        """The neighbourhood of the changed nodes; None where it is too large."""
        hold = self.space.hold
        claims = self._of_claims()
        reached = frontier = hold(self._doubted(seeds))
        beside = crowded = None
        for _ in range(MOST_ROUNDS):
            asked = hold(claims.semi_join(frontier, "node").select("key").distinct())
            shared = hold(claims.semi_join(asked, "key"))
            full = hold(self._crowded(shared))
            crowded = full if crowded is None else hold(crowded.union(full, distinct=True))
            hits = hold(shared.anti_join(full, "key").select("node", "may_move").distinct())
            stand = hits.filter(~hits.may_move).select("node")
            beside = hold(stand if beside is None else beside.union(stand, distinct=True))
            touched = hits.select("node").union(frontier, distinct=True)
            found = self._moving(hold(self._clusters_of(hold(touched))))
            frontier = hold(found.anti_join(reached, "node"))
            if not self.space.count(frontier):
                scope = hold(self._clusters_of(hold(reached.union(beside, distinct=True))))
                # Those by whom the scope is believed are seen by it, and what may move moves.
                witnesses = hold(self._doubted(scope))
                frontier = hold(self._moving(witnesses).anti_join(reached, "node"))
                if not self.space.count(frontier):
                    return self._seen(scope, witnesses, crowded)
            reached = hold(reached.union(frontier, distinct=True))
            if self.space.count(reached) > self.largest:
                return None
        return None

    def _doubted(self, nodes: ir.Table) -> ir.Table:
        """Records that may be believed, or no longer be believed, because of these."""
        mates = self._mates(nodes)
        return self._mates(self._nearby(mates, self._namesakes(mates)))

    def _nearby(self, nodes: ir.Table, others: ir.Table) -> ir.Table:
        """``others``, and records of groups that are near those of ``nodes``."""
        shared, full = self._of_groups_near(nodes)
        if shared is None:
            return others
        near = shared.anti_join(full, "key").select("node")
        return self.space.hold(near.union(others.select("node"), distinct=True))

    def _of_groups_near(self, nodes: ir.Table) -> tuple[ir.Table | None, ir.Table | None]:
        """``node, key, number, sure`` in the blocks of these that bring groups near.

        And ``key`` of those blocks that are of too many groups to bring any near, now or before.
        """
        places = self._places("is_nearby")
        if not places:
            return None, None
        keys = self.keys.filter(self.keys.kind.isin(places))
        asked = self.space.hold(keys.semi_join(nodes, "node").select("key").distinct())
        shared = self.space.hold(keys.semi_join(asked, "key"))
        [number_kind] = self._places("is_identifier")
        number = self.keys.filter(self.keys.kind == number_kind).select("node", number="key")
        numbered = self.space.hold(shared.inner_join(number, "node"))
        sure = numbered.filter(numbered.sure)
        sizes = sure.group_by("kind", "key").agg(size=sure.number.nunique())
        full = sizes.filter(sizes["size"] > self._limit(sizes)).select("kind", "key")
        return numbered, self.space.hold(full)

    def _mates(self, nodes: ir.Table) -> ir.Table:
        """These, and all records with one of their numbers."""
        return self._sharing(nodes, self._of_kind("is_identifier"))

    def _namesakes(self, nodes: ir.Table) -> ir.Table:
        """These, and records with a number that say to be the same person as one of them."""
        person = self._of_kind("is_person")
        if person is None:
            return nodes
        numbered = self._of_kind("is_identifier")
        told = person if numbered is None else person.semi_join(numbered, "node")
        return self._sharing(nodes, told)

    def _sharing(self, nodes: ir.Table, keys: ir.Table | None) -> ir.Table:
        if keys is None:
            return nodes
        asked = self.space.hold(keys.semi_join(nodes, "node").select("key").distinct())
        hits = keys.semi_join(asked, "key").select("node")
        return self.space.hold(hits.union(nodes.select("node"), distinct=True))

    def _places(self, use: str) -> Sequence[int]:
        return [place for place, each in enumerate(blocks_of(self.library)) if getattr(each, use)]

    def _of_claims(self) -> ir.Table:
        """What brings records together, not only groups near one another."""
        nearby = self._places("is_nearby")
        return self.keys.filter(self.keys.kind.notin(nearby)) if nearby else self.keys

    def _of_kind(self, use: str) -> ir.Table | None:
        places = self._places(use)
        return self.keys.filter(self.keys.kind.isin(places)) if places else None

    def _moving(self, nodes: ir.Table) -> ir.Table:
        moving = self.keys.filter(self.keys.may_move).semi_join(nodes, "node")
        return moving.select("node").distinct()

    def _clusters_of(self, nodes: ir.Table) -> ir.Table:
        """These, and all records that were of one cluster with them."""
        ids = self.clusters.semi_join(nodes, "node").select("cluster").distinct()
        whole = self.clusters.semi_join(ids, "cluster").select("node")
        return whole.union(nodes.select("node"), distinct=True)

    def _crowded(self, shared: ir.Table) -> ir.Table:
        """kind, key: limited blocks that make no pairs, now or before.

        Those in which there are too many of the records that are surely in them.
        """
        sure = shared.filter(shared.sure)
        sizes = sure.group_by("kind", "key").agg(size=sure.count())
        return sizes.filter(sizes["size"] > self._limit(sizes)).select("kind", "key")

    def _seen(self, scope: ir.Table, witnesses: ir.Table, crowded: ir.Table) -> Neighbourhood:
        keys = crowded.select("key")
        _, full = self._of_groups_near(self._mates(scope))
        if full is not None:
            keys = keys.union(full.select("key"), distinct=True)
        seen = scope.union(witnesses.select("node"), distinct=True)
        return Neighbourhood(scope, self.space.hold(seen), self.space.hold(keys))

    def _limit(self, table: ir.Table) -> ir.IntegerValue:
        """Of the blocks of these rows; NULL, which nothing exceeds, where there is none."""
        kinds = enumerate(blocks_of(self.library))
        limits = [(table.kind == place, each.limit) for place, each in kinds if each.limit]
        limit = ibis.cases(*limits, else_=None) if limits else ibis.null("int64")
        return limit.cast("int64")


def long_keys(index: ir.Table, library: Library, *, changed: bool) -> ir.Table:
    """``Surroundings.keys`` of rows of the index, of records that changed or did not."""
    told = []
    for place, block in enumerate(blocks_of(library)):
        kind = ibis.literal(place, "int8")
        known = index.filter(index[block.name].notnull())
        stated = block.stated_name(library)
        sure = ibis.literal(True)
        if stated:
            sure = (known[stated] == AS_KNOWN).fill_null(False)
            other = index.filter(index[stated] != AS_KNOWN)
            told.append(other.select("node", "may_move", key=other[stated], sure=False, kind=kind))
        told.append(known.select("node", "may_move", key=known[block.name], sure=sure, kind=kind))
    every = reduce(lambda a, b: a.union(b, distinct=False), told)
    if changed:
        every = every.mutate(may_move=ibis.literal(True), sure=ibis.literal(False))
    return every.select("node", "kind", "key", "may_move", "sure")
