"""Match weights: Splink scores patterns of comparison levels by the reviewed model.

Thousands of pairs share one pattern of levels, so each pattern is scored once. Splink gets it
as a pair of two rows with the same levels and one id, and its comparisons read those levels. They
were computed set-based before, so the same patterns come from DuckDB and from Spark.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.scores.comparisons import Comparison
from pipelines.identity.tables.temp_tables import TempTables

_PATTERN = "pattern"


def splink_settings(
    comparisons: Sequence[Comparison],
    weights: Mapping[str, Sequence[tuple[float, float]]],
    prior: float,
) -> dict[str, Any]:
    """Settings for Splink: ``weights`` has m and u of every level of every comparison."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": _PATTERN,
        "probability_two_random_records_match": prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [f"l.{_PATTERN} = r.{_PATTERN}"],
        "comparisons": [_as_comparison(each, weights[each.name]) for each in comparisons],
    }


def _as_comparison(each: Comparison, weights: Sequence[tuple[float, float]]) -> dict[str, Any]:
    unknown = {
        "sql_condition": f'"{each.name}_l" IS NULL OR "{each.name}_r" IS NULL',
        "label_for_charts": "unknown",
        "is_null_level": True,
    }
    levels = [
        {
            "sql_condition": "ELSE" if last else f'"{each.name}_l" = {place}',
            "label_for_charts": label,
            "m_probability": m,
            "u_probability": u,
        }
        for place, (label, (m, u)) in enumerate(zip(each.levels, weights, strict=True))
        for last in [place == len(each.levels) - 1]
    ]
    return {"output_column_name": each.name, "comparison_levels": [unknown, *levels]}


def weigh(
    con: BaseBackend,
    pairs: ir.Table,
    comparisons: Sequence[Comparison],
    settings: Mapping[str, object],
    temp: TempTables,
) -> ir.Table:
    """Add to each row of levels its match weight, log2 of the odds that the sides are one entity.

    Args:
        con: A DuckDB connection.
        pairs: Any columns, among them one level per comparison.
        comparisons: Those of the entity.
        settings: Splink's, with trained m and u.
        temp: Where intermediate tables are materialised.

    Returns:
        ``pairs`` plus ``weight`` (float64).
    """
    names = [each.name for each in comparisons]
    # NULL is equal to nothing, so for joining the unknown level is -1.
    levels = {name: pairs[name].fill_null(-1) for name in names}
    seen = pairs.select(**levels).distinct()
    order = [seen[name].asc() for name in names]
    numbered = temp.materialise(seen.mutate(**{_PATTERN: ibis.row_number().over(order_by=order)}))
    weights = score_patterns(con, numbered, names, settings)
    result = numbered.inner_join(weights, _PATTERN).drop(_PATTERN)
    result = temp.materialise(result.rename({f"key_{name}": name for name in names}))
    keys = [levels[name] == result[f"key_{name}"] for name in names]
    return temp.materialise(pairs.inner_join(result, keys).select(*pairs.columns, "weight"))


def score_patterns(
    con: BaseBackend, patterns: ir.Table, names: Sequence[str], settings: Mapping[str, object]
) -> ir.Table:
    """``pattern`` and ``weight`` of each pattern, as Splink computes them."""
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    known = {name: patterns[name].nullif(-1) for name in names}
    sides = patterns.select(_PATTERN, **known)
    table = f"patterns_{uuid4().hex}"
    con.create_table(table, sides, temp=True)
    try:
        api = DuckDBAPI(connection=con.con)
        frame = api.register(table)
        linker = Linker(frame, dict(settings), validate_settings=False)
        scored = linker.inference.predict_between(frame, frame, warning_mode="never")
        found = con.table(scored.physical_name)
        kept = con.create_table(
            f"weights_{uuid4().hex}",
            found.select(pattern=found.pattern_l, weight=found.match_weight.cast("float64")),
            temp=True,
        )
        scored.drop_table_from_database_and_remove_from_cache()
    finally:
        con.raw_sql(f"DROP TABLE IF EXISTS {table}")
    return kept
