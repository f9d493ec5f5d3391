"""Train the model of the score on a library's own records.

u (how often a level occurs between two who are not the same) comes from random pairs. m (how often
between records of one entity) begins with what records under one believed number show, for they are
the same whatever else they say, and is then fitted by Splink's expectation maximisation to the
candidates of records without a believed number, which are the ones to be scored and are worse kept
than the others. Everything is drawn by a hash of the record's place, so that the same records
give the same model.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import ibis
import ibis.expr.types as ir
from ibis import BaseBackend

from pipelines.identity.rules.identifier_groups import Groups, group_by_identifier
from pipelines.identity.scores.blocking import near_pairs
from pipelines.identity.scores.comparisons import COMMON, COMPARISONS, RARE, Comparison
from pipelines.identity.scores.doubt import doubtful
from pipelines.identity.scores.match_weights import splink_settings
from pipelines.identity.scores.pair_levels import everybody_of, levels_of
from pipelines.identity.tables.comparison_keys import working_set
from pipelines.identity.tables.features import name_frequencies, with_features
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library

Weights = dict[str, list[tuple[float, float]]]

SAMPLED = 6_000  # records with a believed number that are compared with their own group
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
        thresholds: ``link_at`` and ``ask_at``.
    """
    comparisons = COMPARISONS[library.entity]
    with Workspace(con) as space:
        work = working_set(records, library, space)
        groups = group_by_identifier(work, library, space)
        frequencies = _frequencies(con, work, groups, library)
        everybody = everybody_of(work, groups, library, space)
        same = _of_one_number(everybody, groups, library, frequencies, space)
        random = _of_two_numbers(everybody, groups, library, frequencies, space)
        weights = _counted(con, same, random, comparisons)
        if library.entity == "person":
            weights["person_name"] = _with_namesakes(
                con, everybody, groups, frequencies, weights["person_name"], space
            )
        waiting = space.hold(work.select("rid").anti_join(groups.trusted, "rid"))
        pairs = near_pairs(waiting, everybody, library.entity, space)
        unsure = levels_of(pairs, everybody, library, frequencies, space)
        unsure = space.hold(_worth_asking(unsure, groups, library))
        entities = int(con.execute(groups.trusted.gid.nunique()))
        prior = round(1.0 / max(entities, 2), 9)
        fitted = _fitted(con, unsure, comparisons, weights, prior)
        counts = {
            "records": space.count(work),
            "groups_with_a_believed_number": entities,
            "pairs_under_one_number": space.count(same),
            "random_pairs": space.count(random),
            "candidate_pairs_for_em": space.count(unsure),
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


def _worth_asking(pairs: ir.Table, groups: Groups, library: Library) -> ir.Table:
    """Record and group, less those that no score would link.

    Left in, they would teach that records of one person have other names and birth dates: families
    share so much that they are the larger of the two classes that the fit finds.
    """
    its = groups.trusted.select(other="rid", gid="gid")
    met = pairs.left_join(its, "other").drop("other_right")
    told = met.mutate(gid=ibis.coalesce(met.gid, met.other))
    names = [each.name for each in COMPARISONS[library.entity]]
    best = told.group_by("rid", other=told.gid).agg(
        **{name: told[name].min() for name in names}, never=told.never.any()
    )
    return best.filter(~best.never, ~doubtful(best, library.entity))


def _frequencies(
    con: BaseBackend, work: ir.Table, groups: Groups, library: Library
) -> dict[str, float]:
    if library.entity != "person":
        return {}
    heads = groups.trusted.filter(groups.trusted.rid == groups.trusted.gid)
    shares = name_frequencies(work.semi_join(heads, "rid").select("person_name"))
    kept = con.to_pyarrow(shares.filter(shares.n >= _FEWEST).order_by("part")).to_pylist()
    return {row["part"]: round(row["share"], 6) for row in kept}


def _drawn(rows: ir.Table, how_many: int, salt: int) -> ir.Table:
    """The same rows each time, as if at random."""
    mixed = (rows.rid * _MIX + salt * 40_503) % 1_000_003
    return rows.mutate(mixed=mixed).order_by("mixed", "rid").limit(how_many).drop("mixed")


def _of_one_number(
    everybody: ir.Table,
    groups: Groups,
    library: Library,
    frequencies: Mapping[str, float],
    space: Workspace,
) -> ir.Table:
    """Each sampled record with the rest of its group: the best level of each comparison."""
    mine = space.hold(_drawn(groups.trusted.select("rid", "gid"), SAMPLED, 1))
    its = groups.trusted.select("gid", other="rid")
    met = mine.inner_join(its, "gid")
    pairs = space.hold(met.filter(met.rid != met.other).select("rid", "other"))
    levels = levels_of(pairs, everybody, library, frequencies, space)
    return space.hold(_best(levels, ["rid"], library))


def _of_two_numbers(
    everybody: ir.Table,
    groups: Groups,
    library: Library,
    frequencies: Mapping[str, float],
    space: Workspace,
) -> ir.Table:
    """Random records with random groups."""
    mine = _drawn(groups.trusted.select("rid", "gid"), _RANDOM_SIDE, 2)
    heads = groups.trusted.filter(groups.trusted.rid == groups.trusted.gid)
    chosen = _drawn(heads.select("rid", "gid"), _RANDOM_SIDE // 3, 3)
    its = groups.trusted.semi_join(chosen, "gid").select(other="rid", its_gid="gid")
    met = mine.cross_join(its)
    pairs = space.hold(met.filter(met.gid != met.its_gid).select("rid", "other", "its_gid"))
    levels = levels_of(pairs.select("rid", "other"), everybody, library, frequencies, space)
    levels = levels.inner_join(pairs, ["rid", "other"])
    return space.hold(_best(levels, ["rid", "its_gid"], library))


def _with_namesakes(
    con: BaseBackend,
    everybody: ir.Table,
    groups: Groups,
    frequencies: Mapping[str, float],
    weights: Sequence[tuple[float, float]],
    space: Workspace,
) -> list[tuple[float, float]]:
    """u of equal names counted among all pairs of persons: a sample has too few namesakes."""
    heads = groups.trusted.filter(groups.trusted.rid == groups.trusted.gid)
    rows = everybody.semi_join(heads, "rid").filter(lambda t: t.person_name.notnull())
    rows = space.hold(with_features(rows, "person", frequencies))
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
    names = [each.name for each in COMPARISONS[library.entity]]
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
    told: Weights = {}
    for comparison in settings["comparisons"]:
        name = comparison["output_column_name"]
        levels = [each for each in comparison["comparison_levels"] if not each.get("is_null_level")]
        told[name] = [
            (_rounded((level.get("m_probability", m) + m) / 2), _rounded(u))
            for level, (m, u) in zip(levels, start[name], strict=True)
        ]
    return told


def _rounded(share: float) -> float:
    return float(f"{share:.4g}")
