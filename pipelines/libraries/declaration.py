"""What a base library is: golden columns, who wins each, how records are matched and linked.

One file ``<library>.yml`` beside this module declares one library. Tables, comments, checks, the
matching passes and the merge all derive from it. Importing this module is cheap: the DAG files do
it on every parse, so no engine is loaded here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from pipelines.errors import DeclarationRefused, UnknownLibrary
from pipelines.standards.elements import DataElement, load_elements

LIBRARIES_DIR = Path(__file__).parent
_ACCURACY = ("precision", "recall")


@dataclass(frozen=True)
class GoldenColumn:
    """One column of the golden record, and the departments that are believed about it, in order."""

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

    claim: str  # the pass's name, and the ``rule`` in the ledger
    block: Sequence[str]
    agree: Sequence[str] = ()
    unless: Sequence[str] = ()


@dataclass(frozen=True)
class Identity:
    """How records of a library are recognised as the same entity."""

    strong: str  # golden column whose valid value identifies; two different ones never merge
    passes: Sequence[Pass]
    contradiction: str = ""  # name of the evidence against the strong identifier, see resolve/
    version: str = ""  # evidence column that says which record of an entity is the newest edition
    id_budget: float = 0.001  # share of published ids that may change before a person is asked
    deletion_budget: float = 0.05  # share of a source's published records that it may delete

    @property
    def strong_claim(self) -> str:
        """Name of the rule that groups by the strong identifier."""
        return f"same_{self.strong}"


@dataclass(frozen=True)
class Link:
    """A reference to an entity of another library: ``column`` gets its id."""

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
class Library:
    """One base library: everything that its declaration says."""

    name: str  # file stem: population, legal_entity, e_license
    title: str
    entity: str  # person, legal_entity, license: tables core.<entity>, base.<entity>
    entity_title: str
    id_prefix: str
    columns: Mapping[str, GoldenColumn]
    identity: Identity
    links: Sequence[Link] = ()
    # Lower bounds without which nothing is published: precision, recall (docs/identity.md).
    accuracy: Mapping[str, float] = field(default_factory=dict)

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


@cache
def load_libraries(folder: Path = LIBRARIES_DIR) -> Mapping[str, Library]:
    """All libraries by name.

    Raises:
        DeclarationRefused: a declaration misses a key, has one that does not exist, or names a
            column that it does not have.
    """
    return {file.stem: _read(file) for file in sorted(folder.glob("*.yml"))}


def load_library(name: str) -> Library:
    """One library.

    Raises:
        UnknownLibrary: nothing declares it.
    """
    libraries = load_libraries()
    if name not in libraries:
        raise UnknownLibrary(name, sorted(libraries))
    return libraries[name]


def libraries_in_order(libraries: Mapping[str, Library]) -> list[Library]:
    """Libraries so that each comes after those that it links to."""
    left, ordered = dict(libraries), []
    while left:
        free = [one for one in left.values() if not _linked(one) & (left.keys() - {one.name})]
        ordered += free or list(left.values())  # a circle: foreign keys are made afterwards anyway
        left = {name: one for name, one in left.items() if one not in ordered}
    return ordered


def libraries_linking_to(name: str) -> list[Library]:
    """The libraries whose entities refer to entities of this one, in order of their links."""
    ordered = libraries_in_order(load_libraries())
    return [one for one in ordered if one.name != name and name in _linked(one)]


def _linked(library: Library) -> set[str]:
    return {link.library for link in library.links}


def _read(file: Path) -> Library:
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    try:
        authority = tuple(declared.pop("authority"))
        columns = {n: _column(n, f, authority) for n, f in declared.pop("columns").items()}
        identity = _identity(declared.pop("identity"))
        links = _links(declared.pop("links", {}))
        library = Library(
            name=file.stem, columns=columns, identity=identity, links=links, **declared
        )
    except (TypeError, AttributeError, KeyError) as wrong:
        raise DeclarationRefused(
            file, file.stem, f"{wrong}.", "Compare with the other libraries."
        ) from None
    _refuse_unknown_columns(file, library)
    _refuse_impossible_accuracy(file, library)
    return library


def _column(name: str, fields: Mapping[str, object], authority: Sequence[str]) -> GoldenColumn:
    given = dict(fields)
    return GoldenColumn(
        name=name,
        element_name=str(given.pop("element")),
        authority=tuple(given.pop("authority", authority)),  # type: ignore[arg-type]
        title_override=str(given.pop("title", "")),
        **given,  # type: ignore[arg-type]
    )


def _identity(fields: Mapping[str, object]) -> Identity:
    given = dict(fields)
    passes = tuple(Pass(**each) for each in given.pop("passes"))  # type: ignore[attr-defined]
    return Identity(passes=passes, **given)  # type: ignore[arg-type]


def _links(declared: Mapping[str, Sequence[Mapping[str, object]]]) -> tuple[Link, ...]:
    return tuple(
        Link(name=name, **each)  # type: ignore[arg-type]
        for name, links in declared.items()
        for each in links
    )


def _refuse_impossible_accuracy(file: Path, library: Library) -> None:
    for name, share in library.accuracy.items():
        if name not in _ACCURACY or not 0 < share < 1:
            problem = f"{name}: {share} is no bound."
            remedy = "Write precision or recall with a share between 0 and 1, as 0.999."
            raise DeclarationRefused(file, "accuracy", problem, remedy)


def _refuse_unknown_columns(file: Path, library: Library) -> None:
    identity = library.identity
    known = {*library.columns}
    for each in library.columns.values():
        known |= {*each.companion_types, *each.evidence_types}
    named = {"identity.strong": [identity.strong]}
    named |= {"identity.version": [identity.version]} if identity.version else {}
    named |= {each.claim: [*each.block, *each.agree, *each.unless] for each in identity.passes}
    named |= {
        f"links.{link.name}": [*link.equal, *link.unless, *link.unless_differ]
        for link in library.links
    }
    named |= {f"columns.{c.name}.match_on": list(c.match_on) for c in library.columns.values()}
    for where, columns in named.items():
        for column in columns:
            if column not in known:
                raise DeclarationRefused(
                    file, where, f"{column!r} is no column of this library.", "Correct the name."
                )
