"""Data elements (数据元): what a column means, declared once in ``elements.yml``.

Cleaning, findings, masking, column comments in PostgreSQL and catalogue items derive from here.
Elements name their parser by its dotted name below ``pipelines.clean`` and do not import it: the
DAG files read this module on every parse and must not load an engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from pipelines.errors import DeclarationRefused

Sensitivity = Literal["public", "internal", "personal", "sensitive"]
Mask = Literal["none", "identity_number", "person_name", "phone", "address", "last4", "all"]

COMPANIONS_FILE = Path(__file__).with_name("companions.yml")
ELEMENTS_FILE = Path(__file__).with_name("elements.yml")


@dataclass(frozen=True)
class DataElement:
    """One data element; see the head of ``elements.yml`` for the meaning of each field."""

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
    description: str = ""


@cache
def load_elements(file: Path = ELEMENTS_FILE) -> Mapping[str, DataElement]:
    """All data elements by name.

    Raises:
        DeclarationRefused: an element misses a field, or has one that does not exist.
    """
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    elements: dict[str, DataElement] = {}
    for name, fields in declared.items():
        try:
            elements[name] = DataElement(name=name, **fields)
        except TypeError as error:
            raise DeclarationRefused(
                file, name, str(error), "Compare with the other elements."
            ) from None
    return elements


@cache
def load_companions(file: Path = COMPANIONS_FILE) -> Mapping[str, frozenset[str]]:
    """Element to the suffixes of the columns that cleaning adds beside one of it.

    Written by ``make docs`` from the parsers, which take seconds to import.
    """
    declared = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {element: frozenset(suffixes) for element, suffixes in declared.items()}
