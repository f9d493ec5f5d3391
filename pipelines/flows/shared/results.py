"""What each verb answers: counts and ids only, fit for a log line or an XCom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.quality.outcome import ExpectationOutcome


@dataclass(frozen=True)
class LandResult:
    """Rows of ``raw.<source>`` for one batch; ``changed`` is False for a repeated batch."""

    source: str
    batch: str
    rows: int
    defective: int
    changed: bool


@dataclass(frozen=True)
class StageResult:
    """``landed = staged + superseded + quarantined``, or the verb has raised."""

    source: str
    batch: str
    landed: int
    staged: int
    superseded: int
    quarantined: int
    findings: int


@dataclass(frozen=True)
class CheckResult:
    """How many expectations ran, and how many of each severity failed."""

    subject: str
    run: str
    expectations: int
    critical: int
    warning: int
    info: int


@dataclass(frozen=True)
class ScoreResult:
    """Score of 100 and grade of a batch or a run; no score where there was nothing to judge."""

    subject: str
    run: str
    score: float | None
    grade: str


@dataclass(frozen=True)
class TrackResult:
    """What a batch did to the issues of its source, and how many are left."""

    source: str
    batch: str
    opened: int
    reopened: int
    fixed: int
    not_fixed: int
    retired: int  # entries of the correction ledger that the source has overtaken
    still_open: int


@dataclass(frozen=True)
class ResolveResult:
    """Records seen, entities they describe, and what happened to entity ids in this run."""

    library: str
    run: str
    records: int
    entities: int
    created: int
    absorbed: int
    merged: int
    split: int
    retired: int
    restored: int


@dataclass(frozen=True)
class MergeResult:
    """Golden records and crosswalk rows that wait for their check."""

    library: str
    run: str
    entities: int
    records: int


@dataclass(frozen=True)
class PublishResult:
    """What downstream systems read from now on; ``changed`` is False if they see no difference."""

    library: str
    run: str
    entities: int
    snapshot_id: int
    changed: bool


@dataclass(frozen=True)
class CompareResult:
    """Findings about a library as a whole, by rule; ``compared`` values were held side by side."""

    library: str
    run: str
    compared: int
    findings: Mapping[str, int]


@dataclass(frozen=True)
class ReportResult:
    """The report of one batch: how many bad rows it lists and how many messages wait for it."""

    source: str
    batch: str
    bad_rows: int
    messages: int


@dataclass(frozen=True)
class DigestResult:
    """Digests that were due on a day, and how many messages wait because of it."""

    day: str
    messages: int


@dataclass(frozen=True)
class DeliveryResult:
    """The outbox after an attempt to deliver."""

    sent: int
    pending: int
    failed: int
    doubtful: int


@dataclass(frozen=True)
class TidyResult:
    """Files that are gone: of the outbox, older than need be; of the lake, in no snapshot."""

    deleted: int
    orphans: int = 0


def count_failures(outcomes: Sequence[ExpectationOutcome]) -> dict[str, int]:
    """Failed expectations by severity, every severity present."""
    failed = Counter(outcome.severity for outcome in outcomes if not outcome.success)
    return {severity: failed[severity] for severity in ("critical", "warning", "info")}
