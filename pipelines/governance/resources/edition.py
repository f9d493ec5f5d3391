"""An edition of the catalogue as JSON, written and read back; the fields are those of ``Entry``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import DeclarationRefused
from pipelines.governance.resources.entry import Entry, Item

FORMAT = "baselib resource catalogue 1"


@dataclass(frozen=True)
class Edition:
    """What was published on a day: ``number`` counts from 1."""

    number: int
    published_on: str
    jurisdiction: str
    entries: Sequence[Entry]


def edition_text(edition: Edition) -> str:
    """The edition as JSON, entries in their order, keys in that of the guide."""
    return json.dumps({"format": FORMAT, **asdict(edition)}, ensure_ascii=False, indent=1) + "\n"


def read_edition(file: Path) -> Edition:
    """An edition that ``edition_text`` wrote.

    Raises:
        DeclarationRefused: the file is none.
    """
    try:
        raw: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if raw["format"] != FORMAT:
            raise ValueError(raw["format"])
        entries = [_entry(each) for each in raw["entries"]]
        return Edition(raw["number"], raw["published_on"], raw["jurisdiction"], entries)
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        problem = f"is no edition of a catalogue ({type(wrong).__name__})."
        remedy = "Name a catalogue.json that `baselib catalog publish` wrote."
        raise DeclarationRefused(file, "the file", problem, remedy) from None


def _entry(fields: Mapping[str, Any]) -> Entry:
    return Entry(**{**fields, "items": [Item(**item) for item in fields["items"]]})
