"""What departments deliver, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors.root import BaselibError


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
class DeliveryUnfinished(BaselibError):
    """A delivery is still being written, or was cut off; nothing of it was taken.

    One of ``marker`` (the file that is not there), ``minutes`` (since the last change) and ``line``
    (what should say how many records there are) says why.
    """

    source: str
    batch: str
    file: str
    marker: str = ""
    minutes: int | None = None
    line: str = ""

    def __str__(self) -> str:
        return (
            f"{self.source}: batch {self.batch} is not finished: {self._why()} Nothing of it was "
            "taken, and nothing was deleted. Run the batch again when it is complete; if it stays "
            "so, tell the department."
        )

    def _why(self) -> str:
        if self.marker:
            return f"{self.file} lies there, and its marker {self.marker} does not."
        if self.minutes is not None:
            return f"{self.file} was changed {self.minutes} minute(s) ago."
        return f"{self.file} has no line like {self.line!r}, so rows are missing."


@dataclass
class RowsMissing(BaselibError):
    """A delivery has fewer rows than it or its contract says; nothing of it was taken."""

    source: str
    batch: str
    file: str
    expected: int
    found: int

    def __str__(self) -> str:
        missing = self.expected - self.found
        return (
            f"{self.source}: batch {self.batch}: {self.file} should have {self.expected:,} row(s) "
            f"and has {self.found:,}: {missing:,} are missing. Nothing of it was "
            "taken, and nothing was deleted. Ask the department to deliver it again, complete."
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
class RawFilesLost(BaselibError):
    """Files of a landed batch are gone from the lake, and so is the copy of what was delivered."""

    source: str
    batch: str

    def __str__(self) -> str:
        return (
            f"{self.source}: files of batch {self.batch} are missing in the lake, and what was "
            f"delivered is not under landing/{self.source}/{self.batch} any more, or says "
            "something else. Bring either back from a backup, or ask the department to deliver it "
            f"again under a batch id of its own, e.g. {self.batch}-2."
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
class DemoBatchTooEarly(BaselibError):
    """The demo city was asked for a delivery from before its first one."""

    batch: str
    first: str

    def __str__(self) -> str:
        return (
            f"The demo city delivers from {self.first} on, so there is nothing for {self.batch}. "
            f"Name {self.first} or a later day."
        )
