"""The header of a delivery against its contract."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pipelines.contracts.source import Source
from pipelines.errors import MissingColumn, UnreadableDelivery

ADDED = ("_batch", "_file", "_line", "_defect", "_text")


def header_names(source: Source, file: str, written: Sequence[str]) -> tuple[str, ...]:
    """Column names from a header line: trimmed; a column without a name is called by its place.

    Raises:
        UnreadableDelivery: the line is no header, or two columns have one name (to a database,
            which does not tell capitals from small letters).
    """
    trimmed = [name.strip("\ufeff\u200b \t\r\n\u3000\xa0") for name in written]
    if not set(trimmed) & mapped_names(source):
        raise UnreadableDelivery(
            source.name,
            file,
            "Its first line names none of the mapped columns, so it is no header line.",
            "Check encoding and delimiter in the contract, or ask for a file with a header that "
            f"has {', '.join(sorted(mapped_names(source)))}.",
        )
    names = [name or f"column_{place}" for place, name in enumerate(trimmed, start=1)]
    refuse_unusable(source, file, names)
    return tuple(names)


def refuse_unusable(source: Source, file: str, names: Iterable[str]) -> None:
    """Refuse names that a table cannot have.

    Raises:
        UnreadableDelivery: one is empty, two are equal (to a database, which does not tell
            capitals from small letters), or one is that of a column that we add.
    """
    listed = list(names)
    counts = Counter(name.casefold() for name in listed)
    twice = sorted({name for name in listed if counts[name.casefold()] > 1 or not name.strip()})
    if twice:
        raise UnreadableDelivery(
            source.name,
            file,
            f"Its columns have a name more than once, or none: {', '.join(map(repr, twice))}.",
            "Ask for a delivery in which every column has a name of its own.",
        )
    taken = sorted(name for name in listed if name.casefold() in ADDED)
    if taken:
        raise UnreadableDelivery(
            source.name,
            file,
            f"Its column(s) {', '.join(taken)} have a name that baselib adds itself.",
            "Ask for other column names.",
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
