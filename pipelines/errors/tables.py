"""Tables and databases, and the gates before publication."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors.root import BaselibError


@dataclass
class TableMissing(BaselibError):
    """A lake table, or a batch of it, has not been written yet."""

    table: str
    batch: str | None
    remedy: str = "Run the earlier stage first."

    def __str__(self) -> str:
        where = self.table if self.batch is None else f"{self.table}, batch {self.batch}"
        return f"{where} does not exist. {self.remedy}"


@dataclass
class MadeByAnotherRun(BaselibError):
    """A verb was asked to go on from what another run has made since."""

    subject: str
    run: str
    table: str
    owner: str | None

    def __str__(self) -> str:
        made = f"by run {self.owner}" if self.owner else "by a run that left no name"
        return (
            f"{self.subject}, run {self.run}: {self.table} was made {made}, not by this run, so "
            "nothing was checked, compared or published. If the other run is the newer one, this "
            "one is overtaken, and nothing has to be done. Otherwise begin this run again at "
            "resolve: in Airflow clear its task resolve with all that follow; on the command line "
            "repeat `baselib run` with its batch."
        )


@dataclass
class CountsDisagree(BaselibError):
    """Rows were lost or made up between two layers; the run stops rather than publish."""

    source: str
    batch: str
    landed: int
    staged: int
    superseded: int
    quarantined: int

    def __str__(self) -> str:
        kept = self.staged + self.superseded + self.quarantined
        return (
            f"{self.source}, batch {self.batch}: {self.landed} rows landed, but {self.staged} "
            f"staged + {self.superseded} superseded + {self.quarantined} quarantined = {kept}. "
            "This is a defect of baselib: report it with the batch id; nothing was published."
        )


@dataclass
class ColumnTypeChanged(BaselibError):
    """A lake table holds a column with one type, and is given another that does not fit."""

    table: str
    problem: str

    def __str__(self) -> str:
        return (
            f"{self.table} cannot take these columns: {self.problem} If the data element of the "
            "column was changed on purpose, stage every batch of the source again."
        )


class GateClosed(BaselibError):
    """A gate before publication is closed; what was published before stays in place."""


@dataclass
class QualityGateFailed(GateClosed):
    """A critical expectation failed; what was published before stays in place."""

    subject: str
    failed: Sequence[str]

    def __str__(self) -> str:
        lines = "\n".join(f"  {name}" for name in self.failed)
        return (
            f"{self.subject}: {len(self.failed)} critical expectation(s) failed, so nothing of it "
            f"is published:\n{lines}\nSee quality.expectation_result; repair the source, or change "
            "the suite under expectations/ if the policy is wrong."
        )


@dataclass
class DatabaseUnavailable(BaselibError):
    """PostgreSQL cannot be reached or started."""

    where: str
    problem: str

    def __str__(self) -> str:
        return (
            f"No connection to PostgreSQL at {self.where}: {self.problem}. Check "
            "BASELIB_DATABASE_URL, or unset it to use the embedded server."
        )


@dataclass
class DatabaseBusy(BaselibError):
    """Tables or views could not be altered, since somebody reads them without an end."""

    what: str

    def __str__(self) -> str:
        return (
            f"{self.what}: somebody held a lock on what is to be altered, for more than a minute. "
            "Nothing was changed. End that session (see pg_stat_activity, column xact_start) and "
            "repeat the command."
        )


@dataclass
class DatabaseOutdated(BaselibError):
    """The database was made by another version of baselib, or by none yet."""

    def __str__(self) -> str:
        return (
            "The database lacks a table or column that this version needs. "
            "Run `baselib db upgrade`, then this command again: what it has done stays, and is "
            "not done twice."
        )


@dataclass
class PublicationFailed(BaselibError):
    """PostgreSQL did not take a publication; the last one is still what readers see."""

    library: str
    problem: str

    def __str__(self) -> str:
        return (
            f"{self.library} was not published, and readers still see the last publication: "
            f"{self.problem}. Put that right and run publish again; nothing has to be undone."
        )
