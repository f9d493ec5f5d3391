"""What each verb answers: counts and ids only, fit for a log line or an XCom."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.quality.outcome import ExpectationOutcome


@dataclass(frozen=True)
class LandResult:
    """Rows of ``raw.<source>`` for one batch; ``changed`` is False for a repeated batch.

    ``unchanged``: the batch says what the last one said, and all that follows from it is known.
    Then ``equal_to`` is the batch whose rows stand for it, None if they are its own.
    """

    source: str
    batch: str
    rows: int
    defective: int
    changed: bool
    unchanged: bool = False
    equal_to: str | None = None


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
    missing: int  # whose record is no longer delivered: they stay open
    not_fixed: int
    retired: int  # entries of the correction ledger that the source has overtaken
    still_open: int
    found_by_library: int = 0  # issues that a comparison opened, closed or reopened

    @property
    def has_news(self) -> bool:
        """Whether an owner who knew of everything before has something to hear."""
        return any((self.opened, self.reopened, self.fixed, self.not_fixed, self.found_by_library))


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
class LibraryUnchanged:
    """A run that would come to what the last one came to; ``goes_on`` are the verbs still due."""

    library: str
    run: str
    goes_on: Sequence[str] = ()
    unchanged: bool = True


@dataclass(frozen=True)
class MergeResult:
    """Golden records and crosswalk rows that wait for their check."""

    library: str
    run: str
    entities: int
    records: int


@dataclass(frozen=True)
class PublishResult:
    """What downstream systems read from now on; ``changed`` is False if they see no difference.

    ``without_sources`` failed, were stopped or never came, ``late_sources`` are overdue: what they
    delivered before is in it, if anything.
    """

    library: str
    run: str
    entities: int
    snapshot_id: int
    changed: bool
    without_sources: Sequence[str] = ()
    late_sources: Sequence[str] = ()


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
class LibraryReportResult:
    """Batches of a library's sources that were reported, and how many messages wait for it."""

    library: str
    run: str
    batches: int
    messages: int


@dataclass(frozen=True)
class DigestResult:
    """Digests that were due on a day, and how many messages wait because of it."""

    day: str
    messages: int


@dataclass(frozen=True)
class ReminderResult:
    """Sources that are late on a day, and how many messages wait because of it."""

    day: str
    late: int
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
    """What is gone: files of the outbox, older than need be; of the lake, snapshots superseded
    long ago and files of no snapshot."""

    deleted: int
    orphans: int = 0
    expired: int = 0


@dataclass(frozen=True)
class ExpiryResult:
    """Source to rows that were dropped because their contract lets us keep them no longer."""

    dropped: Mapping[str, int]


def count_failures(outcomes: Sequence[ExpectationOutcome]) -> dict[str, int]:
    """Failed expectations by severity, every severity present."""
    failed = Counter(outcome.severity for outcome in outcomes if not outcome.success)
    return {severity: failed[severity] for severity in ("critical", "warning", "info")}
