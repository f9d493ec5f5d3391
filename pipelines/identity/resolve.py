"""Resolve a library: records in, one entity id per record out, with the reason for each."""

import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.conclusion import History, Judges, Resolved, conclude
from pipelines.identity.rules.apply import apply_rules
from pipelines.identity.scores.model import Model, load_model
from pipelines.identity.tables.comparison_keys import working_set
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library


def resolve(
    con: BaseBackend,
    records: ir.Table,
    library: Library,
    *,
    key: str,
    run: str,
    previous: ir.Table | None = None,
    events: ir.Table | None = None,
    decisions: ir.Table | None = None,
    model: Model | None = None,
) -> Resolved:
    """Decide which records are the same entity.

    Args:
        con: The engine that holds the records; intermediate tables are made there and dropped.
        records: ``library_records``; better materialised, it is read here, and to merge.
        library: How its records are matched.
        key: The site's secret for ids, at least 16 characters; the same for ever.
        run: Id of this run, written on its events.
        previous: ``identity.<entity>_record`` as the last run left it; ids in it survive.
        events: ``identity.<entity>_event`` of all earlier runs; without it an id that ended
            before the last run could be given again.
        decisions: ``questions.DECISION_SCHEMA``, what people decided about pairs of records. A
            person beats every rule and score: ``same`` pairs are one entity, ``different`` pairs
            are not.
        model: Another model of scores than the one in force.

    Returns:
        The ledger. It depends on the records, the declaration and the previous ledger alone, not
        on the order of rows or sources.

    Raises:
        EntityIdCollision: an id would be given twice.
        EntityTooLarge: an entity has more records than any real one.
    """
    judges = Judges(model or model_in_force(con, library), decisions)
    history = History(key, run, previous, events)
    with Workspace(con) as space:
        work = working_set(records, library, space)
        ruled = apply_rules(work, library, space)
        return conclude(con, ruled, library, judges, history, space)


def model_in_force(con: BaseBackend, library: Library) -> Model | None:
    """The reviewed model of the library, if it has one, where the engine can score."""
    return load_model(library.entity) if con.name == "duckdb" else None
