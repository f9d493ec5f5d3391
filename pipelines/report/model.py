"""The report's content as plain values; rendering adds nothing but words and layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.contracts import Source
from pipelines.standards.rules import Rule, load_rules

SEVERITY_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Example:
    """One place where a rule was broken; ``value`` is masked already."""

    file: str
    line: int
    value: str | None


@dataclass(frozen=True)
class FindingGroup:
    """All rows of a batch that break one rule in one column."""

    column_title: str  # the department's own column name; "" for the row as a whole
    rule: Rule
    rows: int
    share: float  # of the landed rows
    examples: Sequence[Example]


@dataclass(frozen=True)
class FailedExpectation:
    """A policy that the batch did not keep."""

    note: str
    severity: str
    observed: str


@dataclass(frozen=True)
class Counts:
    """Where every landed row went: ``landed = staged + superseded + quarantined``."""

    landed: int
    staged: int
    superseded: int
    quarantined: int


@dataclass(frozen=True)
class QualityReport:
    """What one data owner learns about one batch of one source."""

    source: Source
    batch: str
    counts: Counts
    groups: Sequence[FindingGroup]
    failed: Sequence[FailedExpectation]
    remarks: Sequence[str]

    @property
    def blocked(self) -> bool:
        """Whether a critical expectation keeps this batch out of the base library."""
        return any(expectation.severity == "critical" for expectation in self.failed)


def group_findings(
    source: Source,
    counts: Counts,
    found: Sequence[tuple[str | None, str, int]],
    shown: Mapping[tuple[str | None, str], Sequence[Example]],
) -> Sequence[FindingGroup]:
    """Order findings by what the owner should repair first: errors, then the most frequent.

    Args:
        source: The contract, for the department's own column names.
        counts: Of the same batch.
        found: ``(column, rule, rows)``; column None is a reason that concerns the whole row.
        shown: Masked examples by ``(column, rule)``.
    """
    rules = load_rules()
    theirs = {column.name: column.physical_name for column in source.columns}
    groups = [
        FindingGroup(
            column_title=theirs.get(column, column) if column else "",
            rule=rules[rule],
            rows=rows,
            share=rows / counts.landed if counts.landed else 0.0,
            examples=tuple(shown.get((column, rule), ())),
        )
        for column, rule, rows in found
    ]
    return sorted(
        groups,
        key=lambda g: (SEVERITY_ORDER[g.rule.severity], -g.rows, g.column_title, g.rule.code),
    )
