"""Candidate pairs for the score: records that found no group, and who is near enough to compare.

Local by construction: whether two records are a pair, and how alike they are, depends on the two of
them, on the model's tables and on how many records share a block, on nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.compare import Sides
from pipelines.resolve.features import CARRIED, with_features, with_likeness_of_names
from pipelines.resolve.groups import Groups
from pipelines.resolve.likeness import COMPARISONS
from pipelines.resolve.pairs import Believed, believed_records, kept_away, meet, records_to_place
from pipelines.resolve.workset import evidence_of, known
from pipelines.resolve.workspace import Workspace

# Weak evidence, so a block is only as large as a big family or a dormitory: what more share says
# little about each, and pairs grow with the square of it.
LARGEST_BLOCK = 60

_Key = Callable[[ir.Table], Sequence[ir.Value]]


def _columns(*names: str) -> _Key:
    return lambda t: [t[name] for name in names]


# A number with one wrong digit has one of these three parts unharmed, wherever the digit is.
_PARTS_OF_A_NUMBER: Sequence[_Key] = (
    lambda t: [t.some_number.left(14)],
    lambda t: [t.some_number.left(6), t.some_number.right(4)],
    lambda t: [t.some_number.right(8)],
)
_BLOCKS: Mapping[str, Sequence[_Key]] = {
    "person": (
        _columns("person_name", "birth_date"),
        _columns("person_name", "mobile"),
        _columns("person_name", "residence_address"),
        _columns("person_name", "employer_name"),
        _columns("person_name"),
        _columns("mobile"),
        _columns("birth_date", "residence_address"),
        lambda t: [t.birth_date, t.person_name.left(1)],
        lambda t: [t.birth_date, t.person_name.right(2)],
        lambda t: [t.birth_date, t.employer_name],
        *_PARTS_OF_A_NUMBER,
    ),
    "legal_entity": (
        _columns("organization_name"),
        _columns("plain_name"),
        lambda t: [ibis.coalesce(t.former_name, t.plain_name)],
        _columns("organization_code"),
        _columns("registration_number"),
        _columns("organization_name_brand", "region_code"),
        _columns("organization_name_brand", "legal_representative_name"),
        _columns("legal_representative_name", "registered_address"),
        _columns("legal_representative_name", "establishment_date"),
        _columns("legal_representative_name", "phone"),
        _columns("registered_address", "establishment_date"),
        _columns("phone"),
        *_PARTS_OF_A_NUMBER,
    ),
}


def compared_pairs(
    work: ir.Table,
    groups: Groups,
    waiting: ir.Table,
    library: Library,
    frequencies: Mapping[str, float],
    space: Workspace,
) -> ir.Table:
    """Pairs of a record that waits and any other, with how alike they are.

    Args:
        work: ``working_set``.
        groups: Whose numbers are believed.
        waiting: ``rid`` of records that are to be compared.
        library: One with comparisons (``likeness.COMPARISONS``).
        frequencies: See ``with_features``.
        space: Keeps the results.

    Returns:
        ``rid, other``, one level per comparison (int64, NULL for unknown) and ``never``: the two
        cannot be one entity whatever else agrees.
    """
    everybody = everybody_of(work, groups, library, space)
    asking = space.hold(everybody.semi_join(waiting, "rid"))
    blocks = _BLOCKS[library.entity]
    met = [_met(asking, everybody, key, space) for key in blocks]
    pairs = space.hold(reduce(lambda a, b: a.union(b, distinct=True), met))
    return space.hold(levels_of(pairs, everybody, library, frequencies, space))


def everybody_of(work: ir.Table, groups: Groups, library: Library, space: Workspace) -> Believed:
    """All records as the score sees them: of one whose number is disputed, only its own words."""
    more = list(CARRIED[library.entity])
    open_ = work.select("rid").anti_join(groups.trusted, "rid")
    told = space.hold(records_to_place(work, groups.disputed, open_, library, more))
    return believed_records(work, told).each(lambda rows: _numbered(rows, library))


def levels_of(
    pairs: ir.Table,
    everybody: Believed,
    library: Library,
    frequencies: Mapping[str, float],
    space: Workspace,
) -> ir.Table:
    """As ``compared_pairs``, of pairs that are given."""
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


def _numbered(rows: ir.Table, library: Library) -> ir.Table:
    """With the number that may be damaged; one that is somebody else's is none."""
    strong = library.identity.strong
    believed = ibis.ifelse(rows.number.isnull(), rows[strong], ibis.null("string"))
    return rows.mutate(some_number=ibis.coalesce(believed, rows[f"{strong}_damaged"]))


def _met(asking: ir.Table, everybody: Believed, key: _Key, space: Workspace) -> ir.Table:
    """Pairs that share a block: as many columns as it has parts, for to join them costs more."""

    def keyed(rows: ir.Table) -> ir.Table:
        return rows.select("rid", **{f"part_{n}": part for n, part in enumerate(key(rows))})

    mine = keyed(asking)
    return meet(mine, everybody.each(keyed), mine.drop("rid").columns, LARGEST_BLOCK, space)
