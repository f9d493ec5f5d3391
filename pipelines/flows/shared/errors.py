"""Why a publication, an approval or a verification was refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import BaselibError, GateClosed


@dataclass
class IdBudgetExceeded(GateClosed):
    """A run would change more published ids, or lose more records, than its budget allows.

    ``changes``: one line per kind and rule. ``losses``: one line per source over its budget.
    """

    subject: str
    library: str
    run: str
    changed: int
    published: int
    budget: float
    changes: Sequence[str]
    losses: Sequence[str]

    def __str__(self) -> str:
        share = self.changed / self.published if self.published else 0.0
        head = (
            f"{self.subject}: {self.changed:,} of {self.published:,} published ids would change "
            f"({share:.2%}; the budget is {self.budget:.2%}), so nothing of it is published:"
        )
        lines = "\n".join(f"  {line}" for line in (*self.changes, *self.losses))
        return (
            f"{head}\n{lines}\nIf the data is wrong, ask the owner for a complete delivery; if a "
            f"rule is, correct the declaration (baselib identity compare {self.library} shows "
            f"examples). If it is right, baselib identity approve {self.run} --by NAME --reason "
            "WHY lets this run pass; then run it again."
        )


@dataclass
class NothingToApprove(BaselibError):
    """No comparison of this run is over its budget."""

    run: str

    def __str__(self) -> str:
        return (
            f"No library was stopped for its ids in run {self.run!r}. `baselib status` shows the "
            "runs and what they would change; approve a run after it was stopped."
        )


@dataclass
class NeverPublished(BaselibError):
    """There is no publication to verify."""

    run: str | None

    def __str__(self) -> str:
        what = (
            "Nothing was published" if self.run is None else f"Run {self.run!r} published nothing"
        )
        return f"{what}. `baselib status` shows the last publication of each library."


@dataclass
class ReplayDiffers(GateClosed):
    """A replay from raw did not come to what was published."""

    library: str
    run: str
    table: str
    where: str
    same_rules: bool

    def __str__(self) -> str:
        why = (
            "Declaration, model and code are the same: this is a defect of baselib, or a table of "
            "the lake was edited; report it with this message."
            if self.same_rules
            else "The declaration, the model or the code has changed since that run, which may be "
            "why: verify with the version that made it."
        )
        return (
            f"{self.library}, run {self.run}: the replay differs from what was published. First "
            f"difference in {self.table}: {self.where}. {why}"
        )
