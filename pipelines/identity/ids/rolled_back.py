"""Where ids lead when a library goes back to an earlier publication.

The earlier ids live again as they were. Every other id that was ever given out goes on leading
somewhere: to the entity that has the records now which it had, or to nothing where there is none.
"""

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.tables.temp_tables import TempTables


def redirects_back(
    con: BaseBackend,
    *,
    then_alive: ir.Table,
    then_redirect: ir.Table,
    then_source: ir.Table,
    now_alive: ir.Table,
    now_redirect: ir.Table,
    now_source: ir.Table,
) -> ir.Table:
    """The redirects of the publication that restores an earlier one.

    Args:
        con: The engine that holds the tables.
        then_alive: ``entity_id`` of every entity of the earlier publication.
        then_redirect: Its ``entity_id, current_id``.
        then_source: Its ``entity_id, source, source_key``, one row per record.
        now_alive: As above, of what is published until then; ``now_redirect``, ``now_source`` too.
        now_redirect: See there.
        now_source: See there.

    Returns:
        ``entity_id, current_id``: redirects of then as they were, and of every other id of
        either publication that does not live in the earlier one; ``current_id`` does, or is NULL.
    """
    with TempTables(con) as temp:
        then = temp.materialise(then_alive.select("entity_id"))
        known = temp.materialise(then_redirect.select("entity_id", "current_id"))
        newer = temp.materialise(now_alive.select("entity_id").anti_join(then, "entity_id"))
        heirs = temp.materialise(_heirs(now_source, then_source, newer))
        fresh = newer.anti_join(known, "entity_id").left_join(heirs, "entity_id")
        fresh = fresh.select("entity_id", current_id="heir")
        ended = now_redirect.select("entity_id", went="current_id")
        for living in (then, known, newer):
            ended = ended.anti_join(living, "entity_id")
        ended = temp.materialise(ended)
        onward = ended.left_join(heirs, ended.went == heirs.entity_id)
        onward = temp.materialise(onward.select("entity_id", "went", "heir"))
        joined = onward.left_join(then, onward.went == then.entity_id)
        stayed = ibis.coalesce(then.entity_id, onward.heir)
        led = joined.select(entity_id=onward.entity_id, current_id=stayed)
        return temp.materialise_result(ibis.union(known, fresh, led, distinct=False))


def _heirs(now_source: ir.Table, then_source: ir.Table, newer: ir.Table) -> ir.Table:
    """For ids that came later: the earlier entity that had most of their records."""
    now = now_source.select("entity_id", "source", "source_key").semi_join(newer, "entity_id")
    then = then_source.select("source", "source_key", heir="entity_id")
    shared = now.join(then, ["source", "source_key"])
    counted = shared.group_by("entity_id", "heir").agg(records=shared.count())
    place = ibis.row_number().over(
        group_by=counted.entity_id, order_by=[counted.records.desc(), counted.heir]
    )
    ranked = counted.mutate(place=place)
    return ranked.filter(ranked.place == 0).select("entity_id", "heir")
