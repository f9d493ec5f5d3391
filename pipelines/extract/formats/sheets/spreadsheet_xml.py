"""Excel 2003 XML spreadsheets (``urn:schemas-microsoft-com:office:spreadsheet``), as a stream."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from pipelines.extract.formats.encodings import open_plain
from pipelines.extract.formats.sheets.numbers import number_text
from pipelines.extract.formats.sheets.rows import Row
from pipelines.extract.formats.sheets.xlsx import DamagedWorkbook, refuse_doctype

BLOCK = 1 << 18


@dataclass
class _State:
    sheet: str = ""
    row: int = 0
    column: int = -1
    kind: str = ""
    text: list[str] | None = None
    cells: dict[int, str] = field(default_factory=dict)
    formula: str = ""
    done: list[tuple[str, Row | None]] = field(default_factory=list)


class SpreadsheetXml:
    """A workbook in one XML file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.names = list(dict.fromkeys(name for name, row in self._rows() if row is None))

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a sheet in which anything is written."""
        return (row for sheet, row in self._rows() if sheet == name and row is not None)

    def _rows(self) -> Iterator[tuple[str, Row | None]]:
        """Each sheet's name once without a row, then with its rows."""
        state = _State()
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = refuse_doctype
        parser.StartElementHandler = lambda name, given: _start(state, name, given)
        parser.EndElementHandler = lambda name: _end(state, name)
        parser.CharacterDataHandler = lambda text: (
            state.text.append(text) if state.text is not None else None
        )
        try:
            with open_plain(self._file) as stream:
                while block := stream.read(BLOCK):
                    parser.Parse(block, False)
                    yield from state.done
                    state.done.clear()
                parser.Parse(b"", True)
                yield from state.done
        except (expat.ExpatError, ValueError, LookupError) as wrong:
            raise DamagedWorkbook(f"row {state.row}: {type(wrong).__name__}") from None


def _start(state: _State, name: str, attributes: dict[str, str]) -> None:
    tag = name.rpartition(" ")[2]
    given = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
    if tag == "Worksheet":
        state.sheet, state.row = given.get("Name", ""), 0
        state.done.append((state.sheet, None))
    elif tag == "Row":
        state.row = int(given.get("Index", state.row + 1))
        state.column, state.cells = -1, {}
    elif tag == "Cell":
        state.column = int(given["Index"]) - 1 if "Index" in given else state.column + 1
        state.formula = given.get("Formula", "")
        state.kind = ""
    elif tag == "Data":
        state.kind, state.text = given.get("Type", "String"), []


def _end(state: _State, name: str) -> None:
    tag = name.rpartition(" ")[2]
    if tag == "Data":
        text = "".join(state.text or ())
        state.text = None
        if state.kind == "Number":
            text = number_text(text, "n")
        elif state.kind == "DateTime":
            text = text.replace("T", " ").removesuffix(".000").removesuffix(" 00:00:00")
        elif state.kind == "Boolean":
            text = "TRUE" if text == "1" else "FALSE"
        if text.strip():
            state.cells[state.column] = text
    elif tag == "Cell" and not state.kind and state.formula:
        state.cells[state.column] = state.formula
    elif tag == "Row" and state.cells:
        state.done.append((state.sheet, Row(state.row, state.cells)))
