"""Drift: measures of a batch against the history of its own source.

One row per measure: null rate of a column, share of a code, age of the delivery, columns and codes
that are new or gone. Bounds are robust: median ± 5 standard deviations by the median absolute
deviation, so that one wild batch that was accepted does not widen them for the next. A band is
never narrower than the sampling noise of the batch and a floor: five equal batches do not make a
sixth one suspicious. With fewer than ``ENOUGH`` batches there are no bounds: what is measured is
only noted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from statistics import median

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.contracts.source import Source
from pipelines.quality.volume import SIGMA, SPREADS
from pipelines.standards.elements import load_elements

ENOUGH = 5  # batches: the median absolute deviation of fewer is a coin toss
_FLOOR = {"null_rate": 0.02, "code_share": 0.05, "age_days": 2.0}
_GONE_SHARE = 0.01  # a code that at least one row in a hundred had is missed when it is gone
_EMPTIED = 0.5  # a column that half of the rows had, and of which nothing is left
_OPEN_CODE_TABLES = {"region", "industry"}  # thousands of codes: new ones are no news

MEASURE_SCHEMA = ibis.schema(
    {"measure": "string", "column_name": "string", "code": "string", "value": "float64"}
)


@dataclass(frozen=True)
class Measure:
    """One thing measured of a batch; ``code`` "" unless it is about one code of the column."""

    measure: str
    column_name: str
    code: str
    value: float


@dataclass(frozen=True)
class Drift(Measure):
    """A measure beside what is usual. ``distance`` is in widths of the band: above 1 is unusual.

    All None, where there are fewer than ``ENOUGH`` batches to compare with.
    """

    low: float | None
    high: float | None
    distance: float | None
    history: int


def batch_measures(staged: ir.Table, source: Source) -> ir.Table:
    """Null rate per column, and share of each code among the values of a column with a code table.

    Returns:
        ``MEASURE_SCHEMA``; no rows for an empty batch.
    """
    size = staged.count()
    empty = staged.agg(size=size, **{c.name: staged[c.name].isnull().sum() for c in source.columns})
    rates = [
        empty.select(
            column_name=ibis.literal(c.name),
            code=ibis.literal(""),
            part=empty[c.name],
            of=empty.size,
        )
        for c in source.columns
    ]
    shares = [_shares(staged, name) for name in coded_columns(source)]
    counted = ibis.union(
        *(part.mutate(measure=ibis.literal("null_rate")) for part in rates),
        *(part.mutate(measure=ibis.literal("code_share")) for part in shares),
        distinct=False,
    )
    nonempty = counted.filter(counted.of > 0)
    value = nonempty.part.cast("float64") / nonempty.of
    return nonempty.select("measure", "column_name", "code", value=value).cast(MEASURE_SCHEMA)


def coded_columns(source: Source) -> list[str]:
    """Columns whose values are codes of a short table."""
    elements = load_elements()
    tables = {c.name: elements[c.element].code_table for c in source.columns if c.element}
    return [name for name, table in tables.items() if table and table not in _OPEN_CODE_TABLES]


def find_drift(
    measured: Iterable[Measure], history: Mapping[str, Sequence[Measure]], rows: int
) -> list[Drift]:
    """Each measure of a batch beside the same measure of the batches before.

    Args:
        measured: Of this batch: ``batch_measures``, ``age_days``, and ``column``, which is 1 for
            each column that no contract maps.
        history: The same of each accepted batch before, by batch.
        rows: Of this batch; the fewer, the wider the bounds.

    Returns:
        The measures, and further ``new_code``, ``gone_code``, ``new_column``, ``gone_column`` and
        ``emptied_column``, with a distance of 2 for what happened and 0 for "nothing of the kind".
    """
    now = {(m.measure, m.column_name, m.code): m.value for m in measured}
    before: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for batch in history.values():
        for m in batch:
            before[m.measure, m.column_name, m.code].append(m.value)
    size = len(history)
    judged = [_judged(place, value, before, size, rows) for place, value in now.items()]
    return [*judged, *_structural_changes(now, before, size)] if size >= ENOUGH else judged


def drift_table(drift: Sequence[Drift]) -> pa.Table:
    """The table ``drift`` that the drift suite runs on."""
    kinds = {"history": pa.int64()} | dict.fromkeys(
        ("value", "low", "high", "distance"), pa.float64()
    )
    names = [*Drift.__dataclass_fields__]
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist([asdict(each) for each in drift], schema=schema)


def _shares(staged: ir.Table, column: str) -> ir.Table:
    present = staged.filter(staged[column].notnull())
    counted = present.group_by(code=present[column].cast("string")).agg(part=present.count())
    return counted.select(
        column_name=ibis.literal(column),
        code=counted.code,
        part=counted.part,
        of=counted.part.sum().over(),
    )


def _judged(
    place: tuple[str, str, str],
    value: float,
    before: Mapping[tuple[str, str, str], Sequence[float]],
    size: int,
    rows: int,
) -> Drift:
    floor = _FLOOR.get(place[0])
    # A code that a batch did not have had a share of nothing there.
    values = [*before.get(place, ()), *[0.0] * (size - len(before.get(place, ())))]
    if floor is None or size < ENOUGH:
        return Drift(*place, value, None, None, None, size)
    middle = median(values)
    spread = SPREADS * SIGMA * median(abs(each - middle) for each in values)
    share = place[0] != "age_days"
    noise = SPREADS * sqrt(max(middle * (1 - middle), 0) / rows) if share and rows else 0
    band = max(spread, noise, floor)
    low, high = max(0.0, middle - band), middle + band
    return Drift(
        *place, value, low, min(high, 1.0) if share else high, abs(value - middle) / band, size
    )


def _structural_changes(
    now: Mapping[tuple[str, str, str], float],
    before: Mapping[tuple[str, str, str], Sequence[float]],
    size: int,
) -> list[Drift]:
    changed: list[tuple[str, str, str]] = []
    for measure, column, code in now.keys() - before.keys():
        if measure in {"code_share", "column"}:
            changed.append((f"new_{measure.removesuffix('_share')}", column, code))
    for place, values in before.items():
        always = len(values) == size
        usual = median([*values, *[0.0] * (size - len(values))])
        if place not in now and place[0] == "code_share" and usual >= _GONE_SHARE:
            changed.append(("gone_code", *place[1:]))
        if place not in now and place[0] == "column" and always:
            changed.append(("gone_column", *place[1:]))
        if place[0] == "null_rate" and now.get(place) == 1.0 and usual <= _EMPTIED:
            changed.append(("emptied_column", *place[1:]))
    return [Drift(*place, 1.0, 0.0, 0.0, 2.0, size) for place in sorted(changed)]
