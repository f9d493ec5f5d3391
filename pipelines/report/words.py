"""Vocabulary of the reports by language: the words that no declaration has (``words.yml``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from pipelines.libraries import load_libraries
from pipelines.standards.rules import Language


@dataclass(frozen=True)
class Vocabulary:
    """One language's words."""

    periods: Mapping[str, str]
    words: Mapping[str, str]
    breaches: Mapping[str, str]  # kind of breach of a requirement to its sentence
    guide: Sequence[str]  # title and paragraphs, with names in braces


@cache
def vocabulary(language: Language) -> Vocabulary:
    """The words of a language; every language has the same ones."""
    declared = yaml.load(
        Path(__file__).with_name("words.yml").read_text(encoding="utf-8"), yaml.CSafeLoader
    )
    return Vocabulary(**declared[language])


def units_in(language: Language) -> Mapping[str, str]:
    """Library to what its entities are counted in, as the libraries declare it."""
    return {name: library.counted_as[language] for name, library in load_libraries().items()}


def in_number(unit: str, number: int) -> str:
    """A unit as it is said of a number: ``person|people``, ``house(s)``; one word is itself."""
    one, _, several = unit.partition("|")
    if "(s)" in one:
        one, several = one.replace("(s)", ""), one.replace("(s)", "s")
    return one if number == 1 or not several else several
