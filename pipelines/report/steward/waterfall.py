"""The waterfall of a match: from the odds of two strangers, comparison by comparison, to the score.

A bar's length is a match weight, log2 of m/u: how many times as often two records of one entity
are at this level as two records of different ones, in bits. Fellegi and Sunter (1969).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

FOR, AGAINST, TOTAL = "#2E7D32", "#C62828", "#455A64"
_INCHES_PER_BAR, _HEAD_INCHES, _WIDTH_INCHES = 0.42, 1.5, 9.5
_DPI = 120


@dataclass(frozen=True)
class Weight:
    """One comparison of a pair: what was compared, how it came out, and the bits that it gives."""

    name: str
    level: str
    bits: float


@dataclass(frozen=True)
class Waterfall:
    """All weights of a pair. ``prior`` (bits): the odds before anything is compared."""

    title: str
    prior: float
    weights: Sequence[Weight]

    @property
    def total(self) -> float:
        """The match weight: log2 of the odds that both are one entity."""
        return self.prior + sum(weight.bits for weight in self.weights)

    @property
    def probability(self) -> float:
        """The match weight as a probability."""
        return float(1 / (1 + 2.0**-self.total))


def draw(waterfall: Waterfall, font: Path) -> bytes:
    """The picture as PNG; ``font`` has the Chinese glyphs (``report.font``)."""
    from matplotlib.figure import Figure  # heavy, and only needed here
    from matplotlib.font_manager import FontProperties

    family = FontProperties(fname=font)
    bars = _bars(waterfall)
    height = _HEAD_INCHES + _INCHES_PER_BAR * len(bars)
    figure = Figure(figsize=(_WIDTH_INCHES, height), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    for place, bar in enumerate(bars):
        axes.barh(place, bar.bits, left=bar.start, color=bar.colour, height=0.62)
        edge = max(bar.start, bar.start + bar.bits)
        axes.annotate(
            f"{bar.bits:+.1f}", (edge, place), (4, 0), textcoords="offset points", va="center"
        )
        if place:
            axes.plot([bar.joint] * 2, [place - 1, place], color="#9E9E9E", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars], fontproperties=family)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.invert_yaxis()
    axes.use_sticky_edges = False  # room on both sides of the bars
    axes.margins(x=0.1, y=0.02)
    axes.set_xlabel("证据强弱：每加 1，可能性的比值翻一番", fontproperties=family)
    says = f"合计 {waterfall.total:+.1f}，同一的可能性 {_percent(waterfall.probability)}"
    axes.set_title(f"{waterfall.title}\n{says}", fontproperties=family, loc="left", linespacing=1.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    drawn = BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    return drawn.getvalue()


@dataclass(frozen=True)
class _Bar:
    label: str
    start: float
    bits: float
    joint: float  # where the bar before it ended
    colour: str


def _bars(waterfall: Waterfall) -> list[_Bar]:
    bars = [_Bar("比较之前（任意两条记录）", 0.0, waterfall.prior, 0.0, TOTAL)]
    at = waterfall.prior
    for weight in waterfall.weights:
        colour = FOR if weight.bits >= 0 else AGAINST
        bars.append(_Bar(f"{weight.name}：{weight.level}", at, weight.bits, at, colour))
        at += weight.bits
    return [*bars, _Bar("合计", 0.0, at, at, TOTAL)]


def _percent(share: float) -> str:
    """Never 0 % for something or 100 % for not everything."""
    if share > 0.9999:
        return ">99.99%"
    return "<0.01%" if share < 0.0001 else f"{share:.2%}"
