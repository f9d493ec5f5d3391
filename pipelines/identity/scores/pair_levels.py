"""How the score sees records and pairs of them.

Local by construction: whether two records are a pair, and how alike they are, depends on the two of
them, on the model's tables and on how many records share a block, on nothing else.
"""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from pipelines.compare.values import Sides
from pipelines.identity.rules.candidate_pairs import (
    Believed,
    believed_records,
    kept_away,
    records_to_place,
)
from pipelines.identity.rules.identifier_groups import Groups
from pipelines.identity.scores.comparisons import COMPARISONS
from pipelines.identity.tables.comparison_keys import evidence_of, known
from pipelines.identity.tables.features import CARRIED, with_features, with_likeness_of_names
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library


def everybody_of(work: ir.Table, groups: Groups, library: Library, space: Workspace) -> Believed:
    """All records as the score sees them: of one whose number is disputed, only its own words."""
    more = list(CARRIED[library.entity])
    open_ = work.select("rid").anti_join(groups.trusted, "rid")
    told = space.hold(records_to_place(work, groups.disputed, open_, library, more))
    return believed_records(work, told).each(lambda rows: with_some_number(rows, library))


def with_some_number(rows: ir.Table, library: Library) -> ir.Table:
    """With ``some_number``, which may be damaged; one that is somebody else's is none."""
    strong = library.identity.strong
    believed = ibis.ifelse(rows.number.isnull(), rows[strong], ibis.null("string"))
    return rows.mutate(some_number=ibis.coalesce(believed, rows[f"{strong}_damaged"]))


def levels_of(
    pairs: ir.Table,
    everybody: Believed,
    library: Library,
    frequencies: Mapping[str, float],
    space: Workspace,
) -> ir.Table:
    """How alike the records of pairs are.

    Args:
        pairs: ``rid, other``.
        everybody: ``everybody_of``.
        library: One with comparisons (``likeness.COMPARISONS``).
        frequencies: See ``with_features``.
        space: Keeps what is read twice.

    Returns:
        ``rid, other``, one level per comparison (int64, NULL for unknown) and ``never``: the two
        cannot be one entity whatever else agrees.
    """
    rows = everybody.semi_join(records_of(pairs), "rid")
    rows = space.hold(with_features(rows, library.entity, frequencies))
    theirs = rows.rename({f"{name}_other": name for name in rows.columns if name != "rid"})
    met = pairs.inner_join(rows, "rid").inner_join(theirs.rename(other="rid"), "other")
    met = space.hold(with_likeness_of_names(met, library.entity))

    def look(column: str) -> tuple[ir.Value, ir.Value]:
        return met[column], met[f"{column}_other"]

    levels = {each.name: each.level(look) for each in COMPARISONS[library.entity]}
    return met.select("rid", "other", **levels, never=_never(met, library))


def never_one(pairs: ir.Table, everybody: Believed, library: Library) -> ir.Table:
    """``rid, other`` of those pairs that cannot be one entity whatever else agrees."""
    rows = everybody.semi_join(records_of(pairs), "rid")
    theirs = rows.rename({f"{name}_other": name for name in rows.columns})
    met = pairs.inner_join(rows, "rid").inner_join(theirs.rename(other="rid_other"), "other")
    return met.filter(_never(met, library)).select("rid", "other")


def records_of(pairs: ir.Table) -> ir.Table:
    """``rid`` of all that stand in a pair."""
    return pairs.select("rid").union(pairs.select(rid="other"), distinct=True)


def _never(met: ir.Table, library: Library) -> ir.BooleanValue:
    sides = Sides(known(met), known(met, "_other"), library)
    forbids = evidence_of(library).forbids
    return kept_away(met, library) | forbids(sides, True) | forbids(sides, False)
