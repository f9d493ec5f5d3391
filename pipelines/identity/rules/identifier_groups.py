"""Stage one: a valid strong identifier groups records, unless the evidence contradicts it.

A record is kept out of its number's group when, by its own words, it is about somebody else. It
then looks for its entity like a record without a number, and its number is not believed.
"""

from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import Evidence
from pipelines.compare.values import Sides
from pipelines.identity.rules.authoritative_values import of_another, of_others, references
from pipelines.identity.rules.sibling_groups import groups_nearby, of_another_nearby
from pipelines.identity.tables.comparison_keys import (
    evidence_of,
    implied,
    implied_columns,
    known,
    stated,
)
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library


@dataclass(frozen=True)
class Groups:
    """Every record with a strong identifier, in one of the two.

    ``trusted``: rid, gid (smallest rid of the group), number (stands for the identifier).
    ``disputed``: rid, number, reason.
    """

    trusted: ir.Table
    disputed: ir.Table


def group_by_identifier(work: ir.Table, library: Library, space: Workspace) -> Groups:
    """Group the records that carry a valid strong identifier.

    Args:
        work: ``working_set``.
        library: Names the identifier and the evidence against it.
        space: Keeps the results.

    Returns:
        Every record with an identifier, either in its group or disputed, with the reason.
    """
    evidence = evidence_of(library)
    members = space.hold(_members(work, library, evidence))
    if evidence.person:
        disputed = _disputed(work, members, library, space)
    else:
        nobody = members.filter(ibis.literal(False))
        disputed = space.hold(nobody.select("rid", "number", reason=ibis.literal("")))
    return Groups(space.hold(_trusted(members, disputed)), disputed)


def _members(work: ir.Table, library: Library, evidence: Evidence) -> ir.Table:
    """Records with an identifier, with their group and whether it is worth a look."""
    strong = library.identity.strong
    numbered = work.filter(work[strong].notnull())
    names = {}
    if evidence.person:
        sides = Sides(stated(numbered, library), implied(numbered), library)
        numbered = numbered.mutate(doubtful=evidence.doubtful(sides))
        several = [
            (numbered[column].min() != numbered[column].max()).fill_null(False)
            for column in (evidence.person[0], *evidence.varying)
        ]
        names = {"varied": ibis.or_(*several, numbered.doubtful.any())}
    groups = numbered.group_by(strong).agg(number=numbered.rid.min(), **names)
    kept = ["rid", "number", *names]
    return numbered.inner_join(groups, strong).select(*kept)


def _trusted(members: ir.Table, disputed: ir.Table) -> ir.Table:
    """A group is named after its smallest rid: its number, unless that one is disputed."""
    trusted = members.select("rid", "number").anti_join(disputed, "rid")
    broken = trusted.semi_join(disputed, "number")
    heads = broken.group_by("number").agg(head=broken.rid.min())
    met = trusted.left_join(heads, "number")
    return met.select("rid", "number", gid=ibis.coalesce(met["head"], met.number))


def _disputed(work: ir.Table, members: ir.Table, library: Library, space: Workspace) -> ir.Table:
    evidence = evidence_of(library)
    numbered = work.inner_join(members, "rid")
    suspects = space.hold(numbered.filter(numbered.varied))
    elsewhere = space.hold(_namesakes(suspects, numbered, library, evidence))
    looked_at = elsewhere.select(number=elsewhere.other)
    nearby = groups_nearby(numbered, evidence, space) if evidence.nearby else None
    if nearby is not None:
        looked_at = looked_at.union(nearby.select("number"), distinct=True)
    groups = suspects.select("number").union(looked_at, distinct=True)
    witnesses = space.hold(numbered.semi_join(groups, "number"))
    said = space.hold(references(witnesses, library, evidence, space))
    contradicted = space.hold(_contradicted(suspects, said, library, evidence))
    found = [
        contradicted,
        _claimed_elsewhere(suspects, elsewhere, said, library, evidence),
    ]
    if nearby is not None:
        believed = witnesses.anti_join(contradicted, "rid")
        found.append(of_another_nearby(believed, nearby, said, library, evidence, space))
    every = reduce(lambda a, b: a.union(b, distinct=False), found)
    return space.hold(every.group_by("rid", "number").agg(reason=every.reason.min()))


def _namesakes(
    suspects: ir.Table, members: ir.Table, library: Library, evidence: Evidence
) -> ir.Table:
    """Suspects whose own words are word for word those of a record in another group."""
    words = stated(suspects, library)
    ours = suspects.select("rid", "number", **{f"word_{c}": words(c) for c in evidence.person})
    theirs = members.select(other=members.number, **{c: members[c] for c in evidence.person})
    equal = [ours[f"word_{c}"] == theirs[c] for c in evidence.person]
    met = ours.inner_join(theirs, equal)
    return met.filter(met.number != met.other).select("rid", "other").distinct()


def _contradicted(
    suspects: ir.Table, said: ir.Table, library: Library, evidence: Evidence
) -> ir.Table:
    compared = suspects.inner_join(said, "number")
    sides = Sides(stated(compared, library), of_others(compared, evidence), library)
    first = [(holds, reason) for reason, holds in evidence.contradicts(sides).items()]
    told = compared.select("rid", "number", reason=ibis.cases(*first, else_=None))
    return told.filter(told.reason.notnull())


def _claimed_elsewhere(
    suspects: ir.Table,
    elsewhere: ir.Table,
    said: ir.Table,
    library: Library,
    evidence: Evidence,
) -> ir.Table:
    """Suspects that are another group's by name, and agree with it no less than with their own.

    Or whose number is doubtful in itself, and that something ties to the other group.
    """
    own = suspects.inner_join(said, "number")
    compared = own.inner_join(elsewhere, "rid").inner_join(of_another(said, evidence), "other")
    words = stated(compared, library)
    its = Sides(words, of_others(compared, evidence), library)
    others = Sides(words, known(compared, "_other"), library)
    is_theirs = ibis.and_(*(others.equal(column) for column in evidence.person))
    is_its_own = ibis.and_(*(its.equal(column) for column in evidence.person))
    # That the record repeats what the number implies is no word for the number.
    repeated = set(implied_columns(library))
    told = [column for column in evidence.particulars if column not in repeated]
    no_less = others.agreeing(told) >= its.agreeing(told)
    # Alone under a doubtful number, a record is its own reference and agrees with that in all.
    doubtful = evidence.doubtful(Sides(words, implied(compared), library))
    tied = doubtful & (others.agreeing(evidence.ties) > 0)
    kept_out = compared.filter(is_theirs & ((~is_its_own & no_less) | tied))
    reason = ibis.literal(evidence.belongs_elsewhere)
    return kept_out.select("rid", "number", reason=reason).distinct()
