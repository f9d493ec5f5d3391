"""What changed between two editions of the catalogue, by origin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.governance.resources.entry import ITEM_TITLES, Entry, Item, texts_of

_NOT_COMPARED = "发布日期"  # that of the edition, not a change of the resource


@dataclass(frozen=True)
class Change:
    """An entry that is new, gone or changed; of one that changed, each field old and new."""

    origin: str
    name: str
    kind: Literal["added", "removed", "changed"]
    fields: Sequence[tuple[str, str, str]] = ()  # title, before, after


def compare_editions(before: Sequence[Entry], after: Sequence[Entry]) -> list[Change]:
    """Changes from one edition to the next: those of ``after`` in its order, then what is gone."""
    old = {each.origin: each for each in before}
    new = {each.origin: each for each in after}
    changes = []
    for origin, entry in new.items():
        if origin not in old:
            changes.append(Change(origin, entry.name, "added"))
        elif fields := list(_changed(old[origin], entry)):
            changes.append(Change(origin, entry.name, "changed", fields))
    gone = [Change(each.origin, each.name, "removed") for each in before if each.origin not in new]
    return changes + gone


def _changed(before: Entry, after: Entry) -> list[tuple[str, str, str]]:
    old, new = texts_of(before), texts_of(after)
    fields = [
        (title, old[title], text)
        for title, text in new.items()
        if old[title] != text and title != _NOT_COMPARED
    ]
    return fields + _changed_items(before.items, after.items)


def _changed_items(before: Sequence[Item], after: Sequence[Item]) -> list[tuple[str, str, str]]:
    old = {each.physical_name or each.name: _item_texts(each) for each in before}
    new = {each.physical_name or each.name: _item_texts(each) for each in after}
    changed = []
    for name in {**old, **new}:
        was, now = old.get(name, {}), new.get(name, {})
        if was != now:
            changed.append((f"信息项 {name}", _shown(was), _shown(now)))
    return changed


def _item_texts(item: Item) -> Mapping[str, str]:
    return {title: getattr(item, name) for name, title in ITEM_TITLES.items()}


def _shown(texts: Mapping[str, str]) -> str:
    return "，".join(f"{title} {text}" for title, text in texts.items() if text)
