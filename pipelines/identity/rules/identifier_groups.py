"""Identifier groups: a valid strong identifier groups records, unless the evidence contradicts it.

The identifier of a record that, by its other values, is about somebody else is a conflicting one.
The record is excluded from that group and matched like a record without an identifier.
"""

from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import Evidence
from pipelines.compare.values import Sides
from pipelines.identity.rules.authoritative_values import (
    as_other_group,
    reference_values,
    values_of_others,
)
from pipelines.identity.rules.sibling_groups import filed_under_sibling, sibling_groups
from pipelines.identity.tables.comparison_keys import (
    evidence_of,
    implied_columns,
    implied_keys_of,
    keys_of,
    stated_keys_of,
)
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library


@dataclass(frozen=True)
class IdentifierGroups:
    """Every record with a strong identifier, in one of two tables.

    ``accepted``: rid, gid (smallest rid of the group), number (stands for the identifier).
    ``conflicting``: rid, number, reason.
    """

    accepted: ir.Table
    conflicting: ir.Table


def group_by_identifier(work: ir.Table, library: Library, temp: TempTables) -> IdentifierGroups:
    """Group the records that carry a valid strong identifier.

    Args:
        work: ``working_set``.
        library: Names the identifier and the evidence against it.
        temp: Where intermediate tables are materialised.

    Returns:
        Every record with an identifier: accepted, or conflicting with the reason.
    """
    evidence = evidence_of(library)
    members = temp.materialise(_members(work, library, evidence))
    if evidence.identifying:
        conflicting = _conflicting(work, members, library, temp)
    else:
        nobody = members.filter(ibis.literal(False))
        conflicting = temp.materialise(nobody.select("rid", "number", reason=ibis.literal("")))
    return IdentifierGroups(temp.materialise(_accepted(members, conflicting)), conflicting)


def _members(work: ir.Table, library: Library, evidence: Evidence) -> ir.Table:
    """Records with an identifier, their group, and whether the group's values vary."""
    strong = library.identity.strong
    numbered = work.filter(work[strong].notnull())
    names = {}
    if evidence.identifying:
        sides = Sides(stated_keys_of(numbered, library), implied_keys_of(numbered), library)
        numbered = numbered.mutate(suspect_identifier=evidence.suspect_identifier(sides))
        several = [
            (numbered[column].min() != numbered[column].max()).fill_null(False)
            for column in (evidence.identifying[0], *evidence.single_valued)
        ]
        names = {"varied": ibis.or_(*several, numbered.suspect_identifier.any())}
    groups = numbered.group_by(strong).agg(number=numbered.rid.min(), **names)
    kept = ["rid", "number", *names]
    return numbered.inner_join(groups, strong).select(*kept)


def _accepted(members: ir.Table, conflicting: ir.Table) -> ir.Table:
    """A group is named after its smallest rid: its number, unless that record is conflicting."""
    accepted = members.select("rid", "number").anti_join(conflicting, "rid")
    broken = accepted.semi_join(conflicting, "number")
    representatives = broken.group_by("number").agg(representative=broken.rid.min())
    joined = accepted.left_join(representatives, "number")
    return joined.select(
        "rid", "number", gid=ibis.coalesce(joined["representative"], joined.number)
    )


def _conflicting(work: ir.Table, members: ir.Table, library: Library, temp: TempTables) -> ir.Table:
    evidence = evidence_of(library)
    numbered = work.inner_join(members, "rid")
    suspects = temp.materialise(numbered.filter(numbered.varied))
    elsewhere = temp.materialise(_namesakes(suspects, numbered, library, evidence))
    examined = elsewhere.select(number=elsewhere.other)
    siblings = sibling_groups(numbered, evidence, temp) if evidence.sibling_blocks else None
    if siblings is not None:
        examined = examined.union(siblings.select("number"), distinct=True)
    groups = suspects.select("number").union(examined, distinct=True)
    witnesses = temp.materialise(numbered.semi_join(groups, "number"))
    reference = temp.materialise(reference_values(witnesses, library, evidence, temp))
    contradicted = temp.materialise(_contradicted(suspects, reference, library, evidence))
    tables = [
        contradicted,
        _matching_elsewhere(suspects, elsewhere, reference, library, evidence),
    ]
    if siblings is not None:
        accepted = witnesses.anti_join(contradicted, "rid")
        tables.append(filed_under_sibling(accepted, siblings, reference, library, evidence, temp))
    every = reduce(lambda a, b: a.union(b, distinct=False), tables)
    return temp.materialise(every.group_by("rid", "number").agg(reason=every.reason.min()))


def _namesakes(
    suspects: ir.Table, members: ir.Table, library: Library, evidence: Evidence
) -> ir.Table:
    """Suspects whose own identifying values equal those of a record in another group."""
    words = stated_keys_of(suspects, library)
    ours = suspects.select("rid", "number", **{f"word_{c}": words(c) for c in evidence.identifying})
    theirs = members.select(other=members.number, **{c: members[c] for c in evidence.identifying})
    equal = [ours[f"word_{c}"] == theirs[c] for c in evidence.identifying]
    joined = ours.inner_join(theirs, equal)
    return joined.filter(joined.number != joined.other).select("rid", "other").distinct()


def _contradicted(
    suspects: ir.Table, reference: ir.Table, library: Library, evidence: Evidence
) -> ir.Table:
    compared = suspects.inner_join(reference, "number")
    sides = Sides(stated_keys_of(compared, library), values_of_others(compared, evidence), library)
    first = [(holds, reason) for reason, holds in evidence.contradicts(sides).items()]
    result = compared.select("rid", "number", reason=ibis.cases(*first, else_=None))
    return result.filter(result.reason.notnull())


def _matching_elsewhere(
    suspects: ir.Table,
    elsewhere: ir.Table,
    reference: ir.Table,
    library: Library,
    evidence: Evidence,
) -> ir.Table:
    """Suspects with another group's identifying values that fit it no less than their own group.

    Also those whose identifier is suspect in itself and that share a tie with the other group.
    """
    own = suspects.inner_join(reference, "number")
    compared = own.inner_join(elsewhere, "rid").inner_join(
        as_other_group(reference, evidence), "other"
    )
    words = stated_keys_of(compared, library)
    its = Sides(words, values_of_others(compared, evidence), library)
    others = Sides(words, keys_of(compared, "_other"), library)
    is_theirs = ibis.and_(*(others.equal(column) for column in evidence.identifying))
    is_its_own = ibis.and_(*(its.equal(column) for column in evidence.identifying))
    # What the identifier implies, repeated in the record, is no evidence for the identifier.
    repeated = set(implied_columns(library))
    result = [column for column in evidence.details if column not in repeated]
    no_less = others.agreeing(result) >= its.agreeing(result)
    # Alone under a suspect identifier, a record is its own reference and agrees with it in all.
    suspect_identifier = evidence.suspect_identifier(
        Sides(words, implied_keys_of(compared), library)
    )
    tied = suspect_identifier & (others.agreeing(evidence.ties) > 0)
    more = others.agreeing(evidence.ties) > its.agreeing(evidence.ties)
    fits_better = no_less & (more | ~_is_shared(compared, evidence))
    conflicting = compared.filter(is_theirs & ((~is_its_own & fits_better) | tied))
    reason = ibis.literal(evidence.belongs_elsewhere)
    return conflicting.select("rid", "number", reason=reason).distinct()


def _is_shared(compared: ir.Table, evidence: Evidence) -> ir.BooleanValue:
    """Several registered entities bear the record's name, so it is no evidence for another one."""
    return compared.name_bearers > 1 if evidence.distinguishing else ibis.literal(False)
