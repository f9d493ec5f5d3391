"""Where an id of the past leads today, through any number of merges."""

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.tables.temp_tables import TempTables

_ENDED = ("merged", "retired")


def current_ids(con: BaseBackend, events: ir.Table, alive: ir.Table) -> ir.Table:
    """Follow every ended id to the one that lives.

    Args:
        con: The engine that holds the tables.
        events: ``identity.<entity>_event`` of all runs; an id's latest event is the one with the
            greatest ``sequence``, whatever its run is called.
        alive: ``entity_id`` of every entity that exists today.

    Returns:
        ``entity_id, current_id``: every id that ended and did not come back; ``current_id`` is NULL
        when all of its records are gone. A merge is followed for ever: also after the target was
        split (the redirect goes where the target's id stayed) or retired and restored.
    """
    with TempTables(con) as temp:
        ended = events.filter(events.kind.isin(_ENDED)).anti_join(alive, "entity_id")
        last = ibis.row_number().over(
            group_by=ended.entity_id, order_by=[ended.sequence.desc(), ended.kind.asc()]
        )
        ranked = ended.mutate(rank=last)
        latest = ranked.filter(ranked["rank"] == 0)
        steps = temp.materialise(latest.select("entity_id", current_id="other_entity_id"))
        while _unfinished(con, steps):
            steps = temp.materialise(_jump(steps))
        known = steps.left_join(alive, steps.current_id == alive.entity_id)
        return temp.materialise_result(known.select("entity_id", current_id=alive.entity_id))


def _jump(steps: ir.Table) -> ir.Table:
    """Each id goes where its target goes: chains halve, so a hundred merges take seven rounds."""
    onward = steps.select(via="entity_id", further="current_id")
    joined = steps.left_join(onward, steps.current_id == onward.via)
    went = ibis.ifelse(joined.via.notnull(), joined.further, joined.current_id)
    return joined.select("entity_id", current_id=went)


def _unfinished(con: BaseBackend, steps: ir.Table) -> bool:
    targets = steps.filter(steps.current_id.notnull()).select(entity_id="current_id")
    return bool(con.execute(steps.semi_join(targets, "entity_id").count()))
