"""Which published ids a candidate would change, and why: merged, split, moved or vanished.

Compares two states of a library, each one row per record with the entity that it belongs to. What
the sources themselves ordered, records that they no longer have, is told apart per source: an
ordinary deletion is theirs to decide, a half-empty delivery is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.tables.temp_tables import Workspace

CHANGE_KINDS = ("merged", "split", "moved", "vanished")
_RECORD = ("source", "source_key")
_UNEXPLAINED = "unexplained"
# Deletions of fewer records stop nothing, whatever share of a small source they are.
FEWEST_DELETIONS = 10


@dataclass(frozen=True)
class IdChange:
    """How many ids of one state are changed in one way by one rule in the other."""

    kind: str  # CHANGE_KINDS; vanished ids are counted under the losses, not against the budget
    rule: str
    ids: int


@dataclass(frozen=True)
class SourceLoss:
    """How many of a source's records are gone."""

    source: str
    records: int
    gone: int

    @property
    def share(self) -> float:
        """Of 1."""
        return self.gone / self.records


@dataclass(frozen=True)
class Survival:
    """What becomes of the ids of one state in another one."""

    ids: int
    changes: Sequence[IdChange]
    losses: Sequence[SourceLoss]

    @property
    def changed(self) -> int:
        """Ids that merge, split, or lose records to another entity."""
        return sum(change.ids for change in self.changes if change.kind != "vanished")

    @property
    def vanished(self) -> int:
        """Ids of whose records none is left."""
        return sum(change.ids for change in self.changes if change.kind == "vanished")

    @property
    def share(self) -> float:
        """Changed ids, of 1."""
        return self.changed / self.ids if self.ids else 0.0


@dataclass(frozen=True)
class Budget:
    """How much may change before a person is asked.

    ``ids``: share of the published ids that may merge, split or move records. ``deletions``: share
    of a source's published records that it may delete.
    """

    ids: float
    deletions: float

    def allows(self, survival: Survival) -> bool:
        """Whether a candidate is within the budget."""
        return survival.changed <= self.ids * survival.ids and not self.excessive(survival)

    def excessive(self, survival: Survival) -> Sequence[SourceLoss]:
        """Sources that lost more records than they may."""
        return [
            loss
            for loss in survival.losses
            if loss.share > self.deletions and (loss.gone >= FEWEST_DELETIONS or not self.deletions)
        ]


def changed_ids(con: BaseBackend, before: ir.Table, after: ir.Table, events: ir.Table) -> ir.Table:
    """Every id of ``before`` that is not simply alive in ``after``.

    Args:
        con: The engine that holds the tables.
        before: ``entity_id, source, source_key`` of every record.
        after: The same, and ``rule``.
        events: ``identity.<entity>_event`` that led from one to the other; older ones may be there.

    Returns:
        ``entity_id, kind, rule, other_entity_id, source, source_key``, one row per id: what
        happened to it, why, one id that is involved and one record that shows it.

        ``merged``: the id is gone and its records belong to others. ``split``: it lives, and
        records of it belong to a new id. ``moved``: it lives, and records of it belong to an id
        that was there before. ``vanished``: none of its records is left.
    """
    with Workspace(con) as space:
        then = before.select("source", "source_key", old_id="entity_id")
        now = after.select("source", "source_key", new_id="entity_id", new_rule="rule")
        met = space.hold(
            then.left_join(now, list(_RECORD)).drop("source_right", "source_key_right")
        )
        alive = space.hold(after.select(old_id="entity_id").distinct())
        known = space.hold(before.select(new_id="entity_id").distinct())
        gone = met.group_by("old_id").agg(left=met.new_id.count())
        vanished = gone.filter(gone.left == 0).select("old_id").anti_join(alive, "old_id")
        left = space.hold(met.filter(met.new_id.notnull(), met.new_id != met.old_id))
        merged = left.anti_join(alive, "old_id")
        parted = space.hold(left.semi_join(alive, "old_id"))
        told = [
            _told(merged, "merged", _reasons(events, "merged", "entity_id")),
            _told(
                parted.anti_join(known, "new_id"),
                "split",
                _reasons(events, "split", "other_entity_id"),
            ),
            _told(parted.semi_join(known, "new_id"), "moved", None),
            _nowhere(vanished, met, events),
        ]
        first, *rest = told
        every = space.hold(first.union(*rest, distinct=False))
        place = ibis.cases(*((every.kind == k, n) for n, k in enumerate(CHANGE_KINDS)))
        rank = ibis.row_number().over(group_by=every.entity_id, order_by=place)
        ranked = every.mutate(rank=rank)
        return space.keep(ranked.filter(ranked["rank"] == 0).drop("rank").order_by("entity_id"))


def survival(con: BaseBackend, before: ir.Table, after: ir.Table, changed: ir.Table) -> Survival:
    """Count what ``changed_ids`` found between ``before`` and ``after``, and what sources lost."""
    counted = changed.group_by("kind", "rule").agg(ids=changed.count())
    changes = con.to_pyarrow(counted.order_by(ibis.desc("ids"), "kind", "rule")).to_pylist()
    here = after.select(*_RECORD, is_here=ibis.literal(True))
    met = before.left_join(here, list(_RECORD))
    lost = met.group_by("source").agg(
        records=met.count(), gone=met.is_here.isnull().cast("int64").sum()
    )
    losses = con.to_pyarrow(lost.order_by("source")).to_pylist()
    ids = int(con.execute(before.entity_id.nunique()))
    return Survival(
        ids,
        [IdChange(row["kind"], row["rule"], row["ids"]) for row in changes],
        [SourceLoss(row["source"], row["records"], row["gone"]) for row in losses],
    )


def _reasons(events: ir.Table, kind: str, of: str) -> ir.Table:
    """old_id, reason: of the latest event of a kind."""
    told = events.filter(events.kind == kind, events[of].notnull())
    order = [told.sequence.desc(), told.entity_id]
    ranked = told.mutate(rank=ibis.row_number().over(group_by=told[of], order_by=order))
    latest = ranked.filter(ranked["rank"] == 0)
    return latest.select(old_id=latest[of], reason=latest.reason)


def _told(left: ir.Table, kind: str, reasons: ir.Table | None) -> ir.Table:
    """One row per id whose records are elsewhere; where no event says why, the record's rule."""
    first = [left.source, left.source_key]
    rank = ibis.row_number().over(group_by=left.old_id, order_by=first)
    ranked = left.mutate(rank=rank)
    shown = ranked.filter(ranked["rank"] == 0)
    if reasons is None:
        why: ir.Value = shown.new_rule
    else:
        shown = shown.left_join(reasons, "old_id").drop("old_id_right")
        why = shown.reason.fill_null(shown.new_rule)
    return shown.select(
        entity_id="old_id",
        kind=ibis.literal(kind),
        rule=why.fill_null(_UNEXPLAINED),
        other_entity_id="new_id",
        source="source",
        source_key="source_key",
    )


def _nowhere(vanished: ir.Table, met: ir.Table, events: ir.Table) -> ir.Table:
    shown = met.semi_join(vanished, "old_id")
    rank = ibis.row_number().over(group_by=shown.old_id, order_by=[shown.source, shown.source_key])
    ranked = shown.mutate(rank=rank)
    first = ranked.filter(ranked["rank"] == 0)
    why = first.left_join(_reasons(events, "retired", "entity_id"), "old_id").drop("old_id_right")
    return why.select(
        entity_id="old_id",
        kind=ibis.literal("vanished"),
        rule=why.reason.fill_null(_UNEXPLAINED),
        other_entity_id=ibis.null("string"),
        source="source",
        source_key="source_key",
    )
