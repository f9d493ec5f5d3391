"""Write the repair sheets of a report: workbooks and CSV files, split by the size of a mail.

Nothing is left out: what does not fit into one file goes into the next, and the names say which of
how many it is. Memory stays that of one line.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from pipelines.report.repair_sheet.columns import PATTERN_COLUMNS, PATTERN_SHEET
from pipelines.report.repair_sheet.csv import RepairCsv
from pipelines.report.repair_sheet.protect import lock_workbook
from pipelines.report.repair_sheet.rows import Line
from pipelines.report.repair_sheet.workbook import Workbook

ROWS_PER_FILE = 100_000  # more than anybody reads, and an old Excel still opens it in seconds
PLAIN_CSV_BYTES = 1_000_000  # a larger CSV file is packed
# A packed sheet takes as much as its packed lines, and 43 bytes for the XML around each (measured);
# with room to spare.
_PACKED, _AROUND = 1.3, 60


@dataclass(frozen=True)
class SheetFile:
    """One file to attach: where it is, what the recipient sees it called, its rows."""

    path: Path
    name: str
    rows: int


@dataclass(frozen=True)
class Sheets:
    """The files of one report, and how many characters the CSV's encoding could not write."""

    files: Sequence[SheetFile]
    rows: int
    replaced: int
    patterns: int = 0  # wrong values that rows share, in the first workbook and a CSV file


@dataclass(frozen=True)
class SheetPlan:
    """How the sheets of one report are written.

    Args:
        folder: Exists; files in it are named by ``stem``.
        stem: Of the file names on disk.
        title: Of the file names that the recipient sees.
        guide: The workbook's last sheet.
        encoding: Of the CSV file.
        largest: A file becomes no larger than this (bytes); one line always fits.
        password: Locks the workbook. Its lines then differ from those of the CSV file, which
            nothing can lock.
    """

    folder: Path
    stem: str
    title: str
    guide: Sequence[str]
    encoding: str
    largest: int
    password: str | None = None
    patterns: Sequence[Line] = ()  # wrong values that several rows share; whatever the lines' mask


def as_file_name(title: str) -> str:
    """A title without what a file name cannot have."""
    return "".join("_" if letter in '\\/:*?"<>|\r\n\t' else letter for letter in title)


def write_sheets(plan: SheetPlan, lines: Iterable[Line], rows: int = ROWS_PER_FILE) -> Sheets:
    """Write workbooks and CSV files with all ``lines``; without any, an empty sheet."""
    parts = _write_parts(plan, lines, rows, kinds=("xlsx", "csv"))
    return _named(plan, parts)


def write_locked(
    plan: SheetPlan, original: Iterable[Line], shown: Iterable[Line], rows: int = ROWS_PER_FILE
) -> Sheets:
    """The same with ``original`` values in locked workbooks and masked ones in CSV files."""
    books = _write_parts(plan, original, rows, kinds=("xlsx",))
    return _named(plan, [*books, *_write_parts(plan, shown, rows, kinds=("csv",))])


@dataclass
class _Part:
    paths: Sequence[Path]
    rows: int = 0
    replaced: int = 0


def _write_parts(
    plan: SheetPlan, lines: Iterable[Line], rows: int, kinds: Sequence[str]
) -> list[_Part]:
    parts: list[_Part] = []
    waiting = iter(lines)
    line = next(waiting, None)
    while line is not None or not parts:
        stem = plan.folder / f"{plan.stem}-{len(parts) + 1:02}"
        part = _Part([stem.with_name(f"{stem.name}.{kind}") for kind in kinds])
        size = _Size()
        with ExitStack() as stack:
            writers = [_writer(path, plan, first=not parts) for path in part.paths]
            for writer in writers:
                stack.enter_context(writer)
            while line is not None and part.rows < rows and size.bytes < plan.largest:
                for writer in writers:
                    writer.append(line)
                size.add(line)
                part.rows += 1
                line = next(waiting, None)
        part.replaced = sum(w.replaced for w in writers if isinstance(w, RepairCsv))
        parts.append(part)
    return parts


def _writer(path: Path, plan: SheetPlan, *, first: bool) -> Workbook | RepairCsv:
    if path.suffix != ".xlsx":
        return RepairCsv(path, plan.encoding)
    return Workbook(path, plan.guide, plan.patterns if first else ())


def _named(plan: SheetPlan, parts: Sequence[_Part]) -> Sheets:
    files = []
    for kind in ("xlsx", "csv"):
        found = [(part, path) for part in parts for path in part.paths if path.suffix[1:] == kind]
        for number, (part, path) in enumerate(found, start=1):
            of = f"-第{number}册共{len(found)}册" if len(found) > 1 else ""
            name = f"{plan.title}{of}.{kind}"
            if kind == "xlsx" and plan.password is not None:
                lock_workbook(path, plan.password)
            if kind == "csv" and path.stat().st_size > PLAIN_CSV_BYTES:
                path, name = _packed(path, name), f"{name}.zip"
            files.append(SheetFile(path, name, part.rows))
    files.sort(key=lambda each: (not each.path.name.endswith(".xlsx"), each.path.name))
    return Sheets(
        files=[*files, *_pattern_file(plan)],
        patterns=len(plan.patterns),
        rows=sum(part.rows for part in parts if part.paths[0].suffix == ".xlsx"),
        replaced=sum(part.replaced for part in parts),
    )


def _pattern_file(plan: SheetPlan) -> Iterator[SheetFile]:
    """The sheet of patterns for whoever works with CSV files."""
    if plan.patterns:
        path = plan.folder / f"{plan.stem}-patterns.csv"
        with RepairCsv(path, plan.encoding, PATTERN_COLUMNS) as table:
            for line in plan.patterns:
                table.append(line)
        yield SheetFile(path, f"{plan.title}-{PATTERN_SHEET}.csv", len(plan.patterns))


def _packed(path: Path, name: str) -> Path:
    packed = path.with_suffix(".csv.zip")
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.write(path, arcname=name)
    path.unlink()
    return packed


class _Size:
    """How large the packed file has become, well enough to end it in time."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(level=1)
        self._packed = 0
        self._lines = 0

    def add(self, line: Line) -> None:
        text = "\x1f".join("" if cell is None else str(cell) for cell in line)
        self._packed += len(self._packer.compress(text.encode("utf-8", "replace")))
        self._lines += 1

    @property
    def bytes(self) -> float:
        return self._packed * _PACKED + self._lines * _AROUND
