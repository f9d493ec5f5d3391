"""Which errors a scheduler tries again, and when: by what can have changed by then.

A missing column is still missing in five minutes, and whoever must act should see it at once. A
database that went away comes back in a minute. A file that has not come may come all day.
"""

from datetime import datetime, timedelta

from pipelines.errors import (
    BadBatchId,
    BaselibError,
    BatchChanged,
    ColumnTypeChanged,
    ContractsRefused,
    CountsDisagree,
    DatabaseLost,
    DatabaseOutdated,
    DatabaseUnavailable,
    DeclarationRefused,
    DeliveryMissing,
    DeliveryUnfinished,
    GateClosed,
    MadeByAnotherRun,
    MailUndelivered,
    MissingColumn,
    RawFilesLost,
    RowsMissing,
    SettingRefused,
    UnknownFileType,
    UnknownLibrary,
    UnknownSource,
    UnreadableDelivery,
    WorkerDied,
)
from pipelines.errors.tables import DatabaseBusy

# Only a person, or another delivery, changes these. A delivery that has not come, or not all of it,
# is waited for before it is one of them: see ``waits_until``.
NEVER: tuple[type[BaselibError], ...] = (
    *(BadBatchId, SettingRefused, ContractsRefused, DeclarationRefused),
    *(UnknownSource, UnknownLibrary, MissingColumn, RowsMissing, UnreadableDelivery),
    *(UnknownFileType, BatchChanged, RawFilesLost, ColumnTypeChanged, CountsDisagree),
    *(GateClosed, MadeByAnotherRun, MailUndelivered, DatabaseOutdated, DeliveryMissing),
)
# Others hold a lock for a moment.
SOON: tuple[type[BaselibError], ...] = (DatabaseBusy,)
SOON_DELAY = timedelta(seconds=15)
# What a service manager starts again.
LATER: tuple[type[BaselibError], ...] = (DatabaseLost, DatabaseUnavailable, WorkerDied)
LATER_DELAY = timedelta(minutes=1)

_LOOK_AGAIN = timedelta(minutes=15)
_UNFINISHED = timedelta(minutes=2)  # a file that is being written is soon written
_MARGIN = timedelta(hours=1)  # the run must be over before the next one of the timetable is due


def waits_until(
    error: Exception, due: datetime, frequency: timedelta, now: datetime
) -> datetime | None:
    """When to look for a delivery again; ``None`` where there is nothing to wait for any more.

    Args:
        error: What ended the landing.
        due: When the timetable expected the delivery.
        frequency: Of deliveries, by the contract: until then the delivery is late, and not lost.
        now: With time zone, as ``due``.
    """
    if not isinstance(error, DeliveryMissing | DeliveryUnfinished):
        return None
    pause = _UNFINISHED if isinstance(error, DeliveryUnfinished) else _LOOK_AGAIN
    return now + pause if now + pause < due + max(frequency - _MARGIN, pause) else None


def cause_of(error: BaseException, subject: str) -> str:
    """What is the matter, as one name for all tasks that it ends.

    A database that is away ends everything at once, and is one cause.
    """
    kind = type(error).__name__
    return kind if isinstance(error, (*SOON, *LATER)) else f"{kind} {subject}"
