"""Settings, contracts and declarations that are refused before anything runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors.root import BaselibError


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
class ContractExists(BaselibError):
    """A contract would be written over another."""

    file: str

    def __str__(self) -> str:
        return f"{self.file} is there already. Choose another --name, or remove the file first."


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
