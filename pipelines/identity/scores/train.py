"""Train the scoring model: m and u probabilities from a library's own records.

u (how often a level occurs between two who are not the same) comes from random pairs. m (how often
between records of one entity) begins with records under one accepted identifier, which are the
same whatever else they state, and is then fitted by Splink's expectation maximisation to the
candidate pairs of unmatched records, which are the ones to be scored and are worse kept than the
others. Everything is drawn by a hash of the record's place, so that the same records give the same
model.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.rules.identifier_groups import IdentifierGroups, group_by_identifier
from pipelines.identity.scores.blocking import blocked_pairs
from pipelines.identity.scores.comparisons import COMMON, RARE, Comparison, comparisons_of
from pipelines.identity.scores.match_weights import splink_settings
from pipelines.identity.scores.pair_levels import levels_of, records_for_scoring
from pipelines.identity.scores.review_rules import needs_review
from pipelines.identity.tables.comparison_keys import working_set
from pipelines.identity.tables.features import name_frequencies, with_features
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

Weights = dict[str, list[tuple[float, float]]]

SAMPLED = 6_000  # records with an accepted identifier that are compared with their own group
_RANDOM_SIDE = 700  # records on one side of the random pairs, a third as many groups on the other
_FEWEST = 30  # occurrences below which a surname's or character's share is not kept
_HALF = 0.5  # of an observation
_EM_PAIRS = 200_000
_MIX = 2_654_435_761  # Knuth's multiplicative hash: places become places at random


def train(
    con: BaseBackend,
    records: ir.Table,
    library: Library,
    provenance: Mapping[str, object],
    thresholds: Mapping[str, float],
) -> dict[str, Any]:
    """A model as ``model.load_model`` reads it.

    Args:
        con: A DuckDB connection.
        records: ``library_records``.
        library: One with comparisons.
        provenance: What the file should say about where it comes from, besides the counts.
        thresholds: ``match_threshold`` and ``review_threshold``.
    """
    comparisons = comparisons_of(library)
    with TempTables(con) as temp:
        work = working_set(records, library, temp)
        groups = group_by_identifier(work, library, temp)
        frequencies = _frequencies(con, work, groups, library)
        everybody = records_for_scoring(work, groups, library, temp)
        same = _of_one_number(everybody, groups, library, frequencies, temp)
        random = _of_two_numbers(everybody, groups, library, frequencies, temp)
        weights = _counted(con, same, random, comparisons)
        if "person_name" in weights:
            weights["person_name"] = _with_namesakes(
                con, everybody, groups, library, frequencies, weights["person_name"], temp
            )
        unmatched = temp.materialise(work.select("rid").anti_join(groups.accepted, "rid"))
        pairs = blocked_pairs(unmatched, everybody, library, temp)
        candidates = levels_of(pairs, everybody, library, frequencies, temp)
        candidates = temp.materialise(_plausible_pairs(candidates, groups, library))
        entities = int(con.execute(groups.accepted.gid.nunique()))
        prior = round(1.0 / max(entities, 2), 9)
        fitted = _fitted(con, candidates, comparisons, weights, prior)
        counts = {
            "records": temp.count(work),
            "groups_with_a_believed_number": entities,
            "pairs_under_one_number": temp.count(same),
            "random_pairs": temp.count(random),
            "candidate_pairs_for_em": temp.count(candidates),
        }
    return {
        "provenance": {**provenance, **counts},
        "thresholds": dict(thresholds),
        "frequencies": frequencies,
        "splink": splink_settings(comparisons, fitted, prior),
    }


def _counted(
    con: BaseBackend, same: ir.Table, random: ir.Table, comparisons: Sequence[Comparison]
) -> dict[str, list[tuple[float, float]]]:
    """m and u of each level: its share of the pairs of one number, and of two."""
    return {
        each.name: list(
            zip(
                _shares(con, same, each, _of_one),
                _shares(con, random, each, _of_two),
                strict=True,
            )
        )
        for each in comparisons
    }


def _plausible_pairs(pairs: ir.Table, groups: IdentifierGroups, library: Library) -> ir.Table:
    """Record and group, without the pairs that no score would link.

    With them the fit would learn that records of one person have different names and birth dates:
    members of a family share so much that they are the larger of the two classes that it finds.
    """
    its = groups.accepted.select(other="rid", gid="gid")
    joined = pairs.left_join(its, "other").drop("other_right")
    result = joined.mutate(gid=ibis.coalesce(joined.gid, joined.other))
    names = library.identity.scores.comparisons
    best = result.group_by("rid", other=result.gid).agg(
        **{name: result[name].min() for name in names},
        never=result.never.any(),
        same_part=result.same_part.any(),
        shared_name=result.shared_name.any(),
        shop=result.shop.any(),
    )
    return best.filter(~best.never, ~needs_review(best, library))


def _frequencies(
    con: BaseBackend, work: ir.Table, groups: IdentifierGroups, library: Library
) -> dict[str, float]:
    if "person_name" not in library.identity.scores.comparisons:
        return {}
    representatives = groups.accepted.filter(groups.accepted.rid == groups.accepted.gid)
    shares = name_frequencies(work.semi_join(representatives, "rid").select("person_name"))
    kept = con.to_pyarrow(shares.filter(shares.n >= _FEWEST).order_by("part")).to_pylist()
    return {row["part"]: round(row["share"], 6) for row in kept}


def _drawn(rows: ir.Table, how_many: int, salt: int) -> ir.Table:
    """A sample that is the same each time, drawn by a hash."""
    mixed = (rows.rid * _MIX + salt * 40_503) % 1_000_003
    return rows.mutate(mixed=mixed).order_by("mixed", "rid").limit(how_many).drop("mixed")


def _of_one_number(
    everybody: ir.Table,
    groups: IdentifierGroups,
    library: Library,
    frequencies: Mapping[str, float],
    temp: TempTables,
) -> ir.Table:
    """Each sampled record with the rest of its group: the best level of each comparison."""
    mine = temp.materialise(_drawn(groups.accepted.select("rid", "gid"), SAMPLED, 1))
    its = groups.accepted.select("gid", other="rid")
    joined = mine.inner_join(its, "gid")
    pairs = temp.materialise(joined.filter(joined.rid != joined.other).select("rid", "other"))
    levels = levels_of(pairs, everybody, library, frequencies, temp)
    return temp.materialise(_best(levels, ["rid"], library))


def _of_two_numbers(
    everybody: ir.Table,
    groups: IdentifierGroups,
    library: Library,
    frequencies: Mapping[str, float],
    temp: TempTables,
) -> ir.Table:
    """Random records with random groups."""
    mine = _drawn(groups.accepted.select("rid", "gid"), _RANDOM_SIDE, 2)
    representatives = groups.accepted.filter(groups.accepted.rid == groups.accepted.gid)
    chosen = _drawn(representatives.select("rid", "gid"), _RANDOM_SIDE // 3, 3)
    its = groups.accepted.semi_join(chosen, "gid").select(other="rid", its_gid="gid")
    joined = mine.cross_join(its)
    pairs = temp.materialise(
        joined.filter(joined.gid != joined.its_gid).select("rid", "other", "its_gid")
    )
    levels = levels_of(pairs.select("rid", "other"), everybody, library, frequencies, temp)
    levels = levels.inner_join(pairs, ["rid", "other"])
    return temp.materialise(_best(levels, ["rid", "its_gid"], library))


def _with_namesakes(
    con: BaseBackend,
    everybody: ir.Table,
    groups: IdentifierGroups,
    library: Library,
    frequencies: Mapping[str, float],
    weights: Sequence[tuple[float, float]],
    temp: TempTables,
) -> list[tuple[float, float]]:
    """u of equal names, counted over all pairs of persons: a sample has too few namesakes."""
    representatives = groups.accepted.filter(groups.accepted.rid == groups.accepted.gid)
    rows = everybody.semi_join(representatives, "rid").filter(lambda t: t.person_name.notnull())
    rows = temp.materialise(with_features(rows, library, frequencies))
    named = rows.group_by("person_name", "name_bits").agg(n=rows.count())
    rare, common = named.name_bits >= RARE, named.name_bits >= COMMON
    level = ibis.cases((rare, 0), (common, 1), else_=2)
    counted = named.group_by(level=level).agg(pairs=(named.n * (named.n - 1)).sum())
    pairs = {row["level"]: row["pairs"] for row in con.to_pyarrow(counted).to_pylist()}
    persons = int(con.execute(rows.count()))
    shares = [(int(pairs.get(n, 0)) + 1) / max(persons * (persons - 1), 2) for n in range(3)]
    exact = [(m, u) for (m, _), u in zip(weights[:3], shares, strict=True)]
    return [*exact, *weights[3:]]


def _best(levels: ir.Table, by: Sequence[str], library: Library) -> ir.Table:
    names = library.identity.scores.comparisons
    return levels.group_by(list(by)).agg(**{name: levels[name].min() for name in names})


def _of_one(each: Comparison) -> list[float]:
    return [10.0] * each.sames + [_HALF] * (len(each.levels) - each.sames)


def _of_two(each: Comparison) -> list[float]:
    return [*([_HALF] * (len(each.levels) - 1)), 1_000.0]


def _shares(
    con: BaseBackend,
    rows: ir.Table,
    each: Comparison,
    expected: Callable[[Comparison], list[float]],
) -> list[float]:
    """Share of every level among the pairs of which both sides are known.

    ``expected`` counts are added, so that what was never seen is rare and not impossible, and what
    only one source tells (no pair knows both sides) is worth something all the same.
    """
    counted = rows.group_by(level=rows[each.name]).agg(n=rows.count())
    found = {row["level"]: row["n"] for row in con.to_pyarrow(counted).to_pylist()}
    added = expected(each)
    counts = [found.get(place, 0) + more for place, more in enumerate(added)]
    return [count / sum(counts) for count in counts]


def _fitted(
    con: BaseBackend,
    pairs: ir.Table,
    comparisons: Sequence[Comparison],
    start: Weights,
    prior: float,
) -> Weights:
    """m by Splink's expectation maximisation, u as it was.

    The prior is that of any two, not of candidates, and stays: blocks are full of namesakes, and u
    is of random pairs, so with a prior of its own the fit would take namesakes for matches.
    """
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    some = _drawn(pairs, _EM_PAIRS, 4)
    numbered = some.mutate(pair=ibis.row_number().over(order_by=[some.rid, some.other]))
    names = [each.name for each in comparisons]
    sides = [
        numbered.select(pattern=numbered.pair * 2 + side, pair=numbered.pair,
                        **{name: numbered[name] for name in names})
        for side in (0, 1)
    ]  # fmt: skip
    table = f"em_{uuid4().hex}"
    con.create_table(table, sides[0].union(sides[1], distinct=False), temp=True)
    settings = splink_settings(comparisons, start, prior)
    settings["blocking_rules_to_generate_predictions"] = ["l.pair = r.pair"]
    linker = Linker(
        DuckDBAPI(connection=con.con).register(table), settings, validate_settings=False
    )
    linker.training.estimate_parameters_using_expectation_maximisation(
        "l.pair = r.pair", fix_u_probabilities=True, fix_probability_two_random_records_match=True
    )
    learned = linker.misc.save_model_to_json()
    con.raw_sql(f"DROP TABLE IF EXISTS {table}")
    return _weights_of(learned, start)


def _weights_of(settings: Mapping[str, Any], start: Weights) -> Weights:
    """The mean of the fitted m and the starting one: a level that few pairs show stays possible."""
    result: Weights = {}
    for comparison in settings["comparisons"]:
        name = comparison["output_column_name"]
        levels = [each for each in comparison["comparison_levels"] if not each.get("is_null_level")]
        result[name] = [
            (_rounded((level.get("m_probability", m) + m) / 2), _rounded(u))
            for level, (m, u) in zip(levels, start[name], strict=True)
        ]
    return result


def _rounded(share: float) -> float:
    return float(f"{share:.4g}")
