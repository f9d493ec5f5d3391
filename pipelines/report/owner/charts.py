"""Charts as PNG pictures for mail: few, plain, with Chinese glyphs, readable at a phone's width.

A mail client shows a picture 520 points wide, a phone 340: hence narrow figures with large letters,
drawn with twice the pixels. Every chart comes with the words that say the same.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from pipelines.report.font import chinese_font
from pipelines.report.owner.model import Dimension, FindingGroup
from pipelines.standards.rules import Language
from pipelines.standards.tenths import tenths

WIDTH = 520  # points as shown
LABEL = 58  # of a problem above its bar, as wide as the picture; a Chinese character counts two
_CLAUSES = re.compile(r"(?<=[，；。：])|(?<=[,;:] )")
_PIXELS = 2.0
_INCH = 100.0  # points
BLUE, RED, AMBER, GREEN, GREY, INK, LINE = (
    "#1F5FA8", "#C0392B", "#C77700", "#2E7D4F", "#9AA5B1", "#24303C", "#E3E8EE",
)  # fmt: skip
_SEVERITY_COLOUR = {"error": RED, "warning": AMBER, "info": GREY}


Words = Mapping[str, str]  # of the report's language: ``words.yml``


@dataclass(frozen=True)
class Chart:
    """A picture, its height in points, and the same in words."""

    name: str
    png: bytes
    height: int
    alt: str
    width: int = WIDTH


def draw_trend(
    folder: Path,
    points: Sequence[tuple[str, float]],
    *,
    name: str,
    title: str,
    words: Words,
    least: float = 1.0,
) -> Chart:
    """A line over batches, each point with its number, from zero to ``least`` at least.

    An axis that begins elsewhere makes a tenth of a point look like a fall.
    """
    height = 170
    axes, figure = _figure(folder, height)
    values = [value for _, value in points]
    places = list(range(len(points)))
    axes.plot(places, values, color=BLUE, linewidth=2.2, marker="o", markersize=5)
    for place, value in zip(places, values, strict=True):
        last = place == places[-1]
        beside = values[max(place - 1, 0)] + values[min(place + 1, places[-1])]
        below = 2 * value < beside  # in a valley the line is above the point
        axes.annotate(
            tenths(value), (place, value), textcoords="offset points", ha="center",
            xytext=(0, -7 if below else 7), va="top" if below else "bottom",
            fontsize=13 if last else 10, color=INK if last else GREY,
        )  # fmt: skip
    axes.set_xticks(places, [_short(batch) for batch, _ in points], fontsize=10, color=GREY)
    axes.set_ylim(0, 1.3 * max(*values, least))
    axes.set_xlim(-0.4, max(len(points) - 0.6, 0.6))
    axes.set_yticks([])
    _entitle(figure, title)
    values_in_words = [f"{_short(batch)} {tenths(value)}" for batch, value in points]
    return Chart(name, _png(figure), height, _alternative_text(title, values_in_words, words))


def draw_dimensions(
    folder: Path, dimensions: Sequence[Dimension], *, name: str, title: str, words: Words
) -> Chart:
    """Bars from 0 to 100, one per dimension; a tick where the batch before was."""
    height = 44 + 26 * len(dimensions)
    axes, figure = _figure(folder, height)
    for place, each in enumerate(dimensions):
        axes.barh(place, 100, color="#EEF2F6", height=0.55)
        if each.score is None:
            axes.text(1.5, place, words["not_applicable"], va="center", fontsize=11, color=GREY)
            continue
        axes.barh(place, each.score, color=BLUE, height=0.55)
        axes.text(101.5, place, tenths(each.score), va="center", fontsize=12, color=INK)
        if each.before is not None:
            axes.plot([each.before] * 2, [place - 0.38, place + 0.38], color=AMBER, linewidth=2.2)
    _label_bars(axes, [each.name for each in dimensions], limit=112)
    _entitle(figure, title)
    values_in_words = [
        f"{each.name} {words['not_applicable'] if each.score is None else tenths(each.score)}"
        for each in dimensions
    ]
    return Chart(name, _png(figure), height, _alternative_text(title, values_in_words, words))


def draw_findings(
    folder: Path,
    groups: Sequence[FindingGroup],
    *,
    name: str,
    title: str,
    words: Words,
    language: Language = "zh",
) -> Chart:
    """Bars by entities affected, the worst first; named and numbered as in the mail.

    By the problem and not by the column: three problems of one column are three bars. One problem
    of several columns is named with each of them.
    """
    height = 44 + 42 * len(groups)
    axes, figure = _figure(folder, height)
    most, whole_row = max((group.entities for group in groups), default=1), words["whole_row"]
    named = _names(groups, words, language)
    for place, group in enumerate(groups):
        axes.barh(
            place + 0.2, group.entities, color=_SEVERITY_COLOUR[group.rule.severity], height=0.34
        )
        axes.text(0, place - 0.06, f"{place + 1}  {_whole_clauses(named[place], LABEL)}",
                  va="bottom", fontsize=12, color=INK)  # fmt: skip
        axes.text(group.entities + most * 0.02, place + 0.2, f"{group.entities:,}", va="center",
                  fontsize=12, color=INK)  # fmt: skip
    axes.set_ylim(len(groups) - 0.5, -0.6)
    _label_bars(axes, None, limit=most * 1.12)
    _entitle(figure, title)
    values_in_words = [
        f"{place} {group.column_title or whole_row}"
        f"{words['colon']}{group.rule.problem_in(language)} {group.entities:,}"
        for place, group in enumerate(groups, start=1)
    ]
    return Chart(name, _png(figure), height, _alternative_text(title, values_in_words, words))


def _names(groups: Sequence[FindingGroup], words: Words, language: Language) -> Sequence[str]:
    problems = [group.rule.problem_in(language) for group in groups]
    columns = [group.column_title.partition("（")[0] or words["whole_row"] for group in groups]
    return [
        problem if problems.count(problem) == 1 else f"{column}{words['colon']}{problem}"
        for column, problem in zip(columns, problems, strict=True)
    ]


def _alternative_text(title: str, values_in_words: Sequence[str], words: Words) -> str:
    """What the picture shows, for whoever does not see it."""
    return f"{title}{words['colon']}{words['semicolon'].join(values_in_words)}"


def _entitle(figure: Any, title: str) -> None:
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, color=INK)


def _label_bars(axes: Any, labels: Sequence[str] | None, limit: float) -> None:
    """Names beside the bars, the first on top; None where they stand above them."""
    if labels is None:
        axes.set_yticks([])
    else:
        axes.set_yticks(range(len(labels)), labels, fontsize=12, color=INK)
        axes.invert_yaxis()
    axes.set_xlim(0, limit)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _figure(folder: Path, height: int) -> tuple[Any, Any]:
    """Axes without ornaments on the one figure, emptied."""
    figure = _canvas(folder)
    figure.clear()
    figure.set_size_inches(WIDTH / _INCH, height / _INCH)
    axes = figure.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(length=0)
    return axes, figure


@cache
def _canvas(folder: Path) -> Any:
    """One figure for all charts of a process: making one costs more than emptying it."""
    # Matplotlib lists the system's fonts once and keeps the list; a worker's home may be read-only.
    os.environ.setdefault("MPLCONFIGDIR", str(folder / "matplotlib"))
    import matplotlib  # takes a second: only a process that draws loads it
    from matplotlib import font_manager
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = chinese_font(folder)
    font_manager.fontManager.addfont(font)
    family = font_manager.FontProperties(fname=font).get_name()
    matplotlib.rcParams.update({"font.family": family, "axes.unicode_minus": False})
    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _png(figure: Any) -> bytes:
    page = BytesIO()
    figure.savefig(page, format="png", dpi=_INCH * _PIXELS, metadata={"Software": None})
    return page.getvalue()


def _short(batch: str) -> str:
    """``20260630`` as ``06-30``; what follows a batch's date is kept."""
    return f"{batch[4:6]}-{batch[6:8]}{batch[8:]}"


def _whole_clauses(text: str, most: int) -> str:
    """As many clauses as there is room for; the first one is cut only if it alone is too long."""
    said = ""
    for clause in _CLAUSES.split(text):
        if said and _width(said + clause) > most + 1:  # its last mark is left out
            break
        said += clause
    if said.count("(") > said.count(")"):  # a bracket that the cut would leave open
        said = said[: said.rindex("(")]
    said = said.strip().rstrip("，；。：,;:.")
    if _width(said) <= most:
        return said
    while _width(said) > most - 2:
        said = said[:-1]
    return f"{said}…"


def _width(text: str) -> float:
    """A Chinese character, and its marks, are nearly as wide as two others; capitals are wider."""
    return sum(map(_width_of, text))


def _width_of(letter: str) -> float:
    if east_asian_width(letter) in "WFA":
        return 2
    return 1.4 if letter.isupper() or letter in "#@%&" else 1.1
