"""The warehouse: PostgreSQL with what downstream systems read, and what the runs report.

``publish`` is in a module of its own, since it loads DuckDB and ADBC.
"""

from pipelines.warehouse.database import (
    connect,
    database_url,
    ensure_database,
    sqlalchemy_url,
    stop_embedded,
)
from pipelines.warehouse.migrations import migrate
from pipelines.warehouse.outbox import ClaimedMail, QueuedMail, claim_mail, count_mail, queue_mail
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
    "PublicationRecord",
    "QueuedMail",
    "TimingRecord",
    "claim_mail",
    "connect",
    "count_mail",
    "database_url",
    "ensure_database",
    "migrate",
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
