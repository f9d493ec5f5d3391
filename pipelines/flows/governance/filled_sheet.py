"""Check of a catalogue sheet that a department filled in, read as intake reads a delivery."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.extract.known_names import known_names, spellings_of
from pipelines.flows.governance.catalogue import today_of
from pipelines.flows.governance.register_sheet import read_register
from pipelines.governance.resources.filled import (
    FILLED_COLUMNS,
    REQUIRED_COLUMNS,
    entries_of_rows,
)
from pipelines.governance.resources.lint import CatalogueFault, lint
from pipelines.libraries import load_libraries
from pipelines.settings import Settings
from pipelines.standards.elements import Sensitivity

_ORDER: Sequence[Sensitivity] = ("public", "internal", "personal", "sensitive")


@dataclass(frozen=True)
class LintedSheet:
    """How many entries a sheet has, lines that are no record, and what is wrong."""

    entries: int
    defects: Sequence[tuple[int, str]]
    faults: Sequence[CatalogueFault]


def lint_sheet(settings: Settings, file: Path) -> LintedSheet:
    """Check every entry of a sheet.

    Raises:
        UnreadableDelivery, MissingColumn: it is no sheet of a catalogue.
    """
    sheet = read_register(settings, file, FILLED_COLUMNS, REQUIRED_COLUMNS)
    rows = ((row.line, row.values) for row in sheet.rows)
    entries = entries_of_rows(rows, sensitivity_of)
    return LintedSheet(len(entries), sheet.defects, lint(entries, today_of(settings)))


def sensitivity_of(name: str) -> Sensitivity:
    """What an item of this name holds, as far as any library knows the name; else public."""
    found: list[Sensitivity] = ["public"]
    for library in load_libraries().values():
        golden = known_names(library)["golden"]
        columns = (golden.get(spelling) for spelling in spellings_of(name))
        found += [library.columns[each].element.sensitivity for each in columns if each]
    return max(found, key=_ORDER.index)
