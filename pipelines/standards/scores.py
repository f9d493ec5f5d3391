"""How quality is scored: indicators of GB/T 36344, weights, grades; declared in ``scores.yml``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from pipelines.errors import DeclarationRefused

SCORES_FILE = Path(__file__).with_name("scores.yml")


@dataclass(frozen=True)
class Dimension:
    """One of the six dimensions (六性) and its share of the whole."""

    number: str
    title: str
    title_en: str
    weight: float


@dataclass(frozen=True)
class Indicator:
    """One indicator: X = A / B, where ``counts`` says in Chinese what A counts."""

    number: str  # e.g. "0301"; the first two digits are its dimension
    title: str
    counts: str
    lower_is_better: bool = False

    @property
    def dimension(self) -> str:
        """Number of its dimension."""
        return self.number[:2]


@dataclass(frozen=True)
class Rating:
    """One of five levels: reached with this score, if no dimension is below the floor."""

    title: str
    score: float
    floor: float


@dataclass(frozen=True)
class Scoring:
    """All that ``scores.yml`` declares; grades and ratings best first."""

    dimensions: Mapping[str, Dimension]
    indicators: Mapping[str, Indicator]
    grades: Mapping[str, float]
    ratings: Sequence[Rating]

    def weights(self, overrides: Mapping[str, float] | None = None) -> dict[str, float]:
        """Weight of each dimension; ``overrides`` (by number) are a contract's own."""
        usual = {number: each.weight for number, each in self.dimensions.items()}
        return usual | dict(overrides or {})


@cache
def load_scoring(file: Path = SCORES_FILE) -> Scoring:
    """The declaration.

    Raises:
        DeclarationRefused: a field is missing or unknown, an indicator has no dimension, weights do
            not add up to 1, or grades or ratings do not fall from best to 0.
    """
    declared = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    try:
        scoring = Scoring(
            {n: Dimension(number=n, **each) for n, each in declared["dimensions"].items()},
            {n: Indicator(number=n, **each) for n, each in declared["indicators"].items()},
            declared["grades"],
            tuple(Rating(**each) for each in declared["ratings"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        remedy = "See the head of the file."
        raise DeclarationRefused(file, "scores", f"{error}.", remedy) from None
    _refuse_incomplete(file, scoring)
    return scoring


def _refuse_incomplete(file: Path, scoring: Scoring) -> None:
    without_dimension = {
        n for n, each in scoring.indicators.items() if each.dimension not in scoring.dimensions
    }
    if without_dimension:
        where, why = f"indicators.{min(without_dimension)}", "belongs to no dimension."
        raise DeclarationRefused(file, where, why, "Its first two digits are the dimension's.")
    if abs(sum(scoring.weights().values()) - 1) > 1e-9:
        raise DeclarationRefused(file, "dimensions", "Weights do not add up to 1.", "Correct them.")
    falling = {
        "grades": list(scoring.grades.values()),
        "ratings": [rating.score for rating in scoring.ratings],
    }
    for where, scores in falling.items():
        if scores != sorted(scores, reverse=True) or not scores or scores[-1] != 0:
            why = "Lowest scores do not fall from the best to 0."
            raise DeclarationRefused(file, where, why, "Begin with the best, end with 0.")
