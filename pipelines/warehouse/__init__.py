"""The warehouse: PostgreSQL with what downstream systems read, and what the runs report."""

from pipelines.warehouse.database import (
    connect,
    database_url,
    ensure_database,
    sqlalchemy_url,
    stop_embedded,
)
from pipelines.warehouse.migrations import migrate
from pipelines.warehouse.outbox import ClaimedMail, QueuedMail, claim_mail, count_mail, queue_mail
from pipelines.warehouse.publication import Publication
from pipelines.warehouse.publish import publish
from pipelines.warehouse.records import (
    BatchRecord,
    FindingCount,
    FindingRecord,
    PublicationRecord,
    TimingRecord,
    read_batches,
    read_expectations,
    read_findings,
    read_publications,
    read_timings,
    record_batch,
    record_expectations,
    record_findings,
    record_timing,
)

__all__ = [
    "BatchRecord",
    "ClaimedMail",
    "FindingCount",
    "FindingRecord",
    "Publication",
    "PublicationRecord",
    "QueuedMail",
    "TimingRecord",
    "claim_mail",
    "connect",
    "count_mail",
    "database_url",
    "ensure_database",
    "migrate",
    "publish",
    "queue_mail",
    "read_batches",
    "read_expectations",
    "read_findings",
    "read_publications",
    "read_timings",
    "record_batch",
    "record_expectations",
    "record_findings",
    "record_timing",
    "sqlalchemy_url",
    "stop_embedded",
]
