"""Workbooks of any kind as chunks: which sheets are read, and what is said of the others.

Excel keeps 15 digits of a number, so an 18-digit identifier that was typed as a number is damaged,
even where its check digit happens to fit: it is handed on as ``1.10105199001011E+17``.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pipelines.contracts.source import Source
from pipelines.errors import UnreadableDelivery
from pipelines.extract.formats.chunk import Chunk, with_column
from pipelines.extract.formats.columns import mapped_names
from pipelines.extract.formats.recognise import NAMES, Kind, recognise
from pipelines.extract.formats.sheets.cell_text import Cell, show
from pipelines.extract.formats.sheets.html import HtmlTables
from pipelines.extract.formats.sheets.ods import OpenDocument
from pipelines.extract.formats.sheets.old import OldWorkbook
from pipelines.extract.formats.sheets.rows import HEADER_ROWS, ROWS, Row, has_header, read_rows
from pipelines.extract.formats.sheets.spreadsheet_xml import SpreadsheetXml
from pipelines.extract.formats.sheets.xlsx import DamagedWorkbook, Workbook
from pipelines.extract.limits import STANDARD, Limits
from pipelines.extract.remarks import remark

__all__ = ["HEADER_ROWS", "SHEETS", "Cell", "first_rows", "read_excel", "show"]

_OF_A_COVER = 2  # cells in a row of text, at most: a label and what it says
SHEETS: tuple[Kind, ...] = ("xlsx", "xls", "xlsb", "ods", "html", "spreadsheet_xml")


@dataclass(frozen=True)
class Book:
    """Names of sheets in order, those that are hidden, and the rows of one.

    ``has_states``: whether errors, merges and hidden rows are known.
    """

    names: Sequence[str]
    hidden: frozenset[str]
    rows: Callable[[str], Iterator[Row]]
    glance: Callable[[str], Iterator[Row]]  # the same without what takes a second pass
    has_states: bool = True


def read_excel(
    source: Source,
    file: Path,
    rows: int = ROWS,
    limits: Limits = STANDARD,
    kind: Kind | None = None,
) -> Iterator[Chunk]:
    """The records of the sheets that the contract names, else of the one that has its columns.

    The line of a record is its row number in the sheet. See ``sheets.rows`` for what is a record.

    Raises:
        UnreadableDelivery: it is no workbook, is locked, has no such sheet or no header, or has
            several sheets with the columns of the contract, which names none.
    """
    kind = kind or recognise(file)
    with _opened(source, file, kind, limits) as book:
        sheets, unread = _wanted_sheets(source, file, book)
        remarks = [] if book.has_states else [remark(source, "no_states", file.name)]
        if unread:
            remarks.append(remark(source, "other_sheets", file.name, detail="、".join(unread)))
        for name in sheets:
            part = f"[{name}]" if source.server.sheets else ""
            for chunk in read_rows(source, file.name, book.rows(name), part, rows, remarks):
                yield with_column(chunk, source.server.sheet_column, name)
            remarks = []


def first_rows(source: Source, file: Path) -> dict[str, list[Row]]:
    """The first rows of each visible sheet, to look at; of all sheets where none is visible."""
    with _opened(source, file, recognise(file), STANDARD) as book:
        visible = [name for name in book.names if name not in book.hidden] or list(book.names)
        return {name: list(islice(book.glance(name), HEADER_ROWS)) for name in visible}


@contextmanager
def _opened(source: Source, file: Path, kind: Kind, limits: Limits) -> Iterator[Book]:
    workbook: Workbook | None = None
    try:
        if kind == "xlsx":
            workbook = Workbook(file)
            yield _book_of(workbook, limits)
        elif kind in SHEETS:
            yield _other_book(file, kind, limits)
        else:
            raise _not_a_workbook(source, file, kind)
    except (DamagedWorkbook, OSError, EOFError) as wrong:
        raise UnreadableDelivery(
            source.name, file.name,
            f"It is {NAMES[kind]}, and damaged ({wrong or type(wrong).__name__}).",
            "Ask for it to be saved as .xlsx again.",
        ) from None  # fmt: skip
    finally:
        if workbook is not None:
            workbook.close()


def _book_of(workbook: Workbook, limits: Limits) -> Book:
    sheets = {sheet.name: sheet for sheet in workbook.sheets}
    hidden = frozenset(name for name, sheet in sheets.items() if sheet.hidden)
    return Book(
        list(sheets), hidden,
        lambda name: workbook.rows(sheets[name], limits.merged_cells),
        lambda name: workbook.rows(sheets[name]),
    )  # fmt: skip


def _other_book(file: Path, kind: Kind, limits: Limits) -> Book:
    if kind == "html":
        html = HtmlTables(file)
        return Book(html.names, frozenset(), html.rows, html.rows)
    if kind == "spreadsheet_xml":
        xml = SpreadsheetXml(file)
        return Book(xml.names, frozenset(), xml.rows, xml.rows)
    if kind == "ods":
        ods = OpenDocument(file)
        return Book(ods.names, frozenset(), ods.rows, ods.rows)
    old = OldWorkbook(file)
    return Book(
        old.names, frozenset(old.hidden), lambda name: old.rows(name, limits.merged_cells),
        old.rows, old.has_states,
    )  # fmt: skip


def _not_a_workbook(source: Source, file: Path, kind: Kind) -> UnreadableDelivery:
    if kind == "locked":
        return UnreadableDelivery(
            source.name, file.name, "It is a workbook that is locked with a password.",
            "Ask for it to be saved as .xlsx without a password.",
        )  # fmt: skip
    return UnreadableDelivery(
        source.name, file.name, f"It is no workbook, but {NAMES[kind]}.",
        "Correct servers[0].format in the contract, or ask for it to be saved as .xlsx.",
    )  # fmt: skip


def _wanted_sheets(source: Source, file: Path, book: Book) -> tuple[list[str], list[str]]:
    """The sheets to read, and those with rows that nobody mentions."""
    server = source.server
    named = list(server.sheets or ([server.sheet] if server.sheet else []))
    visible = [name for name in book.names if name not in book.hidden] or list(book.names)
    if named == ["*"]:
        return _all_sheets(source, book, visible)
    missing = [name for name in named if name not in book.names]
    if missing or not book.names:
        raise UnreadableDelivery(
            source.name, file.name,
            f"It has no sheet {', '.join(map(repr, missing or ['at all']))}, but "
            f"{', '.join(book.names)}.", "Correct the property sheet or sheets of servers[0].",
        )  # fmt: skip
    if named:
        return named, []
    return _found_sheet(source, file, book, visible)


def _all_sheets(source: Source, book: Book, visible: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those in which anything is written; a cover with lines of text beside tables is not read."""
    heads = {name: list(islice(book.glance(name), HEADER_ROWS)) for name in visible}
    filled = [name for name, rows in heads.items() if rows]
    mapped = mapped_names(source)
    covers = [
        name
        for name in filled
        if source.server.header_row != 0
        and all(len(row.cells) <= _OF_A_COVER for row in heads[name])
        and not any(text.strip() in mapped for row in heads[name] for text in row.cells.values())
    ]
    tables = [name for name in filled if name not in covers]
    return (tables, covers) if tables else (filled or list(visible[:1]), [])


def _found_sheet(
    source: Source, file: Path, book: Book, visible: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The one sheet that has the columns of the contract."""
    if len(book.names) == 1:
        return [book.names[0]], []
    suited = [name for name in book.names if has_header(source, book.glance(name))]
    if len(suited) > 1:
        raise UnreadableDelivery(
            source.name, file.name,
            f"Several sheets hold rows with the columns of the contract: {', '.join(suited)}.",
            "Name those to read in the property sheets of servers[0] (\"*\" for all visible ones), "
            "or one in the property sheet.",
        )  # fmt: skip
    chosen = (suited or visible)[0]
    others = [
        name for name in visible if name != chosen and next(book.glance(name), None) is not None
    ]
    return [chosen], others
