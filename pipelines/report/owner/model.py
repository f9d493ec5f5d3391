"""The content of a quality report as plain values; rendering adds words and layout only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pipelines.contracts.source import Owner, Period, Source
from pipelines.libraries import load_libraries, rules_of_library
from pipelines.quality.discrepancy import DISAGREES
from pipelines.report.owner.figures import OwnerFigures
from pipelines.report.owner.patterns import Patterns
from pipelines.report.owner.standing import Standing
from pipelines.report.titles import column_title, repair_text
from pipelines.standards.rules import HARMS, Harm, Language, Rule

MOST_GROUPS = 8  # described in full; the others get one line each, all rows are attached
MOST_CHANGES = 3
# A share of rows that moves by less than this is noise, not news.
LEAST_CHANGE = 0.001

FindingKey = tuple[str | None, str]  # column and rule; column None concerns the whole row


@dataclass(frozen=True)
class Example:
    """One place where a rule was broken; the values are masked already."""

    place: str  # file and line, or the record's key
    value: str | None
    other: str = ""  # who says something else
    other_value: str | None = None
    differ: str = ""  # how both values differ, where masks hide it

    @property
    def is_hidden(self) -> bool:
        """Whether the mask leaves nothing of the own value, so that only the difference tells."""
        return bool(self.value) and not (self.value or "").strip("*")

    @property
    def other_hidden(self) -> bool:
        """Whether the mask leaves nothing of the other value."""
        return bool(self.other_value) and not (self.other_value or "").strip("*")


@dataclass(frozen=True)
class Impact:
    """How many rows break one rule in one column, and how many entities that affects."""

    column: str | None
    rule: str
    rows: int
    entities: int
    between: bool = False  # found by comparison with another department
    earlier: int = 0  # rows that this batch did not deliver: a delta's comparison is with all


@dataclass(frozen=True)
class FindingGroup:
    """All rows of a batch that break one rule in one column."""

    column_title: str  # "" for the row as a whole
    rule: Rule
    repair: str
    rows: int
    share: float  # of the landed rows
    entities: int
    examples: Sequence[Example]
    before: float | None = None  # share in the batch before; None if it is not known
    between: bool = False
    harm: Harm = "unusable"
    earlier: int = 0  # rows of earlier batches, which are no share of this one

    @property
    def disagrees(self) -> bool:
        """Whether somebody else has another value of the same, and no fact that contradicts it."""
        return self.rule.code == DISAGREES


@dataclass(frozen=True)
class FailedExpectation:
    """A requirement that the batch did not meet: what is wrong, and what it claims (``note``)."""

    note: str
    severity: str
    breaches: Sequence[str]


@dataclass(frozen=True)
class Counts:
    """Where every landed row went: ``landed = staged + superseded + quarantined``."""

    landed: int
    staged: int
    superseded: int
    quarantined: int


@dataclass(frozen=True)
class Dimension:
    """One of the six dimensions of GB/T 36344; ``score`` None where nothing could be measured."""

    name: str
    score: float | None
    before: float | None = None
    number: str = ""


@dataclass(frozen=True)
class Score:
    """Score (0 to 100) and grade of a batch, with those of the batches before, oldest first.

    ``before`` is what it is compared with: the last score that the owner was told.
    """

    value: float
    grade: str
    history: Sequence[tuple[str, float]] = ()  # batch and score, this batch last
    dimensions: Sequence[Dimension] = ()
    before: float | None = None


@dataclass(frozen=True)
class Repairs:
    """What became of this source's issues since the batch before, and how many are open."""

    fixed: int
    confirmed: int
    returned: int  # were fixed once, and are there again
    new: int
    still_open: int
    overdue: int
    due: date | None = None  # the earliest date by which an open issue must be answered
    missing: int = 0  # their records are no longer delivered; that is no repair
    last_event: int | None = None  # until which these figures count


@dataclass(frozen=True)
class AttachedFile:
    """One file of the report; ``mail`` is which of its mails carries it."""

    name: str
    rows: int
    mail: int


@dataclass(frozen=True)
class SourceReport:
    """The content of a report about one batch of one source."""

    source: Source
    batch: str
    counts: Counts
    groups: Sequence[FindingGroup]
    failed: Sequence[FailedExpectation]
    remarks: Sequence[str]
    history: Sequence[tuple[str, float]] = ()  # batch and share of faulty rows, this batch last
    score: Score | None = None
    repairs: Repairs | None = None
    months: Sequence[tuple[date, OwnerFigures]] = ()  # the last one is not over yet
    affected_entities: int = 0  # entities with at least one problem
    listed: int = 0  # rows of the attached sheets
    shared: int = 0  # wrong values that rows share, each to be answered at once
    locked: bool = False  # the workbook opens with a password
    files: Sequence[str] = ()  # as they were delivered
    patterns: Patterns = field(default_factory=Patterns)
    standing: Sequence[Standing] = ()  # corrections that the source does not deliver yet
    against: str = ""  # the batch that this one is compared with
    against_told: bool = False  # its owner was told of that one, and of none since

    @property
    def blocked(self) -> bool:
        """Whether a critical expectation keeps this batch out of the base library."""
        return any(expectation.severity == "critical" for expectation in self.failed)

    @property
    def asks_for_work(self) -> bool:
        """Whether the owner has something to do: repair, answer, or deliver again."""
        still_open = self.repairs.still_open if self.repairs else 0
        return self.blocked or bool(self.problems) or bool(still_open)

    @property
    def problems(self) -> int:
        """Rows × findings that the owner has to look at."""
        return sum(group.rows for group in self.groups)

    @property
    def standing_values(self) -> int:
        """How many values are used as corrected, and not corrected in the owner's system yet."""
        return sum(each.values for each in self.standing)

    @property
    def differing(self) -> int:
        """Those of the problems that were found by comparison with other departments."""
        return sum(group.rows for group in self.between)

    @property
    def own(self) -> Sequence[FindingGroup]:
        """Findings in the data themselves."""
        return [group for group in self.groups if group.rows and not group.between]

    @property
    def between(self) -> Sequence[FindingGroup]:
        """Where the data and another department's disagree."""
        return [group for group in self.groups if group.between]

    @property
    def top(self) -> Sequence[FindingGroup]:
        """The findings that are described in full."""
        return self.own[:MOST_GROUPS]

    @property
    def others(self) -> Sequence[FindingGroup]:
        """The findings that get one line each."""
        return self.own[MOST_GROUPS:]

    @property
    def worse(self) -> Sequence[FindingGroup]:
        """Findings that became more frequent, the largest rise first."""
        risen = [group for group in self.groups if _rise(group) > LEAST_CHANGE]
        return sorted(risen, key=_rise, reverse=True)[:MOST_CHANGES]

    @property
    def better(self) -> Sequence[FindingGroup]:
        """Findings that became rarer, the largest fall first."""
        fallen = [group for group in self.groups if _rise(group) < -LEAST_CHANGE]
        return sorted(fallen, key=_rise)[:MOST_CHANGES]


@dataclass(frozen=True)
class Report:
    """One message: what one owner learns about one batch, or about a period."""

    owner: Owner
    sources: Sequence[SourceReport]
    period: Period = "batch"
    since: date | None = None  # of a digest
    until: date | None = None
    language: Language = "zh"
    contact: str = ""
    files: Sequence[AttachedFile] = ()
    mails: int = 1
    waiting: Sequence[Source] = field(default=())  # of whom nothing came in the period

    @property
    def problems(self) -> int:
        """Of all sources."""
        return sum(each.problems for each in self.sources)

    @property
    def asks_for_work(self) -> bool:
        """Whether its reader has something to do; one who has not is asked for nothing."""
        return any(each.asks_for_work for each in self.sources)


def group_findings(
    source: Source,
    counts: Counts,
    found: Sequence[Impact],
    shown: Mapping[FindingKey, Sequence[Example]],
    before: Mapping[FindingKey, float] | None = None,
) -> Sequence[FindingGroup]:
    """Order findings by what the owner should repair first.

    Records that are lost or may be taken for somebody else, then values that cannot be used, then
    doubtful ones, last what was converted by itself; of equal harm what affects most entities.

    Args:
        source: The contract, for the department's own column names.
        counts: Of the same batch.
        found: What was found, by column and rule.
        shown: Masked examples.
        before: Share of rows in the batch before; what is not in it was 0. None: no such batch.

    Returns:
        Also those that are gone since the batch before, with 0 rows, at the end.
    """
    here = [_group(source, counts, impact, shown, before) for impact in found]
    present = {(impact.column, impact.rule) for impact in found}
    gone = [
        _group(source, counts, Impact(column, rule, 0, 0), {}, before)
        for column, rule in (before or {})
        if (column, rule) not in present
    ]
    return sorted([*here, *gone], key=_urgency)


def _group(
    source: Source,
    counts: Counts,
    impact: Impact,
    shown: Mapping[FindingKey, Sequence[Example]],
    before: Mapping[FindingKey, float] | None,
) -> FindingGroup:
    key = (impact.column, impact.rule)
    return FindingGroup(
        column_title=column_title(source, impact.column),
        rule=rules_of_library(source.library)[impact.rule],
        repair=repair_text(rules_of_library(source.library)[impact.rule], impact.column, source),
        rows=impact.rows,
        share=(impact.rows - impact.earlier) / counts.landed if counts.landed else 0.0,
        entities=impact.entities,
        examples=tuple(shown.get(key, ())),
        before=None if before is None or impact.between else before.get(key, 0.0),
        between=impact.between,
        harm=_harm(source, impact),
        earlier=impact.earlier,
    )


def _harm(source: Source, impact: Impact) -> Harm:
    """What a finding does to its records: with an unusable number one may be taken for another."""
    worst = rules_of_library(source.library)[impact.rule].worst
    library = load_libraries().get(source.library)
    numbers = (library.identity.strong,) if library else ()
    return "mistaken" if worst == "unusable" and impact.column in numbers else worst


def _urgency(group: FindingGroup) -> tuple[bool, int, int, int, str, str]:
    harm = HARMS.index(group.harm)
    return (not group.rows, harm, -group.entities, -group.rows, group.column_title, group.rule.code)


def _rise(group: FindingGroup) -> float:
    return 0.0 if group.before is None else group.share - group.before
