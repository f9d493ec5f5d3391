"""Why a decision, or a question about one, is refused. No message carries a record's key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import BaselibError, QualityGateFailed
from pipelines.identity.review.accuracy import Accuracy
from pipelines.identity.review.decisions import Decision


class DecisionRefused(BaselibError):
    """A decision cannot be taken into the ledger as it stands."""

    kind = "malformed"


def one_line(decision: Decision) -> str:
    """A decision in one line: number, verdict, who, when, which question, how to revoke it."""
    return (
        f"#{decision.id} {decision.verdict} by {decision.by} on {decision.at:%Y-%m-%d %H:%M} "
        f"({decision.question}, act {decision.act}): {decision.reason}"
    )


@dataclass
class UnknownQuestion(DecisionRefused):
    """No library asks a question of this name, nor has any been answered."""

    question: str

    def __str__(self) -> str:
        return (
            f"{self.question}: no such question today. Take its name from `baselib identity queue`;"
            " a question goes when its records do, or when they are no longer near each other."
        )


@dataclass
class UnknownSubject(DecisionRefused):
    """Neither an entity id nor a record that is in the ledger."""

    subject: str

    def __str__(self) -> str:
        return (
            f"{self.subject} is not in the identity ledger. Give an entity id, a question, or "
            "SOURCE:KEY of a record that the last run resolved."
        )


@dataclass
class UnknownAct(DecisionRefused):
    """Nothing in force bears this act."""

    act: str

    def __str__(self) -> str:
        return (
            f"{self.act}: no decision that is still in force was made by this act. "
            "`baselib identity explain` names the act of every decision."
        )


@dataclass
class DecisionContradicts(DecisionRefused):
    """Earlier decisions say the opposite, directly or by inference."""

    question: str
    verdict: str
    chain: Sequence[Decision]

    kind = "contradictory"

    def __str__(self) -> str:
        lines = "\n".join(f"  {one_line(each)}" for each in self.chain)
        return (
            f"{self.question}: {self.verdict!r} contradicts what was decided:\n{lines}\n"
            "One of them is wrong. Revoke that one (`baselib identity revoke ACT`), or leave this "
            "question as it is."
        )


@dataclass
class AlreadyDecided(DecisionRefused):
    """The question has an answer that is in force."""

    question: str
    decision: Decision

    kind = "already decided"

    def __str__(self) -> str:
        return (
            f"{self.question}: already decided: {one_line(self.decision)}. "
            "Revoke that first, or give a second opinion."
        )


@dataclass
class OpinionRefused(DecisionRefused):
    """A second opinion needs a first one, by somebody else."""

    question: str
    problem: str

    def __str__(self) -> str:
        return f"{self.question}: no second opinion can be given: {self.problem}."


@dataclass
class RecordsChanged(DecisionRefused):
    """The records are not what the steward saw."""

    question: str

    kind = "stale"

    def __str__(self) -> str:
        return (
            f"{self.question}: its records have changed or gone since the sheet was written. "
            "Export the questions again and look at the new values."
        )


@dataclass
class RowRefused(DecisionRefused):
    """A row of a sheet cannot be read as a decision."""

    question: str
    problem: str

    def __str__(self) -> str:
        return f"{self.question or 'row'}: {self.problem}"


@dataclass
class RegroupingRefused(DecisionRefused):
    """Records cannot be taken out of, or put into, an entity as asked."""

    entity_id: str
    problem: str

    def __str__(self) -> str:
        return f"{self.entity_id}: {self.problem}"


@dataclass
class SheetUnreadable(DecisionRefused):
    """A file is not a sheet of questions."""

    file: Path
    problem: str

    def __str__(self) -> str:
        return (
            f"{self.file.name}: {self.problem} Give the workbook that `baselib identity export` "
            "wrote, with its columns in place."
        )


@dataclass
class AccuracyNotProven(QualityGateFailed):
    """The audited pairs do not prove the accuracy that the library demands of a publication."""

    measured: Accuracy
    short: Mapping[str, tuple[float, float]]  # name -> bound and what is demanded

    def __str__(self) -> str:
        lines = "\n".join(
            f"  {name} is at least {bound:.4%} ({self.measured.confidence:.0%} confidence), "
            f"demanded are {wanted:.4%}"
            for name, (bound, wanted) in self.short.items()
        )
        return (
            f"{self.subject}: its accuracy is not proven, so nothing of it is published:\n{lines}\n"
            f"{self.measured.sampled} pairs were audited; see quality.identity_accuracy. Audit "
            "more (`baselib identity export LIBRARY --to FILE --audit N`), mend what the audit "
            "found, or lower `accuracy` in the library's declaration."
        )
