"""Quality scores by GB/T 36344: from counts per indicator to dimensions, score and grade.

    X = A / B                            per indicator, over all elements counted for it
    q = X, or 1 - X where less is better
    S = 100 * sum(w_d * mean of q in d) / sum(w_d)     over dimensions d with an indicator

A batch of a source is no better than what makes its records usable at all: its score is at most the
share of rows that can be used, of filled values in any required column, and of valid values in any
column that identifies (``ceilings``). Otherwise a batch of which every number is wrong would still
be good on average, by its other columns.

An indicator without anything to judge (B = 0) is *not applicable*: it is in no mean, and a
dimension of such indicators gives its weight to the others. Values in, values out; the counts
themselves are made by ``measure.py``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.standards.scores import Scoring, load_scoring

Scope = Literal["source", "department", "library"]

USABLE_ROWS, FILLED = "0602", "0201"
VALID = ("0101", "0301", "0302")  # form, content and notation of a value


@dataclass(frozen=True)
class Count:
    """A and B of one indicator in one column ("": of records as a whole)."""

    indicator: str
    column_name: str
    element: str
    a: int
    b: int


@dataclass(frozen=True)
class IndicatorScore:
    """One indicator over everything counted for it. ``x``, ``q``: None where not applicable."""

    indicator: str
    a: int
    b: int
    x: float | None
    q: float | None


@dataclass(frozen=True)
class Score:
    """A score and what it is made of; ``score`` is None where no indicator is applicable.

    ``dimensions``: number to 0..100, None where not applicable. ``weights``: after what was not
    applicable gave its weight away; they add up to 1.
    """

    score: float | None
    grade: str
    rating: str
    indicators: Sequence[IndicatorScore]
    dimensions: Mapping[str, float | None]
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Ceiling:
    """What a score cannot exceed, and the column and indicator that it comes from."""

    column_name: str
    indicator: str
    score: float


def ceilings(
    counts: Iterable[Count], identifying: Collection[str], scoring: Scoring | None = None
) -> list[Ceiling]:
    """What the records of a batch need to be used, as ceilings of its score, the lowest first.

    Args:
        counts: Of one batch of one source.
        identifying: Columns that identify its records.
        scoring: The declaration; the project's own if not given.
    """
    scoring = scoring or load_scoring()
    found = []
    for count in add_up(counts):
        usable = count.indicator == USABLE_ROWS and not count.column_name
        filled = count.indicator == FILLED and bool(count.column_name)
        valid = count.indicator in VALID and count.column_name in identifying
        q = _indicator(count.indicator, count.a, count.b, scoring).q
        if (usable or filled or valid) and q is not None:
            found.append(Ceiling(count.column_name, count.indicator, 100 * q))
    return sorted(found, key=lambda each: (each.score, each.indicator, each.column_name))


def score_batch(
    counts: Sequence[Count],
    identifying: Collection[str],
    weights: Mapping[str, float] | None = None,
    scoring: Scoring | None = None,
) -> Score:
    """``score_counts`` of one batch of one source, under its lowest ceiling."""
    scoring = scoring or load_scoring()
    score = score_counts(counts, weights, scoring)
    lowest = ceilings(counts, identifying, scoring)[:1]
    if score.score is None or not lowest or lowest[0].score >= score.score:
        return score
    value = round(lowest[0].score, 4)
    applicable = [each for each in score.dimensions.values() if each is not None]
    return replace(
        score,
        score=value,
        grade=_grade(value, scoring),
        rating=_rating(value, min(applicable, default=0.0), scoring),
    )


def score_counts(
    counts: Iterable[Count],
    weights: Mapping[str, float] | None = None,
    scoring: Scoring | None = None,
) -> Score:
    """Score whatever the counts are of: a column, a source, a department, a library.

    Args:
        counts: In any order; counts of one indicator are added up.
        weights: Of dimensions, by number, where they are not the declared ones.
        scoring: The declaration; the project's own if not given.
    """
    scoring = scoring or load_scoring()
    indicators = _indicators(counts, scoring)
    dimensions = _dimensions(indicators, scoring)
    shares = _redistributed(scoring.weights(weights), dimensions)
    total = sum(shares[n] * value for n, value in dimensions.items() if value is not None)
    score = round(total, 4) if shares else None
    applicable = [value for value in dimensions.values() if value is not None]
    return Score(
        score,
        _grade(score, scoring),
        _rating(score, min(applicable, default=0.0), scoring),
        indicators,
        dimensions,
        shares,
    )


def score_columns(
    counts: Iterable[Count], weights: Mapping[str, float] | None = None
) -> dict[str, Score]:
    """A score for each column; "" is left out, which is of no column."""
    by_column: dict[str, list[Count]] = defaultdict(list)
    for count in counts:
        if count.column_name:
            by_column[count.column_name].append(count)
    return {column: score_counts(some, weights) for column, some in sorted(by_column.items())}


@dataclass(frozen=True)
class Change:
    """One indicator of one column, then and now; ``q`` of 0..1, ``delta`` in points of 100."""

    column_name: str
    indicator: str
    before: float
    after: float

    @property
    def delta(self) -> float:
        """Points won; negative where it got worse."""
        return 100 * (self.after - self.before)


def changes(before: Iterable[Count], after: Iterable[Count]) -> list[Change]:
    """What got better (first) and what got worse (last); what was judged on one side only is not
    compared."""
    then, now = _by_place(before), _by_place(after)
    found = [Change(*place, then[place], now[place]) for place in then.keys() & now.keys()]
    return sorted(
        (change for change in found if change.before != change.after),
        key=lambda change: (-change.delta, change.column_name, change.indicator),
    )


def add_up(counts: Iterable[Count]) -> list[Count]:
    """One count per indicator and column; what judged nothing is left out."""
    totals: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for count in counts:
        total = totals[count.indicator, count.column_name, count.element]
        total[0] += count.a
        total[1] += count.b
    return [Count(*key, a, b) for key, (a, b) in totals.items() if b]


def _by_place(counts: Iterable[Count]) -> dict[tuple[str, str], float]:
    scoring = load_scoring()
    totals: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for count in counts:
        totals[count.column_name, count.indicator][0] += count.a
        totals[count.column_name, count.indicator][1] += count.b
    scored = {place: _indicator(place[1], a, b, scoring) for place, (a, b) in totals.items()}
    return {place: each.q for place, each in scored.items() if each.q is not None}


def _indicators(counts: Iterable[Count], scoring: Scoring) -> list[IndicatorScore]:
    totals = {number: [0, 0] for number in scoring.indicators}
    for count in counts:
        totals[count.indicator][0] += count.a
        totals[count.indicator][1] += count.b
    return [_indicator(number, a, b, scoring) for number, (a, b) in totals.items()]


def _indicator(number: str, a: int, b: int, scoring: Scoring) -> IndicatorScore:
    if not b:
        return IndicatorScore(number, a, b, None, None)
    x = a / b
    return IndicatorScore(
        number, a, b, x, 1 - x if scoring.indicators[number].lower_is_better else x
    )


def _dimensions(indicators: Sequence[IndicatorScore], scoring: Scoring) -> dict[str, float | None]:
    judged: dict[str, list[float]] = defaultdict(list)
    for each in indicators:
        if each.q is not None:
            judged[scoring.indicators[each.indicator].dimension].append(each.q)
    return {
        number: 100 * sum(judged[number]) / len(judged[number]) if number in judged else None
        for number in scoring.dimensions
    }


def _redistributed(
    weights: Mapping[str, float], dimensions: Mapping[str, float | None]
) -> dict[str, float]:
    """Weights of the applicable dimensions, made to add up to 1; empty if there is none."""
    kept = {number: weights[number] for number, value in dimensions.items() if value is not None}
    total = sum(kept.values())
    return {number: weight / total for number, weight in kept.items()} if total else {}


def _grade(score: float | None, scoring: Scoring) -> str:
    if score is None:
        return ""
    return next(name for name, lowest in scoring.grades.items() if score >= lowest)


def _rating(score: float | None, lowest: float, scoring: Scoring) -> str:
    if score is None:
        return ""
    return next(r.title for r in scoring.ratings if score >= r.score and lowest >= r.floor)
