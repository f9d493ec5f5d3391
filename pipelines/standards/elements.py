"""Data elements (数据元): what a column means, declared once in ``elements.yml``.

Cleaning, findings, masking, column comments in PostgreSQL and catalogue items derive from here.
Elements name their parser by its dotted name below ``pipelines.clean`` and do not import it: the
DAG files read this module on every parse and must not load an engine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from pipelines.errors import DeclarationRefused
from pipelines.standards.declared import (
    ELEMENTS_NAME,
    build,
    mapping,
    read_yaml,
    site_folders,
)

Sensitivity = Literal["public", "internal", "personal", "sensitive"]
Mask = Literal["none", "identity_number", "person_name", "phone", "address", "last4", "all"]

COMPANIONS_FILE = Path(__file__).with_name("companions.yml")
ELEMENTS_FILE = Path(__file__).with_name("elements.yml")
_CODE_TABLES = Path(__file__).with_name("code_tables")
_INDUSTRY = "industry"  # whose table is in parts
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class DataElement:
    """One data element; see the head of ``elements.yml`` for the meaning of each field."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    title: str  # Chinese term
    standard: str  # e.g. "GB 11643-1999"
    parser: str  # e.g. "identifiers.citizen_id"
    type: str  # Ibis type of the clean value
    sensitivity: Sensitivity
    mask: Mask
    authority: str  # the department that is authoritative (数源部门), by its short name; "" if many
    code_table: str | None = None
    repeatable: bool = False  # several columns of one source may map to it
    length: int | None = None  # most characters of the clean value, where its form sets them
    description: str = ""
    parameters: Mapping[str, str | int] = field(
        default_factory=dict
    )  # what its parser is made with
    file: Path = field(default=ELEMENTS_FILE, repr=False, compare=False)  # that declares it


def load_elements(file: Path | None = None) -> Mapping[str, DataElement]:
    """All data elements by name: of the package and of the site, or of one file alone.

    Raises:
        DeclarationRefused: an element misses a field, has one that does not exist or of another
            type, or is declared twice.
    """
    return _of_file(file) if file else _everywhere(site_folders())


def load_companions(file: Path = COMPANIONS_FILE) -> Mapping[str, frozenset[str]]:
    """Element to the suffixes of the columns that cleaning adds beside one of it.

    Written by ``make docs`` from the parsers, which take seconds to import. An element of a site
    has those of the package's element with the same parser.
    """
    written = _written_companions(file)
    package = load_elements(ELEMENTS_FILE)
    by_parser = {package[name].parser: suffixes for name, suffixes in written.items()}
    nothing: frozenset[str] = frozenset()
    return {
        name: written.get(name, by_parser.get(element.parser, nothing))
        for name, element in load_elements().items()
    }


@cache
def _everywhere(folders: tuple[Path, ...]) -> Mapping[str, DataElement]:
    elements = dict(_of_file(ELEMENTS_FILE))
    for folder in folders:
        file = folder / ELEMENTS_NAME
        for name, element in (_of_file(file) if file.exists() else {}).items():
            if name in elements:
                problem = f"is declared by {elements[name].file} as well."
                raise DeclarationRefused(file, name, problem, "Give it a name of its own.")
            elements[name] = element
    return elements


@cache
def _written_companions(file: Path) -> Mapping[str, frozenset[str]]:
    return {element: frozenset(suffixes) for element, suffixes in read_yaml(file).items()}


@cache
def _of_file(file: Path) -> Mapping[str, DataElement]:
    return {name: _element(name, fields, file) for name, fields in read_yaml(file).items()}


def _element(name: str, fields: object, file: Path) -> DataElement:
    if not _NAME.fullmatch(name):
        remedy = "Write lower-case English letters, digits and _, 40 at most."
        raise DeclarationRefused(file, name, "is no name of an element.", remedy)
    given = {**mapping(fields, file, name)}
    for key in ("name", "file"):
        if key in given:
            problem, remedy = "is no key that is known here.", "Leave it out."
            raise DeclarationRefused(file, f"{name}.{key}", problem, remedy)
    element: DataElement = build(DataElement, {"name": name, "file": file, **given}, file, name)
    table = element.code_table
    tables = {file.stem for file in _CODE_TABLES.glob("*.csv")} | {_INDUSTRY}
    if table is not None and table not in tables:
        raise DeclarationRefused(
            file,
            f"{name}.code_table",
            f"names {table!r}, which is no code table.",
            f"Choose one of {', '.join(sorted(tables))}.",
        )
    return element
