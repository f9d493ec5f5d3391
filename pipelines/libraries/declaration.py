"""What a base library is: golden columns, who wins each, how records are matched and linked.

One file ``<library>.yml``, beside this module or in a folder of the site, declares one library.
Tables, comments, checks, the matching passes and the merge all derive from it. Importing this
module is cheap: the DAG files do it on every parse, so no engine is loaded here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from pipelines.standards.elements import DataElement, load_elements

_STRICT = ConfigDict(extra="forbid")
Wording = Literal["zh", "repair_zh", "en", "repair_en"]  # fields of standards.rules.Rule


@dataclass(frozen=True)
class GoldenColumn:
    """One column of the golden record, and the departments that are believed about it, in order."""

    __pydantic_config__ = _STRICT

    name: str
    element_name: str
    authority: Sequence[str]
    title_override: str = ""
    companions: Mapping[str, str] = field(default_factory=dict)  # suffix -> Ibis type
    evidence: Mapping[str, str] = field(default_factory=dict)  # companions for matching only
    match_on: Sequence[str] = ()  # compared instead of the value: the first that is not NULL

    @property
    def element(self) -> DataElement:
        """The data element that it carries: standard, sensitivity, mask."""
        return load_elements()[self.element_name]

    @property
    def title(self) -> str:
        """Chinese term: its own where the library gives one, else the element's."""
        return self.title_override or self.element.title

    @property
    def type(self) -> str:
        """Ibis type of the value."""
        return self.element.type

    @property
    def evidence_types(self) -> Mapping[str, str]:
        """Full name -> Ibis type of the companions that serve matching and are not published."""
        return {f"{self.name}_{suffix}": kind for suffix, kind in self.evidence.items()}

    @property
    def companion_types(self) -> Mapping[str, str]:
        """Full name -> Ibis type of the columns that travel with this one."""
        return {f"{self.name}_{suffix}": kind for suffix, kind in self.companions.items()}


@dataclass(frozen=True)
class Pass:
    """A reason to call two records the same: equal in ``block``, agreeing in ``agree``.

    ``unless`` rules it out where one of these columns is known on both sides and does not agree.
    """

    __pydantic_config__ = _STRICT

    claim: str  # the pass's name, and the ``rule`` in the ledger
    block: Sequence[str]
    agree: Sequence[str] = ()
    unless: Sequence[str] = ()


@dataclass(frozen=True)
class Scores:
    """What takes part in scores; a library without comparisons is not scored.

    ``blocking`` lists, in order, columns that two records must share to be compared, or the name
    of a blocking rule that is offered (``libraries.scores``).
    """

    __pydantic_config__ = _STRICT

    comparisons: Sequence[str] = ()
    blocking: Sequence[str | Sequence[str]] = ()


@dataclass(frozen=True)
class Identity:
    """How records of a library are recognised as the same entity."""

    __pydantic_config__ = _STRICT

    strong: str  # golden column whose valid value identifies; two different ones never merge
    passes: Sequence[Pass]
    known_by: Sequence[
        str
    ]  # golden columns; a row with none of those that its source has is useless
    about: Sequence[str]  # golden columns that say whom a row is about: agreeing in none, two
    part_of_name: str = ""  # column with what is only a part of a name; a row that has it is of use
    placed_by: Sequence[str] = ()  # beside one of these golden columns
    contradiction: str = ""  # name of the evidence against the strong identifier, see resolve/
    version: str = ""  # evidence column that says which record of an entity is the newest edition
    scores: Scores = field(default_factory=Scores)
    # A rule or band of score of which the benchmark's worlds show more wrong links does not decide.
    highest_false_rate: float = 1.0
    id_budget: float = 0.001  # share of published ids that may change before a person is asked
    deletion_budget: float = 0.05  # share of a source's published records that it may delete

    @property
    def strong_claim(self) -> str:
        """Name of the rule that groups by the strong identifier."""
        return f"same_{self.strong}"


@dataclass(frozen=True)
class Link:
    """A reference to an entity of another library: ``column`` gets its id."""

    __pydantic_config__ = _STRICT

    name: str  # what the reference is, e.g. ``holder``; links of one name are tried in order
    column: str  # column of the golden record that receives the entity id
    library: str  # whose entities it points to
    claim: str  # name of the rule, kept in ``<name>_rule``
    equal: Mapping[str, str]  # golden column here -> golden column there
    unless: Mapping[str, Sequence[str]] = field(default_factory=dict)  # values that rule it out
    # Columns here -> there that rule it out where both are known and cannot be the same.
    unless_differ: Mapping[str, str] = field(default_factory=dict)
    sole: Sequence[str] = ()  # columns there whose value no other entity of that library has


@dataclass(frozen=True)
class Contradiction:
    """A consistency rule across libraries: what cannot be true of this one's records."""

    __pydantic_config__ = _STRICT

    library: str  # whose records it judges: the one that declares it
    rule: str  # code in rules.yml
    find: str  # its function, ``module.function`` below pipelines.quality.contradiction
    other: str  # data element of the other value in a finding, not always that of the column
    needs: Sequence[str] = ()  # libraries that must be published for it
    sees: Sequence[str] = ()  # libraries that it takes into account where they are published


@dataclass(frozen=True)
class PublicationPolicy:
    """Departments without whose data a library is not published."""

    __pydantic_config__ = _STRICT

    # None: the first authority of the strong identifier, where a contract promises its data.
    needs: Sequence[str] | None = None
    when: Literal["first", "always"] = "first"  # only at the first publication, or at each


@dataclass(frozen=True)
class Library:
    """One base library: everything that its declaration says."""

    __pydantic_config__ = _STRICT

    name: str  # file stem, e.g. population
    title: str
    entity: str  # e.g. person: tables core.<entity>, base.<entity>
    entity_title: str
    id_prefix: str
    columns: Mapping[str, GoldenColumn]
    identity: Identity
    links: Sequence[Link] = ()
    contradictions: Sequence[Contradiction] = ()
    publication: PublicationPolicy = field(default_factory=PublicationPolicy)
    # Lower bounds without which nothing is published: precision, recall (docs/identity.md).
    accuracy: Mapping[str, float] = field(default_factory=dict)
    # Department (short name) that answers disputes about values that come from no single record.
    responsible: str = ""
    ordered_dates: Sequence[Sequence[str]] = ()  # the first must not lie after the second
    past_dates: Sequence[str] = ()  # what has happened cannot lie ahead; terms of validity may
    # What its entities are counted in, by language: 人, person|people (one, and several).
    counted_as: Mapping[str, str] = field(default_factory=dict)
    # Rule -> what a reader is told of it here, instead of the words of rules.yml.
    wording: Mapping[str, Mapping[Wording, str]] = field(default_factory=dict)
    # Golden column -> what departments call it; `baselib sources new` guesses with it.
    delivered_as: Mapping[str, Sequence[str]] = field(default_factory=dict)
    file: Path = field(default=Path(), repr=False, compare=False)  # that declares it

    @property
    def value_columns(self) -> Mapping[str, str]:
        """Golden columns and their companions, in order: name -> Ibis type."""
        types: dict[str, str] = {}
        for column in self.columns.values():
            types[column.name] = column.type
            types |= column.companion_types
        return types

    @property
    def record_columns(self) -> Mapping[str, str]:
        """What a record of this library is made of: golden columns, companions, evidence."""
        types = dict(self.value_columns)
        for column in self.columns.values():
            types |= column.evidence_types
        return types

    @property
    def link_columns(self) -> Mapping[str, str]:
        """Columns that links add to the golden record, in order: name -> library pointed to.

        Each link name adds ``<name>_rule`` too (text, why it was linked); that is mapped to "".
        """
        added: dict[str, str] = {link.column: link.library for link in self.links}
        return added | {f"{link.name}_rule": "" for link in self.links}
