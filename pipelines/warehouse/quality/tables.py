"""The tables of schema ``quality`` as SQLAlchemy sees them; made by ``sql/versions``."""

from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    TableClause,
    Text,
    cast,
    collate,
    column,
    func,
    table,
)
from sqlalchemy.dialects.postgresql import JSONB


def _quality_table(name: str, columns: str, *json: str) -> TableClause:
    plain: list[ColumnClause[Any]] = [column(each) for each in columns.split()]
    return table(name, *plain, *(column(each, JSONB) for each in json), schema="quality")


def delivered_order(batch: ColumnElement[str]) -> ColumnElement[str]:
    """``batch_key`` of ``pipelines/batch.py``: batch ids in the order in which they came."""
    length = func.lpad(cast(func.length(batch), Text), 2, "0")
    return collate(func.concat(func.left(batch, 8), length, batch), "C")


BATCH = _quality_table(
    "batch",
    "source batch library landed staged superseded quarantined findings files fingerprint encoding"
    " unmapped_columns remarks landed_at staged_at",
)
FINDING_COUNT = _quality_table(
    "finding_count", "source batch column_name element rule severity row_count"
)
EXPECTATION_RESULT = _quality_table(
    "expectation_result",
    "subject run layer suite name expectation column_name severity success observed expected"
    " note_zh exception indicator bad judged checked_at",
)
PUBLICATION = _quality_table(
    "publication", "id library run fingerprint status published_at", "snapshot_ids", "row_counts"
)
STAGE_TIMING = _quality_table("stage_timing", "subject run stage seconds row_count started_at")
MAIL = _quality_table(
    "mail",
    "id period source batch recipient part parts message_id subject path state attempts"
    " next_attempt_at sent_at last_error created_at",
)
MAIL_ABOUT = _quality_table("mail_about", "mail_id source batch")
MAIL_ATTEMPT = _quality_table(
    "mail_attempt", "id mail_id started_at handed_over_at ended_at outcome answer"
)
IDENTITY_ACCURACY = _quality_table(
    "identity_accuracy",
    "library run model confidence links sampled precision_mean precision_lower recall_mean"
    " recall_lower measured_at",
    "strata",
)
ID_COMPARISON = _quality_table(
    "id_comparison",
    "library run published_run published_ids changed_ids vanished_ids id_budget deletion_budget"
    " is_within candidate compared_at",
)
ID_CHANGE = _quality_table("id_change", "library run candidate kind rule ids")
ID_LOSS = _quality_table("id_loss", "library run candidate source records gone")
ID_APPROVAL = _quality_table(
    "id_approval", "id library run candidate changed_ids approved_by reason approved_at login"
)
RESOLUTION = _quality_table("resolution", "library run records rules resolved_at")
INDICATOR_COUNT = _quality_table(
    "indicator_count", "scope subject run column_name element indicator a b x"
)
DRIFT = _quality_table(
    "drift", "source batch measure column_name code value low high distance history"
)
SCORE = _quality_table(
    "score", "scope subject run column_name score grade rating scored_at", "dimensions", "weights"
)
