"""Comparison levels of candidate pairs, and which pairs are cannot-link whatever else agrees.

Local by construction: the levels of a pair depend on its two records, the model's tables and the
sizes of blocks, on nothing else.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.compare.values import Sides
from pipelines.identity.rules.candidate_pairs import (
    ComparableRecords,
    comparable_records,
    forbidden_by_identifier,
    unmatched_records,
)
from pipelines.identity.rules.identifier_groups import IdentifierGroups
from pipelines.identity.rules.weak_evidence import (
    has_shared_name,
    in_one_crowd,
    is_individual_business,
    same_distinctive_part,
)
from pipelines.identity.scores.comparisons import comparisons_of
from pipelines.identity.tables.comparison_keys import (
    compared_columns,
    evidence_of,
    keys_of,
    name_columns,
)
from pipelines.identity.tables.features import carried_columns, with_features, with_name_similarity
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library


def records_for_scoring(
    work: ir.Table, groups: IdentifierGroups, library: Library, temp: TempTables
) -> ComparableRecords:
    """All records for scoring; a conflicting identifier and what it implies are left out."""
    compared = compared_columns(library)
    more = [each for each in carried_columns(library) if each not in compared]
    more += name_columns(library)
    unmatched = work.select("rid").anti_join(groups.accepted, "rid")
    result = temp.materialise(unmatched_records(work, groups.conflicting, unmatched, library, more))
    return comparable_records(work, result).each(lambda rows: with_some_identifier(rows, library))


def with_some_identifier(rows: ir.Table, library: Library) -> ir.Table:
    """With ``some_number``, where damaged identifiers are compared: the accepted or damaged one.

    A conflicting identifier is left out.
    """
    strong = library.identity.strong
    if f"{strong}_damaged" not in rows.columns:
        return rows
    accepted = ibis.ifelse(rows.number.isnull(), rows[strong], ibis.null("string"))
    return rows.mutate(some_number=ibis.coalesce(accepted, rows[f"{strong}_damaged"]))


def levels_of(
    pairs: ir.Table,
    everybody: ComparableRecords,
    library: Library,
    frequencies: Mapping[str, float],
    temp: TempTables,
) -> ir.Table:
    """The comparison levels of pairs.

    Args:
        pairs: ``rid, other``.
        everybody: ``records_for_scoring``.
        library: One with comparisons.
        frequencies: See ``with_features``.
        temp: Where intermediate tables are materialised.

    Returns:
        ``rid, other``, one level per comparison (int64, NULL for unknown), ``same_part``, whether
        their names have one distinctive part, ``shared_name``, whether several entities bear one of
        them, ``shop``, whether they are about an individual business, and ``never``: the two cannot
        be one entity whatever else agrees.
    """
    rows = everybody.semi_join(records_of(pairs), "rid")
    rows = temp.materialise(with_features(rows, library, frequencies))
    theirs = rows.rename({f"{name}_other": name for name in rows.columns if name != "rid"})
    joined = pairs.inner_join(rows, "rid").inner_join(theirs.rename(other="rid"), "other")
    crowded = in_one_crowd(joined, library)
    joined = joined.mutate(crowded=crowded, crowded_other=crowded)
    joined = temp.materialise(with_name_similarity(joined, library))

    def look(column: str) -> tuple[ir.Value, ir.Value]:
        return joined[column], joined[f"{column}_other"]

    levels = {each.name: each.level(look) for each in comparisons_of(library)}
    return joined.select(
        "rid",
        "other",
        **levels,
        same_part=same_distinctive_part(joined, library),
        shared_name=has_shared_name(joined, library),
        shop=is_individual_business(joined, library),
        never=_never(joined, library),
    )


def cannot_link_among(pairs: ir.Table, everybody: ComparableRecords, library: Library) -> ir.Table:
    """``rid, other`` of the pairs that cannot be one entity whatever else agrees (cannot-link)."""
    rows = everybody.semi_join(records_of(pairs), "rid")
    theirs = rows.rename({f"{name}_other": name for name in rows.columns})
    joined = pairs.inner_join(rows, "rid").inner_join(theirs.rename(other="rid_other"), "other")
    return joined.filter(_never(joined, library)).select("rid", "other")


def records_of(pairs: ir.Table) -> ir.Table:
    """``rid`` of all records in a pair."""
    return pairs.select("rid").union(pairs.select(rid="other"), distinct=True)


def _never(joined: ir.Table, library: Library) -> ir.BooleanValue:
    sides = Sides(keys_of(joined), keys_of(joined, "_other"), library)
    forbids = evidence_of(library).forbids
    return forbidden_by_identifier(joined, library) | forbids(sides, True) | forbids(sides, False)
