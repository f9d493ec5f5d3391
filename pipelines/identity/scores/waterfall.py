"""Waterfall of a pair: the prior and each match weight, which sum up to its score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.review.decisions import Pair, Record, pair_of
from pipelines.identity.rules.identifier_groups import group_by_identifier
from pipelines.identity.scores.comparisons import comparisons_of
from pipelines.identity.scores.model import Model
from pipelines.identity.scores.pair_levels import levels_of, records_for_scoring
from pipelines.identity.tables.comparison_keys import working_set
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library


@dataclass(frozen=True)
class ComparisonWeight:
    """The level of a pair in one comparison, and its match weight in bits."""

    comparison: str
    level: str
    bits: float


@dataclass(frozen=True)
class PairWeights:
    """``prior`` (bits) and the weight of every comparison that is known on both sides."""

    prior: float
    weights: Sequence[ComparisonWeight]


def prior_bits(model: Model) -> float:
    """The odds that two records drawn at random are one entity, in bits."""
    share = float(str(model.splink["probability_two_random_records_match"]))
    return log2(share / (1 - share))


def level_bits(model: Model) -> Mapping[tuple[str, str], float]:
    """log2(m/u) of every level of every comparison; an unknown side has no level and no weight."""
    comparisons: Any = model.splink["comparisons"]
    return {
        (each["output_column_name"], level["label_for_charts"]): log2(
            level["m_probability"] / level["u_probability"]
        )
        for each in comparisons
        for level in each["comparison_levels"]
        if not level.get("is_null_level")
    }


def pair_weights(
    con: BaseBackend,
    records: ir.Table,
    pairs: Sequence[Pair],
    library: Library,
    model: Model,
) -> Mapping[Pair, PairWeights]:
    """The waterfall of some pairs, as a run over these records scores them.

    Args:
        con: The engine that holds the records.
        records: ``library_records`` of the pairs and of whoever shares an entity with them: whether
            an identifier is conflicting is decided among these.
        pairs: Of records that are there.
        library: One that has a model.
        model: The reviewed model.
    """
    bits = level_bits(model)
    names = library.identity.scores.comparisons
    labels = {each.name: each.levels for each in comparisons_of(library)}
    with TempTables(con) as temp:
        work = working_set(records, library, temp)
        groups = group_by_identifier(work, library, temp)
        everybody = records_for_scoring(work, groups, library, temp)
        numbered = temp.materialise(_numbered(pairs, work))
        levels = levels_of(
            numbered.select("rid", "other"), everybody, library, model.frequencies, temp
        )
        rows = con.to_pyarrow(numbered.inner_join(levels, ["rid", "other"])).to_pylist()
    return {
        pair_of(
            Record(row["left_source"], row["left_key"]),
            Record(row["right_source"], row["right_key"]),
        ): PairWeights(
            prior_bits(model),
            [
                ComparisonWeight(name, label, bits[name, label])
                for name in names
                if row[name] is not None
                for label in [labels[name][row[name]]]
            ],
        )
        for row in rows
    }


def _numbered(pairs: Sequence[Pair], work: ir.Table) -> ir.Table:
    """``rid, other`` of each pair, beside its names."""
    names = ("left_source", "left_key", "right_source", "right_key")
    columns = zip(*((*pair.left, *pair.right) for pair in pairs), strict=True)
    data = {name: list(values) for name, values in zip(names, columns, strict=True)}
    table = ibis.memtable(data, schema=ibis.schema(dict.fromkeys(names, "string")))
    known = work.select("rid", "source", "source_key")
    left = known.rename(left_source="source", left_key="source_key")
    right = known.rename(other="rid", right_source="source", right_key="source_key")
    return table.inner_join(left, list(names[:2])).inner_join(right, list(names[2:]))
