"""Every error that baselib raises on purpose, under one root.

A class name is a statement of what is wrong. Constructors store facts and do nothing else; the
message always ends with the remedy. No message ever carries a value out of a department's data.
"""

from pipelines.errors.declarations import (
    BadBatchId,
    CalendarUnknown,
    ContractExists,
    ContractFault,
    ContractsRefused,
    DeclarationRefused,
    SettingRefused,
    UnknownLibrary,
    UnknownSource,
)
from pipelines.errors.deliveries import (
    BatchChanged,
    DeliveryMissing,
    DeliveryUnfinished,
    DemoBatchTooEarly,
    MissingColumn,
    RawFilesLost,
    RowsMissing,
    UnknownFileType,
    UnreadableDelivery,
)
from pipelines.errors.identity import (
    ComponentsDoNotSettle,
    EntityIdCollision,
    EntityTooLarge,
    NothingToTrain,
)
from pipelines.errors.root import BaselibError
from pipelines.errors.services import (
    AirflowFailed,
    DatabaseLost,
    MailServerUnusable,
    MailUndelivered,
    SystemFault,
    UnexpectedError,
    WorkerDied,
)
from pipelines.errors.tables import (
    ColumnTypeChanged,
    CountsDisagree,
    DatabaseOutdated,
    DatabaseUnavailable,
    GateClosed,
    MadeByAnotherRun,
    PublicationFailed,
    QualityGateFailed,
    TableMissing,
)

__all__ = [
    "AirflowFailed",
    "BadBatchId",
    "BaselibError",
    "BatchChanged",
    "CalendarUnknown",
    "ColumnTypeChanged",
    "ComponentsDoNotSettle",
    "ContractExists",
    "ContractFault",
    "ContractsRefused",
    "CountsDisagree",
    "DatabaseLost",
    "DatabaseOutdated",
    "DatabaseUnavailable",
    "DeclarationRefused",
    "DeliveryMissing",
    "DeliveryUnfinished",
    "DemoBatchTooEarly",
    "EntityIdCollision",
    "EntityTooLarge",
    "GateClosed",
    "MadeByAnotherRun",
    "MailServerUnusable",
    "MailUndelivered",
    "MissingColumn",
    "NothingToTrain",
    "PublicationFailed",
    "QualityGateFailed",
    "RawFilesLost",
    "RowsMissing",
    "SettingRefused",
    "SystemFault",
    "TableMissing",
    "UnexpectedError",
    "UnknownFileType",
    "UnknownLibrary",
    "UnknownSource",
    "UnreadableDelivery",
    "WorkerDied",
]
