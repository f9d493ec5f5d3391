"""Why a publication, an approval or a verification was refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import BaselibError, GateClosed


@dataclass
class IdBudgetExceeded(GateClosed):
    """A run would change more published ids, or lose more records, than its budget allows.

    ``changes``: one line per kind and rule. ``losses``: one line per source over its budget.
    ``readers``: one line per consumer that has read ids which would change.
    """

    subject: str
    library: str
    run: str
    changed: int
    published: int
    budget: float
    changes: Sequence[str]
    losses: Sequence[str]
    readers: Sequence[str] = ()
    is_held: bool = False  # the last publication was rolled back: whatever comes next is asked

    def __str__(self) -> str:
        share = self.changed / self.published if self.published else 0.0
        head = (
            f"{self.subject}: {self.changed:,} of {self.published:,} published ids would change "
            f"({share:.2%}; the budget is {self.budget:.2%}), so nothing of it is published:"
        )
        if self.is_held:
            head = f"The last publication was rolled back, so a person has to look. {head}"
        lines = "\n".join(f"  {line}" for line in (*self.changes, *self.losses, *self.readers))
        return (
            f"{head}\n{lines}\nIf the data is wrong, ask the owner for a complete delivery; if a "
            f"rule is, correct the declaration (baselib identity compare {self.library} shows "
            f"examples). If it is right, baselib identity approve {self.run} --by NAME --reason "
            "WHY lets this run pass; then run it again."
        )


@dataclass
class AuthorityMissing(GateClosed):
    """A library would be published without whoever is believed about its identifying element."""

    subject: str
    run: str
    column: str
    departments: Sequence[str]
    sources: Sequence[str]  # theirs, each with what is the matter with it

    def __str__(self) -> str:
        named = ", ".join(self.departments)
        lines = "".join(f"\n  {line}" for line in self.sources)
        return (
            f"{self.subject}, run {self.run}: nothing of it is published, since the authority for "
            f"{self.column} is missing: {named}.{lines or ' No contract of it delivers that.'}\n"
            "Ingest a usable batch of it, then run this again; publication.needs in the "
            "library's YAML says without whom it may be published."
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
class AnotherCandidate(GateClosed):
    """Somebody approved a result that is not the last one."""

    subject: str
    run: str

    def __str__(self) -> str:
        return (
            f"{self.subject}: what was shown of run {self.run} is not its last result any more, so "
            "nothing was approved. Look at the publications' page again and answer there, then "
            "run it again."
        )


@dataclass
class NotApproved(GateClosed):
    """A run asked people, and nobody let it pass."""

    subject: str
    run: str
    why: str

    def __str__(self) -> str:
        return (
            f"{self.subject}, run {self.run}, was not approved: {self.why}. What was published "
            "before stays. The next run asks again; to publish this one, approve it on the "
            "publications' page and clear its task `approve`."
        )


@dataclass
class NothingToRestore(BaselibError):
    """A roll back names a run that published nothing, or what is published already."""

    library: str
    run: str
    runs: Sequence[str]  # that can be restored, the newest first

    def __str__(self) -> str:
        known = ", ".join(self.runs[:10]) or "none"
        return (
            f"{self.library}: run {self.run!r} has no earlier publication to go back to. There are "
            f"those of: {known}."
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
