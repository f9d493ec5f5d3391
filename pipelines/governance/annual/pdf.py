"""The yearly report as PDF, drawn by matplotlib as the leaders' page is: no browser is needed."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from pipelines.governance.annual.content import AnnualReport, Bars
from pipelines.governance.annual.pictures import GREY, INK, draw_bars, font_of
from pipelines.governance.tables import OutputTable

A4 = (8.27, 11.69)  # inches
LEFT, RIGHT, TOP, BOTTOM = 0.1, 0.9, 0.93, 0.07  # shares of the page
_NO_BEGIN = "，。；：、）”》％"
_PART = re.compile(r"[0-9A-Za-z.,%/+-]+|.")
_ROOM, _WIDEST, _NARROWEST, _GAP = 54, 26, 6, 1.6  # of a table, of a column, in characters
_MOST_LINES = 4  # of a cell; a longer one ends in …


def write_pdf(report: AnnualReport, file: Path, cache: Path) -> None:
    """Write the .pdf."""
    font_of(cache, 10)  # before matplotlib is imported: where its own cache is
    from matplotlib.backends.backend_pdf import PdfPages

    with PdfPages(file, metadata={"Title": report.title, "CreationDate": None}) as pages:
        sheets = _Sheets(pages, cache)
        for line in wrapped(report.title, sheets.signs(18)):
            sheets.line(line, 18, ha="center")
        sheets.line("（草案）", 11, ha="center", colour=GREY)
        sheets.paragraph(report.opening, 11)
        for section in report.sections:
            sheets.line(section.heading, 13, space=1.2)
            for text in section.paragraphs:
                sheets.paragraph(text, 11)
            if section.table:
                sheets.table(section.table)
            for bars in section.bars:
                sheets.picture(bars)
        for place, annex in enumerate(report.annexes, start=1):
            sheets.turn()
            sheets.line(f"附件{place}　{annex.title}", 13)
            sheets.table(annex)
        sheets.paragraph(report.note, 8.5)
        sheets.close()


def wrapped(text: str, signs: float) -> Iterator[str]:
    """Lines of at most ``signs`` Chinese characters.

    None begins with a closing mark, and no number and no word is cut that would fit into a line.
    """
    line, room = "", signs
    for part in _parts(text.replace("\n", " "), signs):
        width = _width(part)
        if room < width and part not in _NO_BEGIN and line:
            yield line
            line, room = "", signs
        line, room = line + part, room - width
    yield line


def _parts(text: str, signs: float) -> Iterator[str]:
    """Numbers and words whole, everything else sign by sign."""
    for part in _PART.findall(text):
        if _width(part) <= signs:
            yield part
        else:
            yield from part


def _width(text: str) -> float:
    """In Chinese characters."""
    return sum(1 if east_asian_width(sign) in "WFA" else 0.55 for sign in text)


class _Sheets:
    """Pages that are filled from the top; ``y`` is where the next line stands."""

    def __init__(self, pages: Any, cache: Path) -> None:
        self._pages, self._cache = pages, cache
        self._figure: Any = None
        self._number, self._y = 0, 0.0
        self.turn()

    def turn(self) -> None:
        """A new page."""
        from matplotlib.backends.backend_pdf import FigureCanvasPdf
        from matplotlib.figure import Figure

        self.close()
        self._figure = Figure(figsize=A4)
        FigureCanvasPdf(self._figure)
        self._number, self._y = self._number + 1, TOP
        self._text(0.5, 0.04, f"— {self._number} —", 9, GREY, "center")

    def close(self) -> None:
        """Write the page that was begun."""
        if self._figure is not None:
            self._pages.savefig(self._figure)
            self._figure = None

    def signs(self, size: float, width: float = RIGHT - LEFT) -> float:
        """Chinese characters of a size that fit into a share of the width."""
        return width * A4[0] * 72 / size - 0.2

    def line(
        self, text: str, size: float, *, ha: str = "left", colour: str = INK, space: float = 0.0
    ) -> None:
        """One line; ``space`` in lines above it."""
        height = size * 1.75 / 72 / A4[1]
        self._need(height * (1 + space) + (3 * height if space else 0))  # no heading alone
        self._y -= height * space
        self._text(0.5 if ha == "center" else LEFT, self._y, text, size, colour, ha)
        self._y -= height

    def paragraph(self, text: str, size: float) -> None:
        """A paragraph, its first line indented by two characters."""
        for line in wrapped(f"　　{text}", self.signs(size)):
            self.line(line, size)

    def picture(self, bars: Bars) -> None:
        """Bars, as high as their number wants."""
        height = (0.5 + 0.26 * len(bars.values)) / A4[1]
        self._need(height + 0.03)
        box = (LEFT + 0.24, self._y - height, RIGHT - LEFT - 0.24, height - 0.02)
        draw_bars(self._figure.add_axes(box), bars, self._cache)
        self._y -= height + 0.03

    def table(self, table: OutputTable) -> None:
        """A table whose head stands on every page."""
        size = 8.5 if len(table.columns) <= 7 else 6
        texts = [["" if v is None else str(v) for v in row] for row in table.rows] or [
            ["无", *[""] * (len(table.columns) - 1)]
        ]
        widths = widths_of([list(table.columns), *texts], _ROOM * 8.5 / size)
        self._row(table.columns, widths, size, is_head=True)
        for row in texts:
            if self._row(row, widths, size):
                self._row(table.columns, widths, size, is_head=True)
                self._row(row, widths, size)
        self._y -= size * 1.4 / 72 / A4[1]
        for line in wrapped(f"注：{table.note}", self.signs(8)) if table.note else ():
            self.line(line, 8, colour=GREY)

    def _row(
        self, texts: Sequence[str], widths: Sequence[float], size: float, *, is_head: bool = False
    ) -> bool:
        """Draw a row, or turn the page and answer that it was not drawn."""
        cells = [
            _cell(text, self.signs(size, width) - 0.8)
            for text, width in zip(texts, widths, strict=True)
        ]
        step = size * 1.45 / 72 / A4[1]
        height = step * max(map(len, cells)) + step * 0.5
        if self._y - height < BOTTOM and not is_head:
            self.turn()
            return True
        x, y, colour = LEFT, self._y - step, GREY if is_head else INK
        for lines, width in zip(cells, widths, strict=True):
            for place, text in enumerate(lines):
                self._text(x + 0.004, y - place * step, text, size, colour, "left")
            x += width
        self._y -= height
        self._rule(self._y + step * 0.15)
        return False

    def _rule(self, y: float) -> None:
        from matplotlib.lines import Line2D

        line = Line2D([LEFT, RIGHT], [y, y], color="#C9D1DA", linewidth=0.5)
        self._figure.add_artist(line)

    def _need(self, height: float) -> None:
        if self._y - height < BOTTOM:
            self.turn()

    def _text(self, x: float, y: float, text: str, size: float, colour: str, ha: str) -> None:
        face = font_of(self._cache, size)
        self._figure.text(x, y, text, color=colour, ha=ha, va="baseline", fontproperties=face)


def _cell(text: str, signs: float) -> list[str]:
    lines = list(wrapped(text, max(signs, 2)))
    return lines if len(lines) <= _MOST_LINES else [*lines[: _MOST_LINES - 1], "…"]


def widths_of(rows: Sequence[Sequence[str]], room: float) -> list[float]:
    """Shares of the page by what the columns hold; only long columns give way to short ones.

    Args:
        rows: Texts, the head first.
        room: Chinese characters beside each other.
    """
    wanted = [max(_width(row[n]) for row in rows) + _GAP for n in range(len(rows[0]))]
    most = _WIDEST
    while sum(min(each, most) for each in wanted) > room and most > _NARROWEST:
        most -= 1
    longest = [min(each, most) for each in wanted]
    return [each / sum(longest) * (RIGHT - LEFT) for each in longest]  # of the page
