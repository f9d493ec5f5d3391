"""Monthly issue figures of a data set: the same for its owner and for the leaders."""

from dataclasses import dataclass

COUNTS = ("found", "sent", "answered", "fixed", "confirmed", "overdue", "still_open")


@dataclass(frozen=True)
class OwnerFigures:
    """One data set in one month; ``median_days`` from found to closed, None if nothing closed."""

    department: str
    dataset: str
    found: int = 0
    sent: int = 0
    answered: int = 0
    fixed: int = 0
    confirmed: int = 0
    overdue: int = 0
    still_open: int = 0
    median_days: float | None = None
