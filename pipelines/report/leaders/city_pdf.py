"""The leaders' page as one sheet of A4, drawn by matplotlib: no browser, no further dependency."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from pipelines.report.font import chinese_font
from pipelines.report.leaders.city import COLUMNS, NOTE, TILES, TITLES, CityMonth, cell, delta

A4 = (8.27, 11.69)  # inches
LEFT, RIGHT = 0.07, 0.93  # of the page's width
NAVY, BLUE, GREEN, RED, GREY, LINE = (
    "#17324D", "#1F5FA8", "#2E7D4F", "#C0392B", "#5B6875", "#DDE3EA",
)  # fmt: skip
_WIDTHS: Mapping[str, float] = {  # of the page's width
    "found": 0.052, "answered": 0.05, "fixed": 0.05, "confirmed": 0.062, "overdue": 0.046,
    "still_open": 0.05, "repair_rate": 0.066, "on_time_rate": 0.08, "median_days": 0.068,
    "grades": 0.092,
}  # fmt: skip
_PIECES = re.compile(r"[\x21-\x7e]+|.")  # a number or a Latin word is one
_NEWS_HEIGHT = 0.2  # of the page
_OPENING, _CLOSING = "（《“", "，。；：、）》”"  # end no line; begin no line


def draw_city(page: CityMonth, file: Path, cache: Path) -> None:
    """Write the page to ``file``; the font is kept in ``cache``."""
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties

    face = FontProperties(fname=str(chinese_font(cache)))
    figure = Figure(figsize=A4)
    FigureCanvasPdf(figure)
    sheet = _Sheet(figure, face)
    sheet.text(LEFT, 0.945, page.title, 18, NAVY)
    top = sheet.paragraph(0.912, page.news, _news_size(page.news))
    _tiles(sheet, page, top - 0.015)
    _trend(sheet, page, top - 0.115)
    _table(sheet, page, top - 0.335)
    sheet.paragraph(0.088, [NOTE], 6.5, GREY)
    figure.savefig(file, format="pdf", metadata={"Title": page.title, "CreationDate": None})


class _Sheet:
    """The page: places are shares of its width and height, from the lower left corner."""

    def __init__(self, figure: Any, face: Any) -> None:
        self.figure = figure
        self._face = face

    def text(
        self, x: float, y: float, text: str, size: float, colour: str = "#24303C", ha: str = "left"
    ) -> None:
        """One line, standing on ``y``."""
        self.figure.text(
            x, y, text, color=colour, ha=ha, va="baseline", fontproperties=self.face(size)
        )

    def face(self, size: float) -> Any:
        """The Chinese font in points."""
        face = self._face.copy()
        face.set_size(size)
        return face

    def paragraph(
        self,
        y: float,
        sentences: Sequence[str],
        size: float,
        colour: str = "#24303C",
    ) -> float:
        """Sentences, each begun on a line of its own; answers where the next may begin."""
        for sentence in sentences:
            for line in _lines(sentence, _line_length(size)):
                self.text(LEFT, y, line, size, colour)
                y -= size * 1.7 / 72 / A4[1]
        return y

    def rule(self, y: float, colour: str = LINE, width: float = 0.6) -> None:
        """A line from margin to margin."""
        from matplotlib.lines import Line2D

        line = Line2D([LEFT, RIGHT], [y, y], color=colour, linewidth=width)
        self.figure.add_artist(line)


def _line_length(size: float) -> int:
    """Chinese characters of a size between the margins."""
    return int((RIGHT - LEFT) * A4[0] * 72 / size)


def _news_size(news: Sequence[str]) -> float:
    """The size in which the news leave room for the rest of the page."""
    sizes = (11, 10, 9, 8, 7.5)
    lines = {size: sum(len(list(_lines(s, _line_length(size)))) for s in news) for size in sizes}
    fits = (size for size in sizes if lines[size] * size * 1.7 / 72 / A4[1] <= _NEWS_HEIGHT)
    return next(fits, sizes[-1])


def _lines(text: str, length: int) -> Iterator[str]:
    """Lines of at most ``length`` Chinese characters.

    No line begins with a closing mark or ends with an opening one, and no number is taken apart.
    """
    line, room = "", float(length)
    for piece in _PIECES.findall(text):
        wide = sum(1 if east_asian_width(sign) in "WFA" else 0.55 for sign in piece)
        if wide > room and piece not in _CLOSING:
            opening = line[-1:] if line[-1:] in _OPENING else ""
            yield line[: len(line) - len(opening)].rstrip()
            line, room = opening, float(length - len(opening))
            piece = piece.lstrip()
        line, room = line + piece, room - wide
    yield line


def _tiles(sheet: _Sheet, page: CityMonth, top: float) -> None:
    width = (RIGHT - LEFT) / len(TILES)
    for place, name in enumerate(TILES):
        x = LEFT + place * width
        sheet.text(x, top - 0.012, TITLES[name], 9, GREY)
        late = name == "overdue" and page.total.overdue
        sheet.text(x, top - 0.042, cell(page.total, name), 15, RED if late else NAVY)
        for line, words in enumerate(_lines(delta(page, name), 8)):
            sheet.text(x, top - 0.058 - 0.012 * line, words, 6.5, GREY)


def _trend(sheet: _Sheet, page: CityMonth, top: float) -> None:
    sheet.text(LEFT, top, f"近 {len(page.trend)} 个月", 11, NAVY)
    axes = sheet.figure.add_axes((LEFT, top - 0.165, RIGHT - LEFT, 0.145))
    shown = (("found", BLUE), ("fixed", GREEN), ("overdue", RED))
    for shift, (name, colour) in enumerate(shown):
        places = [at + (shift - 1) * 0.27 for at in range(len(page.trend))]
        heights = [getattr(total, name) for _, total in page.trend]
        bars = axes.bar(places, heights, width=0.25, color=colour, label=TITLES[name])
        axes.bar_label(
            bars, [f"{height:,}" for height in heights], fontproperties=sheet.face(7), padding=1
        )
    ticks = [f"{month.year}-{month.month:02d}" for month, _ in page.trend]
    axes.set_xticks(range(len(ticks)), ticks, fontproperties=sheet.face(8.5))
    axes.set_xlim(-0.6, max(len(ticks), 6) - 0.4)
    axes.set_yticks([])
    axes.margins(y=0.18)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(length=0)
    axes.legend(
        frameon=False, prop=sheet.face(8.5), ncols=3, loc="lower right", bbox_to_anchor=(1, 1)
    )


def _table(sheet: _Sheet, page: CityMonth, top: float) -> None:
    sheet.text(LEFT, top, "各部门情况（按逾期数、未结数排列）", 11, NAVY)
    y = top - 0.024
    _cells(sheet, y, "部门", [TITLES[name] for name in COLUMNS], GREY)
    sheet.rule(y - 0.006)
    height = min(0.021, (y - 0.125) / (len(page.rows) + 1))
    for row in page.rows:
        y -= height
        late = RED if row.overdue else None
        _cells(sheet, y, row.department, [cell(row, name) for name in COLUMNS], "#24303C", late)
        sheet.rule(y - 0.006)
    _cells(sheet, y - height, "全市合计", [cell(page.total, name) for name in COLUMNS], NAVY)


def _cells(
    sheet: _Sheet,
    y: float,
    first: str,
    rest: Sequence[str],
    colour: str,
    overdue: str | None = None,
) -> None:
    longest = 18  # characters that fit before the first number
    shown = first if len(first) <= longest else f"{first[: longest - 1]}…"
    sheet.text(LEFT, y, shown, 8, colour)
    x = RIGHT - sum(_WIDTHS.values())
    for place, text in enumerate(rest):
        x += _WIDTHS[COLUMNS[place]]
        is_overdue = place == COLUMNS.index("overdue") and overdue
        sheet.text(x, y, text, 7.5, overdue if is_overdue and overdue else colour, ha="right")
