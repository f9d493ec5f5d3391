"""Declarations in YAML: where those of a site are, and how a file is read or refused.

``BASELIB_LIBRARIES`` names folders with libraries and data elements besides those of the package.
It is read where it is needed and not passed on as a setting: every process of a run, every DAG file
and every parser looks declarations up, and all of them must see the same ones.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from pipelines.errors import DeclarationRefused

FOLDERS_VARIABLE = "BASELIB_LIBRARIES"
ELEMENTS_NAME = "elements.yml"  # in each of the folders; every other *.yml there is a library
_UNKNOWN_KEY = ("unexpected_keyword_argument", "extra_forbidden")


class _StrictLoader(yaml.CSafeLoader):
    """The safe loader, except that a key written twice is refused: YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key_node.value for key_node, _ in node.value]
        for place, key in enumerate(keys):
            if not isinstance(key, list) and key in keys[:place]:
                mark = node.value[place][0].start_mark
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} is written twice", problem_mark=mark
                )
        return super().construct_mapping(node, deep)


def site_folders() -> tuple[Path, ...]:
    """The folders that ``BASELIB_LIBRARIES`` names, in its order."""
    named = os.environ.get(FOLDERS_VARIABLE, "").split(":")
    return tuple(Path(folder).expanduser().resolve() for folder in named if folder)


def declaration_files(folder: Path) -> list[Path]:
    """The YAML files of a folder of declarations, sorted.

    Raises:
        DeclarationRefused: there is no such folder, or a file in it would be overlooked.
    """
    if not folder.is_dir():
        raise DeclarationRefused(
            folder, FOLDERS_VARIABLE, "names no folder.", f"Correct {FOLDERS_VARIABLE}."
        )
    for file in sorted(folder.glob("*.yaml")):
        raise DeclarationRefused(
            file, "the file's name", "does not end in .yml.", f"Rename it to {file.stem}.yml."
        )
    return sorted(folder.glob("*.yml"))


def read_yaml(file: Path) -> Mapping[str, Any]:
    """The mapping that a declaration file holds.

    Raises:
        DeclarationRefused: it cannot be read, is no YAML, has a key twice, or is no mapping.
    """
    try:
        raw = yaml.load(file.read_text(encoding="utf-8-sig"), _StrictLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError) as wrong:
        raise DeclarationRefused(
            file,
            "the file",
            f"cannot be read ({type(wrong).__name__}).",
            "Save it as UTF-8 and let this user read it.",
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as wrong:
        raise DeclarationRefused(
            file, _place(wrong), f"is not valid YAML: {_problem(wrong)}.", "Correct the line."
        ) from None
    if not isinstance(raw, dict) or not raw:
        problem = "is empty." if not raw else "is no mapping of names to values."
        remedy = "Write it as docs/libraries.md shows."
        raise DeclarationRefused(file, "the file", problem, remedy)
    return mapping(raw, file, "the file")


def mapping(value: object, file: Path, where: str) -> Mapping[str, Any]:
    """The value, which must be a mapping whose keys are texts.

    Raises:
        DeclarationRefused: it is not.
    """
    if not isinstance(value, dict):
        raise DeclarationRefused(file, where, "is no mapping.", "Write name: value below it.")
    for key in value:
        if not isinstance(key, str):
            raise DeclarationRefused(
                file, where, f"has the key {key!r}, which is no text.", "Put it in quotes."
            )
    return value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def build(kind: Any, fields: Mapping[str, Any], file: Path, where: str = "") -> Any:
    """The declared object of a dataclass, its types checked and every key known.

    Raises:
        DeclarationRefused: a key is missing, unknown, or has a value of another type.
    """
    try:
        return _adapter(kind).validate_python(dict(fields))
    except ValidationError as invalid:
        # A misspelt key is the cause of the one that is missing.
        error = min(invalid.errors(), key=lambda one: one["type"] not in _UNKNOWN_KEY)
        place = ".".join([where, *map(str, error["loc"])]).strip(".") or "the file"
        raise DeclarationRefused(file, place, *_told(error["type"], error["msg"])) from None


def _told(kind: str, message: str) -> tuple[str, str]:
    """Problem and remedy of what Pydantic found."""
    if kind in ("missing", "missing_argument"):
        return "is missing.", "Write it; docs/libraries.md says what it means."
    if kind in _UNKNOWN_KEY:
        return "is no key that is known here.", "Correct its spelling; see docs/libraries.md."
    return f"cannot be this: {message}.", "Correct the value; see docs/libraries.md."


def _place(wrong: Exception) -> str:
    mark = getattr(wrong, "problem_mark", None)
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"


def _problem(wrong: Exception) -> str:
    return str(getattr(wrong, "problem", None) or type(wrong).__name__)
