"""The data dictionary as one page: search, entries with their items, and what feeds what.

The page loads nothing from elsewhere; every value is escaped by Jinja.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.governance.page_template import page_template
from pipelines.governance.resources.edition import Edition
from pipelines.governance.resources.entry import DATA_TYPES, TITLES, Entry, texts_of

_TEMPLATES = Path(__file__).with_name("templates")
_ROW = 34  # height of a box of the lineage picture and the gap below it, in pixels


@dataclass(frozen=True)
class Lineage:
    """Picture of a library: its sources left, what is made of it right; ``y`` from the top."""

    library: Entry
    sources: Sequence[tuple[Entry, int]]
    made: Sequence[tuple[Entry, int]]
    y: int
    height: int


def dictionary_page(edition: Edition, title: str, scores: Mapping[str, float] | None = None) -> str:
    """The page of an edition; ``scores``: of the latest batch or run, by origin."""
    return page_template(_TEMPLATES, "dictionary.html.j2").render(
        title=title,
        edition=edition,
        entries=[(each, _shown(each)) for each in edition.entries],
        data_types=DATA_TYPES,
        scores=scores or {},
        lineages=[
            lineage for each in edition.entries if (lineage := _lineage(each, edition.entries))
        ],
    )


def _shown(entry: Entry) -> Mapping[str, str]:
    texts = {title: text for title, text in texts_of(entry).items() if text}
    texts[TITLES["open"]] = "是" if entry.is_open else "否"
    return texts


def _lineage(entry: Entry, entries: Sequence[Entry]) -> Lineage | None:
    if not entry.origin.startswith("library "):
        return None
    related = [each for each in entries if entry.code in each.related]
    feeding = [each for each in related if each.origin.startswith("source ")]
    made = [each for each in related if each.origin.startswith(("open ", "grant "))]
    height = max(len(feeding), len(made), 1) * _ROW
    return Lineage(
        entry, _placed(feeding, height), _placed(made, height), (height - _ROW) // 2, height
    )


def _placed(entries: Sequence[Entry], height: int) -> Sequence[tuple[Entry, int]]:
    """Boxes below each other, in the middle of the height."""
    top = (height - len(entries) * _ROW) // 2
    return [(each, top + place * _ROW) for place, each in enumerate(entries)]
