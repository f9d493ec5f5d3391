"""What a resolution cannot decide or must not."""

from dataclasses import dataclass

from pipelines.errors.root import BaselibError


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
