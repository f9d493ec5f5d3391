"""The header of a delivery against its contract."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pipelines.contracts.column_names import trimmed
from pipelines.contracts.source import Source
from pipelines.errors import MissingColumn, UnreadableDelivery

NO_NAME = "(no name)"  # what a JSON key without a character is called


def header_names(source: Source, file: str, written: Sequence[str]) -> tuple[str, ...]:
    """Column names from a header line: trimmed, and each different from the others.

    A column without a name is called by its place (``column_3``); of several columns of one name,
    which nobody may map, the second is called ``name (2)``.

    Raises:
        UnreadableDelivery: the line is no header, or two columns have the name of a mapped one.
    """
    names = [trimmed(name) for name in written]
    if not set(names) & mapped_names(source):
        _refuse_misread(source, file, names)
        raise UnreadableDelivery(
            source.name,
            file,
            "Its first line names none of the mapped columns, so it is no header line.",
            "Check encoding and delimiter in the contract, or ask for a file with a header that "
            f"has {', '.join(sorted(mapped_names(source)))}.",
        )
    _refuse_ambiguous(source, file, names)
    return tuple(_distinct(names))


# How text was encoded, and as what somebody read it.
_MISREAD = (
    ("utf-8", "gb18030"), ("utf-8", "cp1252"), ("utf-8", "latin-1"), ("gb18030", "cp1252"),
    ("gb18030", "latin-1"), ("big5", "gb18030"),
)  # fmt: skip
_SPOKEN = {"utf-8": "UTF-8", "gb18030": "GBK", "big5": "Big5"}


def _refuse_misread(source: Source, file: str, names: Sequence[str]) -> None:
    """Say so where a header has a mapped column as it looks to who reads it in a wrong encoding."""
    found = {_kept(name): name for name in names if len(_kept(name)) > 1}
    for was, seen_as in _MISREAD:
        for name in sorted(mapped_names(source)):
            shown = _kept(name.encode(was, "ignore").decode(seen_as, "replace"))
            if shown != name and shown in found:
                raise UnreadableDelivery(
                    source.name, file,
                    f"It was {_SPOKEN[was]}, was read as {_SPOKEN.get(seen_as, 'Latin-1')} and "
                    f"saved again before it was delivered: {found[shown]!r} is {name!r}.",
                    "Ask for the file as the original system exports it.",
                )  # fmt: skip


def _kept(name: str) -> str:
    """What is left of a misread name, without what stands for bytes that were lost."""
    return trimmed(name.replace("\ufffd", "").replace("?", ""))


def _distinct(names: Sequence[str]) -> list[str]:
    """Names with their place where there is none, and with a number where there are several."""
    taken, distinct = set(names), list[str]()
    for place, name in enumerate(names, start=1):
        wanted, number = name or f"column_{place}", 1
        while wanted in distinct or ((number > 1 or not name) and wanted in taken):
            number += 1
            wanted = f"{name or f'column_{place}'} ({number})"
        distinct.append(wanted)
    return distinct


def key_names(keys: Iterable[str]) -> dict[str, str]:
    """Column name of each key of JSON objects: trimmed, except where that is another key's."""
    named: dict[str, str] = {}
    given = list(dict.fromkeys(keys))
    taken = {key for key in given if key == trimmed(key)}
    for key in given:
        name = trimmed(key)
        named[key] = (name if name == key or name not in taken else key) or NO_NAME
        taken.add(named[key])
    return named


def _refuse_ambiguous(source: Source, file: str, names: Sequence[str]) -> None:
    counts = Counter(names)
    twice = sorted(name for name in mapped_names(source) if counts[name] > 1)
    if twice:
        places = [str(place) for place, name in enumerate(names, start=1) if name == twice[0]]
        raise UnreadableDelivery(
            source.name,
            file,
            f"{len(places)} columns are called {twice[0]!r}, which the contract maps: the columns "
            f"{', '.join(places)}.",
            "Ask for a delivery in which this column has a name of its own.",
        )


def mapped_names(source: Source) -> set[str]:
    """The delivered names of the columns that the contract maps."""
    return {column.physical_name for column in source.columns}


def require_mapped(source: Source, file: str, found: Iterable[str]) -> None:
    """Raise MissingColumn where a mapped column was not delivered."""
    names = list(found)
    wanted = dict.fromkeys(column.physical_name for column in source.columns)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise MissingColumn(source.name, file, missing, names)
