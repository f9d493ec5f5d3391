"""What departments call the columns that libraries want, and the keys of their records."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.libraries import Library, load_libraries

NAMES_FILE = Path(__file__).with_name("column_names.yml")
_NOISE = re.compile(r"[\s_\-()（）\[\]【】:：、/.*]+")
_BRACKETS = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
_SINGLE = ("key", "changed_at")


def simple(name: str) -> str:
    """A name without blanks, brackets and marks, in small letters."""
    return _NOISE.sub("", name).casefold()


def spellings_of(name: str) -> tuple[str, ...]:
    """A name as it is looked up: whole, then without what stands in brackets (a unit, a hint)."""
    return tuple(dict.fromkeys((simple(name), simple(_BRACKETS.sub("", name)))))


def known_names(library: Library) -> Mapping[str, Mapping[str, str]]:
    """For the library's columns, the key and the change time: simplified name -> column."""
    declared = declared_names()
    single = {column: {simple(name): column for name in declared[column]} for column in _SINGLE}
    delivered = library.delivered_as.items()
    golden = {simple(n): column for column, names in delivered for n in reversed(names)}
    others = (each for each in library.columns.values() if each.name not in library.delivered_as)
    titles = {simple(column.title): column.name for column in others}
    return single | {"golden": titles | golden}


def is_known(name: str) -> bool:
    """Whether any library, or any key, has a column of that name."""
    every = [names for library in load_libraries().values() for names in _of(library)]
    return any(each in names for names in every for each in spellings_of(name))


def _of(library: Library) -> Iterable[Mapping[str, str]]:
    return known_names(library).values()


@cache
def declared_names() -> Mapping[str, Any]:
    """The file as it is."""
    declared: Mapping[str, Any] = yaml.load(
        NAMES_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    return declared
