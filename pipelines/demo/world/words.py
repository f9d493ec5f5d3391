"""The words that names, addresses and firms of the city are made of, from ``words.yml``."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

WORDS_FILE = Path(__file__).with_name("words.yml")


@cache
def _all_words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.load(WORDS_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return words


def words(*path: str) -> Any:
    """The entry at a path of keys, as it is."""
    entry: Any = _all_words()
    for key in path:
        entry = entry[key]
    return entry


def word_list(*path: str) -> list[str]:
    """The entry at a path of keys, a text of words separated by spaces."""
    text: str = words(*path)
    return text.split()
