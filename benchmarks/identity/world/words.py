"""The vocabulary of ``words.yml``, ready for drawing."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

FILE = Path(__file__).with_name("words.yml")


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def words(name: str) -> Sequence[str]:
    """The words of a list, each once, in their order."""
    return tuple(dict.fromkeys(_document()[name].split()))


def characters(name: str) -> Sequence[str]:
    """The characters of a list, each once."""
    return tuple(dict.fromkeys(_document()[name]))


def given_characters(generation: int, sex: str) -> Sequence[str]:
    """Characters of given names of a generation, commonest first."""
    return tuple(dict.fromkeys(_document()["given"][generation][sex]))


@cache
def all_given_characters(sex: str) -> Sequence[str]:
    """Characters of the given names of all generations."""
    lists = (given_characters(g, sex) for g in range(3))
    return tuple(dict.fromkeys(c for one in lists for c in one))


def pairs(name: str) -> Sequence[Sequence[str]]:
    """A list of lists."""
    found: Sequence[Sequence[str]] = _document()[name]
    return found


def zipf(size: int, offset: float, power: float) -> NDArray[np.float64]:
    """Probabilities that fall with the rank."""
    weights = (np.arange(size) + offset) ** -power
    return weights / weights.sum()
