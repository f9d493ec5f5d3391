"""Pictures of the yearly report: horizontal bars, each with its value."""

import io
import os
from pathlib import Path
from typing import Any

from pipelines.governance.annual.content import Bars
from pipelines.report.font import chinese_font

BLUE, GREY, INK = "#1F5FA8", "#5B6875", "#24303C"


def font_of(cache: Path, size: float) -> Any:
    """The Chinese font in points; kept in ``cache``."""
    os.environ.setdefault("MPLCONFIGDIR", str(cache / "matplotlib"))
    from matplotlib.font_manager import FontProperties

    face = FontProperties(fname=str(chinese_font(cache)))
    face.set_size(size)
    return face


def draw_bars(axes: Any, bars: Bars, cache: Path) -> None:
    """Draw into axes; the best on top."""
    names = [name for name, _ in bars.values][::-1]
    values = [value for _, value in bars.values][::-1]
    places = range(len(names))
    drawn = axes.barh(places, values, color=BLUE, height=0.6)
    axes.bar_label(
        drawn, [f"{each:.1f}" for each in values], fontproperties=font_of(cache, 8), padding=3
    )
    axes.set_yticks(list(places), names, fontproperties=font_of(cache, 8.5))
    axes.set_xlim(0, 112)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.set_title(bars.title, fontproperties=font_of(cache, 10.5), color=INK, loc="left")
    for side in ("top", "right", "bottom"):
        axes.spines[side].set_visible(False)


def bars_png(bars: Bars, cache: Path) -> bytes:
    """The picture as PNG, 156 mm wide as the type area of an official document."""
    font_of(cache, 8)  # before matplotlib is imported: where its own cache is
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.14, 0.7 + 0.28 * len(bars.values)), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    draw_bars(figure.add_subplot(), bars, cache)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()
