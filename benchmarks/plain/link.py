"""Link records with Splink: its own comparisons, and the recipe of its documentation.

Candidate pairs from what is equal, the chance of a match from the same rules, u from random pairs,
m by expectation maximisation twice so that every comparison is free once, predict, cluster; the
numbers below are its defaults or stand in its docstrings. Addresses are compared for equality: edit
distance over them costs 20 s of processor time for the random pairs alone, and in a city of 2,000
linked no person better.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.comparison_creator import ComparisonCreator

_RECALL = 0.8  # of the blocking rules, taken as deterministic
_RANDOM_PAIRS = 1e6  # few: Splink recommends 1e7 for tests and more for real use
_PREDICT, _CLUSTER = 0.5, 0.95  # match probabilities


@dataclass(frozen=True)
class Model:
    """How columns are compared, and the equalities that make candidate pairs."""

    comparisons: Mapping[str, ComparisonCreator]
    blocking: Sequence[Sequence[str]]  # certain enough to be the deterministic rules as well
    training: Sequence[Sequence[str]]


PERSONS = Model(
    comparisons={
        "person_name": cl.NameComparison("person_name"),
        "birth_date": cl.DateOfBirthComparison("birth_date", input_is_string=True),
        "citizen_id": cl.ExactMatch("citizen_id"),
        "sex_code": cl.ExactMatch("sex_code"),
        "mobile": cl.ExactMatch("mobile"),
        "residence_address": cl.ExactMatch("residence_address"),
    },
    blocking=(("citizen_id",), ("person_name", "birth_date"), ("person_name", "mobile")),
    training=(("citizen_id",), ("person_name", "birth_date")),
)
LEGAL_ENTITIES = Model(
    comparisons={
        "organization_name": cl.NameComparison("organization_name"),
        "uscc": cl.ExactMatch("uscc"),
        "legal_representative_name": cl.NameComparison("legal_representative_name"),
        "region_code": cl.ExactMatch("region_code"),
        "phone": cl.ExactMatch("phone"),
        "registered_address": cl.ExactMatch("registered_address"),
    },
    blocking=(("uscc",), ("organization_name",), ("legal_representative_name", "phone")),
    training=(("uscc",), ("organization_name",)),
)


def link(records: pd.DataFrame, model: Model) -> pd.DataFrame:
    """The records with the cluster of each in ``entity_id``."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    records = records.reset_index(drop=True)
    compared = records[list(model.comparisons)].assign(unique_id=records.index)
    api = DuckDBAPI()
    linker = Linker(api.register(compared), _settings(model), log_level=None)
    _train(linker, model)
    pairs = linker.inference.predict(threshold_match_probability=_PREDICT)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=_CLUSTER
    ).as_pandas_dataframe()
    return records.assign(entity_id=clusters.set_index("unique_id")["cluster_id"])


def _settings(model: Model) -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(model.comparisons.values()),
        blocking_rules_to_generate_predictions=[block_on(*names) for names in model.blocking],
    )


def _train(linker: Linker, model: Model) -> None:
    rules = [block_on(*names) for names in model.blocking]
    linker.training.estimate_probability_two_random_records_match(rules, recall=_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS)
    for names in model.training:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*names))
