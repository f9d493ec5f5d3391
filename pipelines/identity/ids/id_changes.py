"""Which published ids a candidate would change, and why: merged, split, moved or vanished.

Compares two states of a library, each one row per record with the entity that it belongs to. What
the sources themselves ordered, records that they no longer have, is counted per source: an
ordinary deletion is theirs to decide, a half-empty delivery is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.tables.temp_tables import TempTables

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
class IdStability:
    """Id stability: what becomes of the ids of one state in another one."""

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

    def allows(self, id_stability: IdStability) -> bool:
        """Whether a candidate is within the budget."""
        return id_stability.changed <= self.ids * id_stability.ids and not self.excessive(
            id_stability
        )

    def excessive(self, id_stability: IdStability) -> Sequence[SourceLoss]:
        """Sources that lost more records than they may."""
        return [
            loss
            for loss in id_stability.losses
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
    with TempTables(con) as temp:
        then = before.select("source", "source_key", old_id="entity_id")
        now = after.select("source", "source_key", new_id="entity_id", new_rule="rule")
        joined = temp.materialise(
            then.left_join(now, list(_RECORD)).drop("source_right", "source_key_right")
        )
        alive = temp.materialise(after.select(old_id="entity_id").distinct())
        known = temp.materialise(before.select(new_id="entity_id").distinct())
        gone = joined.group_by("old_id").agg(left=joined.new_id.count())
        vanished = gone.filter(gone.left == 0).select("old_id").anti_join(alive, "old_id")
        left = temp.materialise(
            joined.filter(joined.new_id.notnull(), joined.new_id != joined.old_id)
        )
        merged = left.anti_join(alive, "old_id")
        parted = temp.materialise(left.semi_join(alive, "old_id"))
        result = [
            _first_per_id(merged, "merged", _reasons(events, "merged", "entity_id")),
            _first_per_id(
                parted.anti_join(known, "new_id"),
                "split",
                _reasons(events, "split", "other_entity_id"),
            ),
            _first_per_id(parted.semi_join(known, "new_id"), "moved", None),
            _vanished(vanished, joined, events),
        ]
        first, *rest = result
        every = temp.materialise(first.union(*rest, distinct=False))
        place = ibis.cases(*((every.kind == k, n) for n, k in enumerate(CHANGE_KINDS)))
        rank = ibis.row_number().over(group_by=every.entity_id, order_by=place)
        ranked = every.mutate(rank=rank)
        return temp.materialise_result(
            ranked.filter(ranked["rank"] == 0).drop("rank").order_by("entity_id")
        )


def id_stability(
    con: BaseBackend, before: ir.Table, after: ir.Table, changed: ir.Table
) -> IdStability:
    """Count what ``changed_ids`` found between ``before`` and ``after``, and what sources lost."""
    counted = changed.group_by("kind", "rule").agg(ids=changed.count())
    changes = con.to_pyarrow(counted.order_by(ibis.desc("ids"), "kind", "rule")).to_pylist()
    here = after.select(*_RECORD, is_here=ibis.literal(True))
    joined = before.left_join(here, list(_RECORD))
    lost = joined.group_by("source").agg(
        records=joined.count(), gone=joined.is_here.isnull().cast("int64").sum()
    )
    losses = con.to_pyarrow(lost.order_by("source")).to_pylist()
    ids = int(con.execute(before.entity_id.nunique()))
    return IdStability(
        ids,
        [IdChange(row["kind"], row["rule"], row["ids"]) for row in changes],
        [SourceLoss(row["source"], row["records"], row["gone"]) for row in losses],
    )


def _reasons(events: ir.Table, kind: str, of: str) -> ir.Table:
    """old_id, reason: of the latest event of a kind."""
    result = events.filter(events.kind == kind, events[of].notnull())
    order = [result.sequence.desc(), result.entity_id]
    ranked = result.mutate(rank=ibis.row_number().over(group_by=result[of], order_by=order))
    latest = ranked.filter(ranked["rank"] == 0)
    return latest.select(old_id=latest[of], reason=latest.reason)


def _first_per_id(left: ir.Table, kind: str, reasons: ir.Table | None) -> ir.Table:
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


def _vanished(vanished: ir.Table, joined: ir.Table, events: ir.Table) -> ir.Table:
    shown = joined.semi_join(vanished, "old_id")
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
