"""What people are asked and what they decided: pairs of records, named by source and key."""

import ibis
import ibis.expr.types as ir

DECISION_SCHEMA = {
    "left_source": "string",
    "left_key": "string",
    "right_source": "string",
    "right_key": "string",
    "verdict": "string",  # same, different
}
QUESTION_SCHEMA = {
    "left_source": "string",
    "left_key": "string",
    "right_source": "string",
    "right_key": "string",
    "kind": "string",  # potential_match: between the thresholds; conflict: a definite no met a yes
    "probability": "float64",  # NULL where no score was asked
    "rule": "string",  # the claim, or what forbids it
    "harm": "int64",  # records that a wrong answer would put wrong
}


def no_questions() -> ir.Table:
    """An empty table of questions."""
    row = ibis.memtable({"nobody": [0]}, schema=ibis.schema({"nobody": "int64"}))
    typed = {name: ibis.null(kind) for name, kind in QUESTION_SCHEMA.items()}
    return row.filter(ibis.literal(False)).select(**typed)
