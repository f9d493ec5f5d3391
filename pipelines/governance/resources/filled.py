"""Entries out of a sheet that a department filled in, as they stand there, for ``lint``.

One row per information item, the entry's cells merged over its rows, repeated in them or written in
the first alone. Nothing is mended here: what is wrong is to be said by the rules.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.governance.resources.entry import DATA_TYPES, ITEM_TITLES, TITLES, Entry, Item
from pipelines.governance.resources.sheet import CLASSIFICATION, COLUMNS
from pipelines.standards.elements import Sensitivity

FILLED_COLUMNS: Mapping[str, str] = {title: title for title in COLUMNS}
REQUIRED_COLUMNS = (TITLES["name"], ITEM_TITLES["name"])
_PARTED = re.compile(r"[、,，;；|]\s*")
_TYPE = re.compile(r"(?P<code>[A-Z])|(?P<word>\w+?型)\s*[（(]?(?P<both>[A-Z])?[)）]?")
_LISTS = ("formats", "related")


@dataclass
class _Draft:
    """An entry while its rows are read: the line where it begins, its texts and its items."""

    line: int
    texts: Mapping[str, str]
    items: list[Item] = field(default_factory=list)


def entries_of_rows(
    rows: Iterable[tuple[int, Mapping[str, str]]], sensitivity: Callable[[str], Sensitivity]
) -> list[Entry]:
    """The entries of a sheet in their order; ``origin`` is the line where each begins.

    Args:
        rows: Line and cells by title (``FILLED_COLUMNS``).
        sensitivity: What an item of this name holds, as far as its name tells.
    """
    drafts: list[_Draft] = []
    for line, cells in rows:
        if not drafts or _begins(cells, drafts[-1]):
            drafts.append(_Draft(line, cells))
        item = _item(cells, sensitivity)
        if item is not None:
            drafts[-1].items.append(item)
    return [_entry(draft) for draft in drafts]


def _begins(cells: Mapping[str, str], draft: _Draft) -> bool:
    """Whether a row names another resource than the one that is being read."""
    return any(
        cells.get(TITLES[name], "") not in ("", draft.texts.get(TITLES[name], ""))
        for name in ("name", "code", "provider")
    )


def _item(cells: Mapping[str, str], sensitivity: Callable[[str], Sensitivity]) -> Item | None:
    texts = {name: cells.get(title, "") for name, title in ITEM_TITLES.items()}
    if not any(texts.values()):
        return None
    kind = data_type_of(texts.pop("data_type"))
    return Item(**texts, data_type=kind, sensitivity=sensitivity(texts["name"]))


def data_type_of(text: str) -> str:
    """The code of a data type, written as ``C``, ``字符型``, ``字符型C`` or ``字符型（C）``.

    >>> data_type_of("字符型（C）"), data_type_of("日期型"), data_type_of("文本")
    ('C', 'D', '文本')
    """
    found = _TYPE.fullmatch(text.strip())
    if not found:
        return text
    by_word = next((code for code, word in DATA_TYPES.items() if word == found["word"]), None)
    code = found["code"] or found["both"] or by_word
    agrees = by_word is None or code == by_word
    return code if code and code in DATA_TYPES and agrees else text


def _entry(draft: _Draft) -> Entry:
    texts = {name: draft.texts.get(title, "") for name, title in TITLES.items()}
    path = [draft.texts.get(title, "") for title in CLASSIFICATION]
    while path and not path[-1]:
        path.pop()
    lists: dict[str, Sequence[str]] = {
        name: [part for part in _PARTED.split(texts.pop(name)) if part] for name in _LISTS
    }
    texts.pop("classification")
    origin = f"第 {draft.line} 行"
    return Entry(origin, items=draft.items, classification=path, **lists, **texts)  # type: ignore[arg-type]
