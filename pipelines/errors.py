"""Every error that baselib raises on purpose, under one root.

A class name is a statement of what is wrong. Constructors store facts and do nothing else; the
message always ends with the remedy. No message ever carries a value out of a department's data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class BaselibError(Exception):
    """The root: something that a person can put right, said so that he can."""


@dataclass
class SettingRefused(BaselibError):
    """A setting has a value that cannot work."""

    name: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name}={self.value!r} is not usable. {self.remedy}"


@dataclass(frozen=True)
class ContractFault:
    """One thing that is wrong in one declaration: where, what, and how to mend it."""

    file: Path
    field: str
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field} = {self.value!r}: {self.problem} {self.remedy}"


@dataclass
class ContractsRefused(BaselibError):
    """One or more source contracts cannot be used; all faults of all files at once."""

    faults: Sequence[ContractFault]

    def __str__(self) -> str:
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        return f"{len(self.faults)} fault(s) in the source contracts:\n{lines}"


@dataclass
class DeclarationRefused(BaselibError):
    """A data element, rule or library declaration contradicts itself or another one."""

    file: Path
    field: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.field}: {self.problem} {self.remedy}"


@dataclass
class UnknownSource(BaselibError):
    """A source was named that no contract declares."""

    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        return (
            f"No contract declares the source {self.name!r}. "
            f"Known: {', '.join(self.known) or 'none'}. "
            "Check the spelling, or name the folder that holds the contract with --sources DIR."
        )


@dataclass
class UnknownLibrary(BaselibError):
    """A library was named that no declaration describes."""

    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        return f"No library is called {self.name!r}. Known: {', '.join(self.known)}."


@dataclass
class BadBatchId(BaselibError):
    """A batch id must start with the date of the data, YYYYMMDD."""

    batch: str

    def __str__(self) -> str:
        return (
            f"{self.batch!r} is not a batch id. Write the date of the data, for example 20260630, "
            "or 20260630-2 for a second delivery of that day."
        )


@dataclass
class DeliveryMissing(BaselibError):
    """The department's delivery for a batch is not where the contract says."""

    source: str
    batch: str
    expected: str

    def __str__(self) -> str:
        return (
            f"{self.source}: nothing delivered for batch {self.batch}; expected {self.expected}. "
            "Ask the data owner to deliver, or correct servers[0] in the contract."
        )


@dataclass
class UnreadableDelivery(BaselibError):
    """A delivery as a whole cannot be read (wrong encoding, damaged archive, no table)."""

    source: str
    file: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.source}: {self.file}: {self.problem} {self.remedy}"


@dataclass
class MissingColumn(BaselibError):
    """The contract maps a column that the delivery does not have."""

    source: str
    file: str
    columns: Sequence[str]
    found: Sequence[str]

    def __str__(self) -> str:
        return (
            f"{self.source}: {self.file} lacks the mapped column(s) {', '.join(self.columns)}; "
            f"it has {', '.join(self.found)}. If the department renamed a column, change its "
            "physicalName in the contract; otherwise ask for a complete delivery."
        )


@dataclass
class BatchChanged(BaselibError):
    """A batch that was landed before is delivered again with other content."""

    source: str
    batch: str

    def __str__(self) -> str:
        return (
            f"{self.source}: batch {self.batch} was landed before with other content, and raw is "
            f"append-only. Land the new delivery under a batch id of its own, e.g. {self.batch}-2."
        )


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
class DatabaseOutdated(BaselibError):
    """The database was made by another version of baselib, or by none yet."""

    def __str__(self) -> str:
        return (
            "The database lacks a table or column that this version needs. Nothing was changed. "
            "Run `baselib db upgrade`, then this command again."
        )


@dataclass
class ComponentsDoNotSettle(BaselibError):
    """Grouping of linked records did not come to an end."""

    rounds: int

    def __str__(self) -> str:
        return (
            f"Labels of linked records still change after {self.rounds} rounds. This is a defect "
            "of baselib: report it with the library's name; nothing was published."
        )


@dataclass
class NothingToTrain(BaselibError):
    """A model was asked for where nothing is compared by score."""

    library: str
    entities: list[str]

    def __str__(self) -> str:
        return (
            f"Records of {self.library} are matched by rules alone; a score is trained for "
            f"{', '.join(self.entities)}. Name the library of one of these."
        )


@dataclass
class EntityIdCollision(BaselibError):
    """Two entities were about to get one id."""

    entity: str
    count: int

    def __str__(self) -> str:
        return (
            f"{self.count} id(s) of {self.entity} would be given twice. Check that every "
            "(source, source_key) occurs once among the staged records and that the ledger "
            f"identity.{self.entity}_record was not edited; nothing was published."
        )


@dataclass
class EntityTooLarge(BaselibError):
    """One entity swallowed more records than any real one can have."""

    entity: str
    entity_id: str
    records: int
    limit: int

    def __str__(self) -> str:
        return (
            f"{self.entity} {self.entity_id} has {self.records} records, more than {self.limit}. "
            "A value that many records share is taken for an identifier: find it with "
            f"identity.{self.entity}_record and make its parser refuse it as a placeholder."
        )


@dataclass
class AirflowFailed(BaselibError):
    """Airflow did not start, did not answer, or refused a request."""

    doing: str
    problem: str
    remedy: str = "See the logs under logs/airflow in the home folder, then repeat the command."

    def __str__(self) -> str:
        return f"Airflow, {self.doing}: {self.problem}. {self.remedy}"


@dataclass
class DemoBatchTooEarly(BaselibError):
    """The demo city was asked for a delivery from before its first one."""

    batch: str
    first: str

    def __str__(self) -> str:
        return (
            f"The demo city delivers from {self.first} on, so there is nothing for {self.batch}. "
            f"Name {self.first} or a later day."
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


@dataclass
class UnknownFileType(BaselibError):
    """A file cannot be written in the form that its suffix asks for."""

    file: str
    rows: int

    def __str__(self) -> str:
        return (
            f"{self.file}: {self.rows:,} rows cannot be written in that form. Name a file that "
            "ends in .parquet or .csv, or .xlsx for at most 1,048,575 rows."
        )


@dataclass
class CalendarUnknown(BaselibError):
    """A time limit reaches into a year whose holidays are not known."""

    year: int
    known: Sequence[int]
    file: Path

    def __str__(self) -> str:
        return (
            f"The working days of {self.year} are not known, only those of "
            f"{min(self.known)} to {max(self.known)}. Add the holidays and the weekend days that "
            f"are worked instead of {self.year} to {self.file}, from the State Council's notice "
            "(it comes out in the autumn before), and run this again."
        )


@dataclass
class MailServerUnusable(BaselibError):
    """No report can be mailed: nobody answers, or the server refuses whoever sends."""

    where: str
    problem: str

    def __str__(self) -> str:
        return (
            f"Mail server, {self.where}: {self.problem}. Correct BASELIB_SMTP_URL (the "
            "Airflow connection baselib_smtp) or BASELIB_MAIL_FROM; all reports wait in the outbox."
        )


@dataclass
class MailUndelivered(BaselibError):
    """Reports that nobody will send again by himself; a person has to look at them."""

    mails: Sequence[str]

    def __str__(self) -> str:
        lines = "\n".join(f"  {mail}" for mail in self.mails)
        return (
            f"{len(self.mails)} report(s) did not reach their data owners:\n{lines}\n"
            "failed: correct the address in the contract, or the server, then `baselib mail retry "
            "ID`. doubtful: the connection broke after the message was handed over; ask the "
            "recipient, or look for the Message-ID in the server's log, then `baselib mail retry "
            "ID` or `baselib mail close ID`."
        )
