"""Grant: the dataclass that a grant's file is read into. Importing it loads no engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from pydantic import ConfigDict

_STRICT = ConfigDict(extra="forbid")
Show = Literal["clear", "mask", "absent"]
Operation = Literal[
    "verify", "find", "resolve", "read", "dossier", "changes", "snapshot", "dispute", "usage",
    "work_orders",
]  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Requests a minute and a day; rows that one answer may have, and rows a day."""

    __pydantic_config__ = _STRICT

    minute: int = 60
    day: int = 10_000
    rows: int = 100
    rows_day: int = 100_000


@dataclass(frozen=True)
class Grant:
    """One grant: everything that its file says; ``docs/consumers.md`` explains each key."""

    __pydantic_config__ = _STRICT

    name: str  # the file's stem, <consumer>__<purpose>
    consumer: str  # in words, as the approval names it
    purpose: str
    legal_basis: str
    approved_by: str
    valid_from: date
    valid_to: date
    library: str
    columns: Mapping[str, Show]
    operations: Sequence[Operation]
    lookup_by: Sequence[Sequence[str]] = ()  # what a look-up must give, all of it
    rows: Mapping[str, Sequence[str]] = field(default_factory=dict)  # column -> beginnings
    linked: Mapping[str, Mapping[str, Show]] = field(default_factory=dict)  # other libraries
    limits: Limits = field(default_factory=Limits)
    ids: Literal["own", "shared"] = "own"
    visible_to_subject: Literal["at_once", "later", "never"] = "at_once"
    assessment: str = ""  # number of the impact assessment, in governance/assessments.yml
    public_key: str = ""  # PEM, EC P-256: for the API; without it SQL logins only

    @property
    def consumer_name(self) -> str:
        """The consumer's short name: grants of one consumer share ids."""
        return self.name.partition("__")[0]

    @property
    def role(self) -> str:
        """The role of the database that may read the grant's views."""
        return f"g_{self.name}"

    @property
    def shown(self) -> Mapping[str, Show]:
        """The columns that are shown, in their order."""
        return {name: show for name, show in self.columns.items() if show != "absent"}
