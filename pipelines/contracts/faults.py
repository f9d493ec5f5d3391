"""Collect all faults of one contract, instead of stopping at the first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from pipelines.errors import ContractFault

_SHOWN = 120  # characters of a value; more says no more, and takes long to compare


@dataclass
class Faults:
    """The faults of one file, in the order in which they were found."""

    file: Path
    found: list[ContractFault] = field(default_factory=list)

    def add(self, where: str, value: object, problem: str, remedy: str) -> None:
        """Note one fault; ``where`` is the path of the field inside the document."""
        shown = "" if value is None else _shortened(str(value))
        self.found.append(ContractFault(self.file, where or "the document", shown, problem, remedy))

    def one_of(self, where: str, value: object, allowed: Iterable[str], what: str) -> bool:
        """Whether ``value`` is among ``allowed``; if not, note it with the closest spelling."""
        names = list(allowed)
        if value in names:
            return True
        problem = f"This is not {what}." if value is not None else f"There must be {what} here."
        self.add(where, value, problem, suggestion(value, names))
        return False


def suggestion(value: object, allowed: Iterable[str]) -> str:
    """The remedy for a misspelt name: the closest allowed one, or the list of all."""
    names = sorted(allowed)
    close = close_match(value, names)
    return f"Did you mean {close!r}?" if close else f"Write one of: {', '.join(names)}."


def close_match(value: object, allowed: Iterable[str], likeness: float = 0.5) -> str | None:
    """The allowed name that a misspelt one may mean."""
    if value is None:
        return None
    close = get_close_matches(_shortened(str(value)), sorted(allowed), n=1, cutoff=likeness)
    return close[0] if close else None


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
