"""Golden records: the first value by authority, then by recency; and the links of licences."""

import pandas as pd

from pipelines.libraries import Library


def merge(records: pd.DataFrame, library: Library) -> pd.DataFrame:
    """One row per entity, each column the first value that is there."""
    authority = next(iter(library.columns.values())).authority  # of most columns
    ranks = {department: rank for rank, department in enumerate(authority)}
    ordered = records.assign(rank=records["department"].map(ranks)).sort_values(
        ["rank", "changed_at"], ascending=[True, False]
    )
    golden = [name for name in library.columns if name in records]
    return ordered.groupby("entity_id")[golden].first().reset_index()


def number_licenses(records: pd.DataFrame) -> pd.DataFrame:
    """Licences are equal when their identifiers are; one without is a licence of its own."""
    own = records["source"] + "|" + records["source_key"]
    return records.assign(entity_id=records["license_identifier"].fillna(own))


def add_holders(
    licenses: pd.DataFrame, persons: pd.DataFrame, legal_entities: pd.DataFrame
) -> pd.DataFrame:
    """The entity ids of holders, by their codes."""
    person = _ids(persons, "citizen_id")
    legal_entity = _ids(legal_entities, "uscc")
    return licenses.assign(
        holder_person_id=licenses["holder_code"].map(person),
        holder_legal_entity_id=licenses["holder_code"].map(legal_entity),
    )


def _ids(golden: pd.DataFrame, column: str) -> pd.Series:
    known = golden.dropna(subset=[column]).drop_duplicates(column)
    return known.set_index(column)["entity_id"]
