"""From the YAML of a library to its declaration; refused with file, field and remedy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationRefused
from pipelines.libraries.check import refuse_impossible
from pipelines.libraries.declaration import (
    Contradiction,
    GoldenColumn,
    Identity,
    Library,
    Link,
)
from pipelines.standards.declared import build, mapping, read_yaml


def read_library(file: Path) -> Library:
    """The library that a file declares.

    Raises:
        DeclarationRefused: it cannot work; what it says of other libraries is not looked at.
    """
    declared = dict(read_yaml(file))
    for key in ("name", "file"):
        if key in declared:
            problem, remedy = "is no key that is known here.", "Leave it out."
            raise DeclarationRefused(file, key, problem, remedy)
    authority = _taken(declared, "authority", file)
    columns = mapping(_taken(declared, "columns", file), file, "columns")
    fields = {
        **declared,
        "name": file.stem,
        "file": file,
        "columns": {n: _column(n, fields, authority, file) for n, fields in columns.items()},
        "identity": _identity(_taken(declared, "identity", file), file),
        "links": _links(declared.get("links", {}), file),
        "contradictions": _contradictions(declared.get("contradictions", []), file),
    }
    library: Library = build(Library, fields, file)
    refuse_impossible(library)
    return library


def _taken(declared: dict[str, Any], key: str, file: Path) -> Any:
    if key not in declared:
        remedy = "Write it; docs/libraries.md says what it means."
        raise DeclarationRefused(file, key, "is missing.", remedy)
    return declared.pop(key)


def _column(name: str, fields: object, authority: object, file: Path) -> GoldenColumn:
    where = f"columns.{name}"
    given = dict(mapping(fields, file, where))
    for key in ("name", "element_name", "title_override"):
        if key in given:
            problem, remedy = "is no key that is known here.", "Write element or title."
            raise DeclarationRefused(file, f"{where}.{key}", problem, remedy)
    told: Mapping[str, object] = {
        "name": name,
        "element_name": _taken(given, "element", file) if "element" in given else None,
        "authority": given.pop("authority", authority),
        "title_override": given.pop("title", ""),
        **given,
    }
    if told["element_name"] is None:
        problem, remedy = "is missing.", "Name the data element that the column carries."
        raise DeclarationRefused(file, f"{where}.element", problem, remedy)
    column: GoldenColumn = build(GoldenColumn, told, file, where)
    return column


def _identity(fields: object, file: Path) -> Identity:
    given = dict(mapping(fields, file, "identity"))
    passes = given.get("passes")
    if not isinstance(passes, list) or not passes:
        raise DeclarationRefused(
            file,
            "identity.passes",
            "names no reason to call two records the same.",
            "Write at least one: - {claim: same_name_and_date, block: [columns that are equal]}.",
        )
    if "scores" in given:
        given["scores"] = _scores(given["scores"], file)
    default = [given.get("strong"), *_blocked_by(passes)]
    for key in ("known_by", "about"):
        given.setdefault(key, list(dict.fromkeys(map(str, default))))
    identity: Identity = build(Identity, given, file, "identity")
    return identity


def _scores(fields: object, file: Path) -> Mapping[str, Any]:
    where = "identity.scores"
    given = mapping(fields, file, where)
    for key in ("comparisons", "blocking"):
        if not isinstance(given.get(key), list) or not given[key]:
            problem, remedy = "lists nothing.", "List some; docs/libraries.md says which there are."
            raise DeclarationRefused(file, f"{where}.{key}", problem, remedy)
    for place, rule in enumerate(given["blocking"]):
        columns = rule if isinstance(rule, list) else [rule]
        if not all(isinstance(column, str) for column in columns):
            raise DeclarationRefused(
                file,
                f"{where}.blocking[{place}]",
                f"is {rule!r}: neither a list of columns nor the name of a blocking rule.",
                "Write [column, ...], or the name alone.",
            )
    return given


def _blocked_by(passes: list[object]) -> list[object]:
    """Columns that are a pass's block alone: who has the value is known by it."""
    blocks = [each.get("block") for each in passes if isinstance(each, dict)]
    return [block[0] for block in blocks if isinstance(block, list) and len(block) == 1]


def _links(declared: object, file: Path) -> list[Link]:
    made: list[Link] = []
    for name, links in mapping(declared, file, "links").items():
        if not isinstance(links, list) or not links:
            problem, remedy = "lists no way to find the entity.", "Write a list of links below it."
            raise DeclarationRefused(file, f"links.{name}", problem, remedy)
        for place, fields in enumerate(links):
            where = f"links.{name}[{place}]"
            given = {**mapping(fields, file, where), "name": name}
            made.append(build(Link, given, file, where))
    return made


def _contradictions(declared: object, file: Path) -> list[Contradiction]:
    if not isinstance(declared, list):
        remedy = "Write a list: - {rule: CODE, find: module.function, other: element}."
        raise DeclarationRefused(file, "contradictions", "is no list of rules.", remedy)
    made: list[Contradiction] = []
    for place, fields in enumerate(declared):
        where = f"contradictions[{place}]"
        given = mapping(fields, file, where)
        if "library" in given:  # a rule judges the records of the library that declares it
            problem, remedy = "is no key that is known here.", "Leave it out."
            raise DeclarationRefused(file, f"{where}.library", problem, remedy)
        made.append(build(Contradiction, {**given, "library": file.stem}, file, where))
    return made
