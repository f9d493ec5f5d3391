"""Estimated false-match rates of rules and bands of score, from the worlds of the benchmark.

``false_matches.json`` has, per library, rule and band of probability, how many pairs were linked or
asked about in worlds whose truth is known, and how many of them were not the same entity. It is
made by ``python -m benchmarks.identity.false_matches`` of the worlds and seeds that it names, and
committed. An estimate is wrong / pairs; a site's own audits are better (``review/accuracy.py``).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library

TABLE = Path(__file__).with_name("false_matches.json")
BANDS = (0.2, 0.5, 0.9, 0.99, 0.999, 0.9999)  # lower ends; the last one ends at 1
_Z = 1.645  # one-sided, 95 %


@dataclass(frozen=True)
class FalseMatches:
    """Of a rule, or of a band of its scores (``low``, else None): counts of pairs."""

    library: str
    rule: str
    asked: bool
    low: float | None
    pairs: int
    wrong: int

    @property
    def rate(self) -> float:
        """The estimate."""
        return self.wrong / self.pairs

    @property
    def at_least(self) -> float:
        """Its lower bound (Wilson): one wrong link in a few hundred may be chance."""
        n, p = self.pairs, self.rate
        spread = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return max(0.0, (p + _Z**2 / (2 * n) - spread) / (1 + _Z**2 / n))


@cache
def false_matches() -> Sequence[FalseMatches]:
    """The committed table."""
    rows = json.loads(TABLE.read_text(encoding="utf-8"))["rows"]
    return tuple(
        FalseMatches(r["library"], r["rule"], r["asked"], r["from"], r["pairs"], r["wrong"])
        for r in rows
    )


def band_of(probability: float | None) -> float | None:
    """The lower end of the band that a probability is in."""
    lower = [low for low in BANDS if probability is not None and low <= probability]
    return lower[-1] if lower else None


def estimate(
    library: str, rule: str | None, probability: float | None, *, asked: bool
) -> FalseMatches | None:
    """What the worlds say about a link or question like this one, or None."""
    wanted = (library, rule, asked, band_of(probability))
    found = [f for f in false_matches() if (f.library, f.rule, f.asked, f.low) == wanted]
    return found[0] if found else None


def doubtful_rules(library: Library) -> Sequence[str]:
    """Rules that are wrong more often than one may be that decides in this library."""
    return [
        each.rule
        for each in false_matches()
        if each.library == library.name and not each.asked and each.low is None
        if each.at_least > library.identity.highest_false_rate
    ]


def in_doubtful_band(library: Library, rule: str, probability: ir.FloatingValue) -> ir.BooleanValue:
    """Whether a score lies in a band of which more links are wrong than may be."""
    conditions = []
    for low, high in zip(BANDS, (*BANDS[1:], 2.0), strict=True):
        found = estimate(library.name, rule, low, asked=False)
        if found is not None and found.at_least > library.identity.highest_false_rate:
            conditions.append((probability >= low) & (probability < high))
    return ibis.or_(*conditions) if conditions else ibis.literal(False)
