"""Splink 5 as its documentation uses it, given clean columns.

Its own comparisons for names, dates of birth and identifiers, blocking on what is equal, the chance
of a match from those rules, u from random pairs, m by expectation maximisation twice so that every
comparison is free once; predict at 0.5, cluster at 0.95. Names are the pipeline's matching keys,
and identifiers are those that passed their checks: placeholders are NULL.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.comparison_creator import ComparisonCreator

from benchmarks.identity.world.build import RECORDS

_RECALL = 0.8  # of the blocking rules, taken as deterministic
_PREDICT, _CLUSTER = 0.5, 0.95  # match probabilities
MEMORY, THREADS = "3GB", 2


@dataclass(frozen=True)
class Model:
    """Columns, their comparisons, and the equalities that make candidate pairs."""

    columns: Mapping[str, str]  # name for Splink -> SQL over the records
    comparisons: Sequence[ComparisonCreator]
    blocking: Sequence[Sequence[str]]
    training: Sequence[Sequence[str]]


MODELS = {
    "population": Model(
        columns={
            "person_name": "coalesce(person_name_key, person_name)",
            "birth_date": "coalesce(birth_date, citizen_id_birth_date)::VARCHAR",
            "citizen_id": "citizen_id",
            "sex_code": "coalesce(sex_code, citizen_id_sex_code)",
            "mobile": "mobile",
            "residence_address": "residence_address",
        },
        comparisons=(
            cl.NameComparison("person_name"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.ExactMatch("citizen_id"),
            cl.ExactMatch("sex_code"),
            cl.ExactMatch("mobile"),
            cl.ExactMatch("residence_address"),
        ),
        blocking=(("citizen_id",), ("person_name", "birth_date"), ("person_name", "mobile")),
        training=(("citizen_id",), ("person_name", "birth_date")),
    ),
    "legal_entity": Model(
        columns={
            "organization_name": "coalesce(organization_name_key, organization_name)",
            "uscc": "uscc",
            "organization_code": "coalesce(organization_code, uscc_organization_code)",
            "registration_number": "registration_number",
            "legal_representative_name": "legal_representative_name",
            "region_code": "region_code",
            "phone": "phone",
            "registered_address": "registered_address",
        },
        comparisons=(
            cl.NameComparison("organization_name"),
            cl.ExactMatch("uscc"),
            cl.ExactMatch("organization_code"),
            cl.ExactMatch("registration_number"),
            cl.NameComparison("legal_representative_name"),
            cl.ExactMatch("region_code"),
            cl.ExactMatch("phone"),
            cl.ExactMatch("registered_address"),
        ),
        blocking=(
            ("uscc",),
            ("organization_code",),
            ("organization_name",),
            ("legal_representative_name", "phone"),
        ),
        training=(("uscc",), ("organization_name",)),
    ),
}


def run(folder: Path, library: str, out: Path) -> None:
    """Train, predict, cluster."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    model = MODELS[library]
    con = duckdb.connect()
    con.execute(f"SET memory_limit='{MEMORY}'; SET threads={THREADS}")
    con.execute(f"SET temp_directory='{out / 'spill'}'")
    columns = ", ".join(f"{sql} AS {name}" for name, sql in model.columns.items())
    con.execute(
        f"""CREATE TABLE prepared AS
            SELECT row_number() OVER (ORDER BY source, source_key) AS unique_id, source, source_key,
                   {columns} FROM read_parquet('{folder / RECORDS}')"""
    )
    names = ["unique_id", *model.columns]
    con.execute(f"CREATE TABLE compared AS SELECT {', '.join(names)} FROM prepared")
    api = DuckDBAPI(connection=con)
    linker = Linker(api.register("compared"), _settings(model), log_level=None)
    _train(linker, model)
    pairs = linker.inference.predict(threshold_match_probability=_PREDICT)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=_CLUSTER
    )
    con.execute(
        f"""COPY (SELECT source, source_key, cluster_id AS cluster
                  FROM prepared JOIN {clusters.physical_name} USING (unique_id))
            TO '{out / "answer.parquet"}'"""
    )
    con.execute(
        f"""COPY (SELECT a.source AS left_source, a.source_key AS left_key,
                         b.source AS right_source, b.source_key AS right_key,
                         match_probability AS probability
                  FROM {pairs.physical_name} JOIN prepared a ON a.unique_id = unique_id_l
                  JOIN prepared b ON b.unique_id = unique_id_r)
            TO '{out / "scored.parquet"}'"""
    )


def _settings(model: Model) -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(model.comparisons),
        blocking_rules_to_generate_predictions=[block_on(*names) for names in model.blocking],
    )


def _train(linker: Linker, model: Model) -> None:
    rules = [block_on(*names) for names in model.blocking]
    linker.training.estimate_probability_two_random_records_match(rules, recall=_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for names in model.training:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*names))
