"""Grants, and what consumers ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors.declarations import ContractFault
from pipelines.errors.root import BaselibError


@dataclass
class GrantsRefused(BaselibError):
    """One or more grants cannot be used; nothing of any of them was applied."""

    faults: Sequence[ContractFault]

    def __str__(self) -> str:
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        return f"{len(self.faults)} fault(s) in the grants, so none was applied:\n{lines}"


@dataclass
class UnknownGrant(BaselibError):
    """A grant was named that no file declares."""

    name: str
    known: Sequence[str]

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return f"No file declares the grant {self.name!r}. Known: {known}. Check --grants."


@dataclass
class AuditBroken(BaselibError):
    """The audit log is not as it was sealed."""

    findings: Sequence[str]

    def __str__(self) -> str:
        lines = "\n".join(f"  {finding}" for finding in self.findings)
        return (
            f"The audit log is not as it was sealed:\n{lines}\nKeep the database as it is, compare "
            "with the seals outside of it (audit/seals.jsonl in the home) and with a backup, and "
            "ask who could log in as its owner."
        )


@dataclass
class ErasuresRefused(BaselibError):
    """A list of erasures has a line that this site did not write."""

    file: Path
    line: int

    def __str__(self) -> str:
        return (
            f"{self.file}, line {self.line}: it is not one that this site has signed. Nothing was "
            "erased. Take audit/erasures.jsonl of the home as it was kept elsewhere, unchanged."
        )
