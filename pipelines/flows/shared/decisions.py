"""People's decisions, as a run is given them: those in force when it resolves, kept with the run.

``identity.<entity>_decision`` has them by run, so that a replay decides as the run did.
"""

import ibis
import ibis.expr.types as ir

from pipelines.flows.shared.session import Session
from pipelines.identity.review.decisions import in_force
from pipelines.identity.review.schemas import DECISION_SCHEMA
from pipelines.libraries import Library
from pipelines.warehouse.people.decisions import read_decisions

DECISION_ORDER = ("left_source", "left_key", "right_source", "right_key")


def note_decisions(session: Session, library: Library, run: str) -> ir.Table:
    """What stewards decided about pairs of records, as of now: ``DECISION_SCHEMA``.

    Revoked ones, opinions that disagree and ``cannot_tell`` are not among them. What follows from
    them by inference is left to the resolver, which groups by them.
    """
    decided = in_force(read_decisions(session.warehouse, library.name))
    rows = [(*each.pair.left, *each.pair.right, each.verdict) for each in decided]
    columns = list(zip(*rows, strict=True)) or [()] * len(DECISION_SCHEMA)
    data = {name: list(values) for name, values in zip(DECISION_SCHEMA, columns, strict=True)}
    table = f"identity.{library.entity}_decision"
    rows_of_run = ibis.memtable(data, schema=ibis.schema(DECISION_SCHEMA))
    session.lake.write(session.con, rows_of_run, table, batch=run, order_by=DECISION_ORDER)
    return session.lake.read(session.con, table, run).select(*DECISION_SCHEMA)
