"""Monthly issue figures of a data set: the same for its owner and for the leaders."""

from collections.abc import Sequence
from dataclasses import dataclass

COUNTS = ("found", "sent", "answered", "fixed", "confirmed", "overdue", "still_open")
# What was open when the month began, what came and what went: the last is the sum of the others.
BALANCE = ("carried", "found", "fixed", "confirmed", "gone", "still_open")


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
    carried: int = 0
    gone: int = 0
    in_time: int = 0  # answered within the limit, of those ``due`` in the month
    due: int = 0
    grades: Sequence[str] = ()  # of the last scored batch of each data set

    @property
    def repair_rate(self) -> float | None:
        """整改率: repaired or confirmed, of what was open in the month and is still delivered."""
        open_ = self.carried + self.found - self.gone
        return (self.fixed + self.confirmed) / open_ if open_ > 0 else None

    @property
    def on_time_rate(self) -> float | None:
        """按期答复率: answered within the limit, of what was to be answered; None: nothing was."""
        return self.in_time / self.due if self.due else None
