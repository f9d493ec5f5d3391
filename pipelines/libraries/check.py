"""Declarations of libraries that cannot work: refused before anything runs, with the remedy."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from pipelines.errors import DeclarationRefused
from pipelines.libraries.declaration import Contradiction, GoldenColumn, Library, Link
from pipelines.libraries.scores import scores_found
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import load_rules

# Evidence against a strong identifier (pipelines/compare/conflicts.py) and the golden columns that
# it compares; a library that has others declares none and adds it there.
CONTRADICTIONS: Mapping[str, Sequence[str]] = {
    "": (),
    "other_name_and_birth_date": (
        *("person_name", "citizen_id", "birth_date", "sex_code", "ethnicity_code"),
        *("residence_address", "mobile", "employer_name"),
    ),
    "branch_or_other_organization": (
        *("organization_name", "organization_code", "registration_number", "region_code"),
        *("legal_representative_name", "establishment_date", "registered_address", "phone"),
        "entity_status",
    ),
}
_ACCURACY = ("precision", "recall")
_LANGUAGES = ("zh", "en")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = re.compile(r"[A-Z]{1,4}-")
_TYPE = re.compile(r"string|boolean|date|timestamp|float64|int(8|16|32|64)|decimal\(\d+, ?\d+\)")
_LONGEST_NAME = 63 - len("__fkey")  # PostgreSQL's; constraints are named entity_column_fkey
# Columns of tables that golden columns stand in, and what is written beside an entity's table.
_TAKEN = frozenset(
    {
        *("entity_id", "source", "source_key", "since_batch", "batch", "record_no", "rule"),
        *("publication", "from_pub", "to_pub", "disputed", "grant"),  # of what is published
        *("linked_source", "linked_key", "withheld", "rid", "findings", "reasons", "record"),
    }
)
_TABLES = (
    *("source", "redirect", "value", "dispute", "identifier", "record", "event", "question"),
    *("finding", "agreement", "decision", "input", "history"),
)


def refuse_impossible(library: Library) -> None:
    """Everything about one library that can be told from its own declaration.

    Raises:
        DeclarationRefused: the first thing that cannot work.
    """
    checks = (
        *(_names, _columns, _named_columns, _identity, _links),
        *(scores_found, _dates, _shares, _publication, _wording, _contradictions),
    )
    # One after the other: a later one relies on what an earlier one has made sure of.
    for field, problem, remedy in chain.from_iterable(check(library) for check in checks):
        raise DeclarationRefused(library.file, field, problem, remedy)


def refuse_among_libraries(read: Sequence[Library], known: Mapping[str, Library]) -> None:
    """What libraries say of one another.

    Args:
        read: The libraries to look at.
        known: All that they may refer to.

    Raises:
        DeclarationRefused: two claim the same name or rule, a link leads nowhere or in a circle, or
            a consistency rule needs a library that nothing declares.
    """
    first: dict[tuple[str, str], Library] = {}
    for library in read:
        for field, value in (
            ("the file's name", library.name),
            ("entity", library.entity),
            ("id_prefix", library.id_prefix),
            *(("entity", f"{library.entity}_{table}") for table in _TABLES),
            *(("contradictions", each.rule) for each in library.contradictions),
        ):
            other = first.setdefault((field, value), library)
            if other is not library:
                problem = f"claims {value!r}, which {other.file} has as well."
                raise DeclarationRefused(library.file, field, problem, "Choose another one.")
        for link in library.links:
            for field, problem, remedy in _target(link, library, known):
                raise DeclarationRefused(library.file, field, problem, remedy)
        for each in library.contradictions:
            for field, problem, remedy in _looked_at(each, known):
                raise DeclarationRefused(library.file, field, problem, remedy)
    for library in read:
        if circle := _circle(library, known):
            told = " -> ".join(circle)
            raise DeclarationRefused(
                library.file, "links", f"lead in a circle: {told}.", "Leave out one of the links."
            )


_Found = Iterator[tuple[str, str, str]]


def _names(library: Library) -> _Found:
    for field, name in (("the file's name", library.name), ("entity", library.entity)):
        if not _NAME.fullmatch(name) or len(name) > 24:
            remedy = "Write lower-case English letters, digits and _, 24 at most."
            yield field, f"is {name!r}, which names no table.", remedy
    for field in ("title", "entity_title"):
        if not getattr(library, field).strip():
            yield field, "is empty.", "Write the Chinese term that a reader sees."
    prefix = library.id_prefix
    if not _PREFIX.fullmatch(prefix) or prefix.endswith("Q-"):  # questions are called PQ-…
        remedy = "Write one to four capitals and a hyphen, the last of them not Q: H-."
        yield "id_prefix", f"is {prefix!r}, with which no id begins.", remedy
    for language in library.counted_as.keys() - set(_LANGUAGES):
        yield f"counted_as.{language}", "is no language of the reports.", "Write zh or en."
    if library.counted_as.keys() != set(_LANGUAGES):
        remedy = "Write {zh: 套房屋, en: house(s)}: what the entities are counted in."
        yield "counted_as", "misses a language of the reports.", remedy


def _wording(library: Library) -> _Found:
    for code in library.wording.keys() - load_rules().keys():
        remedy = "Correct the code; pipelines/standards/rules.yml has them all."
        yield f"wording.{code}", "is no rule.", remedy


def _contradictions(library: Library) -> _Found:
    times = Counter(each.rule for each in library.contradictions)
    for each in library.contradictions:
        where = f"contradictions.{each.rule}"
        if each.rule not in load_rules():
            remedy = "Correct the code; pipelines/standards/rules.yml has them all."
            yield where, f"names {each.rule!r}, which is no rule.", remedy
        if times[each.rule] > 1:
            yield where, f"declares {each.rule!r} twice.", "Leave one of them out."
        if each.other not in load_elements():
            remedy = "Correct it (docs/elements.md): the element of the other record's value."
            yield f"{where}.other", f"names {each.other!r}, which is no data element.", remedy


def _looked_at(each: Contradiction, known: Mapping[str, Library]) -> _Found:
    """Libraries that a consistency rule looks at and nothing declares."""
    for key, names in (("needs", each.needs), ("sees", each.sees)):
        for name in (name for name in names if name not in known):
            remedy = f"Write of {', '.join(sorted(known))}."
            field = f"contradictions.{each.rule}.{key}"
            yield field, f"names {name!r}, which nothing declares.", remedy


def _columns(library: Library) -> _Found:
    elements = load_elements()
    if not library.columns:
        yield "columns", "is empty.", "Write at least the strong identifier."
    for column in library.columns.values():
        where = f"columns.{column.name}"
        if not _NAME.fullmatch(column.name) or column.name in _TAKEN:
            remedy = "Choose another name, of lower-case English letters, digits and _."
            yield where, "is no name that a golden column can have.", remedy
        if len(library.entity) + len(column.name) > _LONGEST_NAME:
            yield where, "is too long a name for PostgreSQL.", "Shorten it."
        if column.element_name not in elements:
            problem = f"names {column.element_name!r}, which is no data element."
            remedy = "Correct it (docs/elements.md), or declare it in elements.yml beside this."
            yield f"{where}.element", problem, remedy
        yield from _authority(column, where)
        for kind in (*column.companions.values(), *column.evidence.values()):
            if not _TYPE.fullmatch(kind):
                yield (
                    where,
                    f"has a companion of the type {kind!r}.",
                    "Write string, date or int64.",
                )
    for name, times in Counter(_all_names(library)).items():
        if times > 1:
            remedy = "Rename the column, companion or link that makes it a second time."
            yield "columns", f"makes the column {name!r} twice.", remedy


def _authority(column: GoldenColumn, where: str) -> _Found:
    remedy = "List departments by short name, as in the names of their sources; the first wins."
    if not column.authority:
        yield f"{where}.authority", "is empty: nobody is believed.", remedy
    for name, times in Counter(column.authority).items():
        if not _NAME.fullmatch(name):
            yield f"{where}.authority", f"names {name!r}, which is no department.", remedy
        if times > 1:
            yield f"{where}.authority", f"names {name!r} twice.", remedy


def _all_names(library: Library) -> Iterator[str]:
    """Every column of a golden record and of the records that it is made of."""
    for column in library.columns.values():
        yield from (column.name, f"{column.name}_record")
        yield from (*column.companion_types, *column.evidence_types)
    yield from library.link_columns


def _named_columns(library: Library) -> _Found:
    """Columns that are named and not there."""
    identity, known = library.identity, library.record_columns
    golden = {"identity.strong": [identity.strong], "delivered_as": [*library.delivered_as]}
    golden |= {f"identity.{key}": list(getattr(identity, key)) for key in ("known_by", "about")}
    golden["identity.placed_by"] = list(identity.placed_by)
    for where, columns in golden.items():
        yield from _missing(where, columns, library.columns)
    single = {"version": identity.version, "part_of_name": identity.part_of_name}
    named = {f"identity.{key}": [column] for key, column in single.items() if column}
    named |= {
        f"identity.passes.{each.claim}": [*each.block, *each.agree, *each.unless]
        for each in identity.passes
    }
    named |= {f"columns.{c.name}.match_on": list(c.match_on) for c in library.columns.values()}
    for link in library.links:  # what is published of a record; evidence is not
        columns = [*link.equal, *link.unless, *link.unless_differ]
        yield from _missing(f"links.{link.name}", columns, library.value_columns)
    for where, columns in named.items():
        yield from _missing(where, columns, known)


def _missing(where: str, columns: Iterable[str], known: Iterable[str]) -> _Found:
    for column in columns:
        if column not in known:
            remedy = f"Write one of {', '.join(known)}."
            yield where, f"{column!r} is no column of this library.", remedy


def _identity(library: Library) -> _Found:
    identity = library.identity
    for key in ("known_by", "about"):
        if not getattr(identity, key):
            remedy = "Name golden columns, or leave the key out."
            yield f"identity.{key}", "names no column.", remedy
    claims = Counter(each.claim for each in identity.passes)
    for each in identity.passes:
        where = f"identity.passes.{each.claim}"
        if not each.block:
            remedy = "Name the columns that must be equal."
            yield where, "compares every record with every other: its block is empty.", remedy
        if not _NAME.fullmatch(each.claim) or each.claim in (
            identity.strong_claim,
            "founding_record",
        ):
            yield where, "is no name for a pass, or one that is taken.", "Name what it claims."
        if claims[each.claim] > 1:
            yield where, "is the name of two passes.", "Name each by what it claims."
    if identity.contradiction not in CONTRADICTIONS:
        remedy = f"Leave it out, or write one of {', '.join(filter(None, CONTRADICTIONS))}."
        yield "identity.contradiction", f"is {identity.contradiction!r}, unknown here.", remedy
    needed = CONTRADICTIONS.get(identity.contradiction, ())
    for column in (column for column in needed if column not in library.columns):
        remedy = "Leave the contradiction out, or declare the column."
        yield "identity.contradiction", f"compares {column!r}, which is not declared.", remedy


def _links(library: Library) -> _Found:
    targets: dict[str, str] = {}
    for link in library.links:
        where = f"links.{link.name}"
        if not all(map(_NAME.fullmatch, (link.name, link.column, link.claim))):
            remedy = "Write lower-case English letters, digits and _."
            yield where, "has a name, column or claim that cannot be one.", remedy
        if len(library.entity) + len(link.column) > _LONGEST_NAME:
            yield where, "has too long a column name for PostgreSQL.", "Shorten it."
        if link.library == library.name:
            yield where, "points to its own library.", "Point to another one."
        if not link.equal:
            yield f"{where}.equal", "is empty.", "Write {column here: column there}."
        if targets.setdefault(link.column, link.library) != link.library:
            problem = f"keeps ids of two libraries in {link.column}."
            yield f"{where}.column", problem, "Give each library a column of its own."


def _dates(library: Library) -> _Found:
    for pair in library.ordered_dates:
        if len(pair) != 2:
            yield "ordered_dates", "is no list of pairs.", "Write [[earlier, later], …]."
    named = [*library.past_dates, *(name for pair in library.ordered_dates for name in pair)]
    yield from _missing("past_dates, ordered_dates", named, library.columns)
    for name in named:
        if library.columns[name].type != "date":
            yield "past_dates, ordered_dates", f"{name!r} is no date.", "Name columns of dates."


def _shares(library: Library) -> _Found:
    for name, share in library.accuracy.items():
        if name not in _ACCURACY or not 0 < share < 1:
            remedy = "Write precision or recall with a share between 0 and 1, as 0.999."
            yield "accuracy", f"{name}: {share} is no bound.", remedy
    for key in ("id_budget", "deletion_budget", "highest_false_rate"):
        if not 0 <= getattr(library.identity, key) <= 1:
            remedy = "Write a share between 0 and 1."
            yield f"identity.{key}", f"is {getattr(library.identity, key)}, no share.", remedy


def _publication(library: Library) -> _Found:
    """Only who is believed about the identifying element can be missed for it."""
    needs, when = library.publication.needs, library.publication.when
    believed = library.columns[library.identity.strong].authority
    for name, times in Counter(needs or ()).items():
        if name not in believed:
            problem = f"names {name!r}, which is no authority for {library.identity.strong}."
            yield "publication.needs", problem, f"Write of {', '.join(believed)}."
        if times > 1:
            yield "publication.needs", f"names {name!r} twice.", "Leave one of them out."
    if when == "always" and needs is not None and not needs:
        problem = "says when a department is needed, and needs names none."
        yield "publication.when", problem, "Name one in needs, or leave when out."


def _target(link: Link, library: Library, known: Mapping[str, Library]) -> _Found:
    where = f"links.{link.name}"
    if link.library not in known:
        remedy = f"Write one of {', '.join(sorted(known.keys() - {library.name}))}."
        yield f"{where}.library", f"points to {link.library!r}, which nothing declares.", remedy
        return
    there = known[link.library]
    for column in (*link.equal.values(), *link.unless_differ.values(), *link.sole):
        if column not in there.columns:
            problem = f"{column!r} is no column of {link.library}."
            yield where, problem, f"Write one of {', '.join(there.columns)}."


def _circle(library: Library, known: Mapping[str, Library]) -> list[str]:
    """Names along a way of links that leads back to the library; empty if there is none."""
    ways, seen = [[library.name]], set()
    while ways:
        way = ways.pop()
        for name in dict.fromkeys(link.library for link in known[way[-1]].links):
            if name == library.name:
                return [*way, name]
            if name not in seen and name in known:
                seen.add(name)
                ways.append([*way, name])
    return []
