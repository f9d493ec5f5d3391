"""The libraries there are: those of the package and those of the site, by name and in order."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.errors import UnknownLibrary
from pipelines.libraries.check import refuse_among_libraries
from pipelines.libraries.declaration import Library
from pipelines.libraries.read import read_library
from pipelines.standards.declared import ELEMENTS_NAME, declaration_files, site_folders
from pipelines.standards.rules import Rule, load_rules

LIBRARIES_DIR = Path(__file__).parent


def load_libraries(folder: Path | None = None) -> Mapping[str, Library]:
    """All libraries by name: of the package and of the site (``BASELIB_LIBRARIES``).

    Args:
        folder: Read this one instead; what its libraries refer to may be there or be in force.

    Raises:
        DeclarationRefused: a declaration cannot work; says file, field and remedy.
    """
    if folder is None:
        return _in_force((LIBRARIES_DIR, *site_folders()))
    return _drafts(folder, (LIBRARIES_DIR, *site_folders()))


def load_library(name: str) -> Library:
    """One library.

    Raises:
        UnknownLibrary: nothing declares it.
    """
    libraries = load_libraries()
    if name not in libraries:
        raise UnknownLibrary(name, sorted(libraries))
    return libraries[name]


def rules_of_library(name: str) -> Mapping[str, Rule]:
    """All rules by code, in the words of this library; the general ones if it is not declared."""
    library = load_libraries().get(name)
    rules = dict(load_rules())
    for code, declared in (library.wording if library else {}).items():
        words: dict[str, Any] = {str(key): text for key, text in declared.items()}
        rules[code] = replace(rules[code], **words)
    return rules


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


@cache
def _in_force(folders: tuple[Path, ...]) -> Mapping[str, Library]:
    read = [library for folder in folders for library in _of_folder(folder)]
    libraries = {library.name: library for library in sorted(read, key=lambda one: one.name)}
    refuse_among_libraries(read, libraries)
    return libraries


@cache
def _drafts(folder: Path, folders: tuple[Path, ...]) -> Mapping[str, Library]:
    read = _of_folder(folder)
    drafted = {library.name: library for library in read}
    refuse_among_libraries(read, {**_in_force(folders), **drafted})
    return drafted


def _of_folder(folder: Path) -> list[Library]:
    files = declaration_files(folder)
    return [read_library(file) for file in files if file.name != ELEMENTS_NAME]
