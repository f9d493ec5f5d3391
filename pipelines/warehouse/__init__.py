"""The warehouse (PostgreSQL): the published libraries, and the results of runs.

Rooms: ``server`` (where PostgreSQL is), ``base`` (published tables and views), ``quality`` (results
of runs), ``people`` (what people decide and correct). Imports declarations, ``engines`` and pure
rooms. ``base.publish`` is imported by its own name, since it loads DuckDB and ADBC.
"""

from pipelines.warehouse.migrations import migrate
from pipelines.warehouse.quality.outbox import (
    Attempt,
    ClaimedMail,
    NewMail,
    QueuedMail,
    Told,
    claim_mail,
    count_mail,
    has_mail,
    queue_mail,
    read_mail,
    read_told,
    reported_batches,
    settle_mail,
)
from pipelines.warehouse.quality.runs import (
    BatchRecord,
    FindingCount,
    FindingRecord,
    PublicationRecord,
    TimingRecord,
    read_batches,
    read_expectations,
    read_findings,
    read_passed_over_batches,
    read_publications,
    read_stopped_batches,
    read_timings,
    record_batch,
    record_expectations,
    record_findings,
    record_timing,
)
from pipelines.warehouse.server.database import (
    connect,
    database_url,
    ensure_database,
    sqlalchemy_url,
    stop_embedded,
)

__all__ = [
    "Attempt",
    "BatchRecord",
    "ClaimedMail",
    "FindingCount",
    "FindingRecord",
    "NewMail",
    "PublicationRecord",
    "QueuedMail",
    "TimingRecord",
    "Told",
    "claim_mail",
    "connect",
    "count_mail",
    "database_url",
    "ensure_database",
    "has_mail",
    "migrate",
    "queue_mail",
    "read_batches",
    "read_expectations",
    "read_findings",
    "read_mail",
    "read_passed_over_batches",
    "read_publications",
    "read_stopped_batches",
    "read_timings",
    "read_told",
    "record_batch",
    "record_expectations",
    "record_findings",
    "record_timing",
    "reported_batches",
    "settle_mail",
    "sqlalchemy_url",
    "stop_embedded",
]
