"""Stage one: a valid strong identifier groups records, unless the evidence contradicts it.

A record is kept out of its number's group when, by its own words, it is about somebody else. It
then looks for its entity like a record without a number, and its number is not believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.compare import Columns, Sides, names_compatible
from pipelines.resolve.evidence import Evidence
from pipelines.resolve.workset import evidence_of, implied, implied_columns, known, stated
from pipelines.resolve.workspace import Workspace

_MANY = 10_000_000  # more than one group can have; turns "most" into "least" in a text that sorts


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
        disputed = _disputed(work, members, library, evidence, space)
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


def _disputed(
    work: ir.Table, members: ir.Table, library: Library, evidence: Evidence, space: Workspace
) -> ir.Table:
    numbered = work.inner_join(members, "rid")
    suspects = space.hold(numbered.filter(numbered.varied))
    elsewhere = space.hold(_namesakes(suspects, numbered, library, evidence))
    looked_at = elsewhere.select(number=elsewhere.other)
    groups = suspects.select("number").union(looked_at, distinct=True)
    witnesses = space.hold(numbered.semi_join(groups, "number"))
    references = space.hold(_references(witnesses, library, evidence, space))
    contradicted = _contradicted(suspects, references, library, evidence)
    claimed = _claimed_elsewhere(suspects, elsewhere, references, library, evidence)
    both = contradicted.union(claimed, distinct=False)
    return space.hold(both.group_by("rid", "number").agg(reason=both.reason.min()))


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


def _references(
    members: ir.Table, library: Library, evidence: Evidence, space: Workspace
) -> ir.Table:
    """Per group and column, what its most authoritative records say; then what most say."""
    numbers = members.select("number").distinct()
    name, *others = evidence.columns
    its_name = _reference(members, name, library)
    persons = library.columns[name].element_name == "person_name"
    of_one = space.hold(_of_name(members, its_name, name)) if persons else members
    picks = [its_name, *(_reference(of_one, column, library) for column in others)]
    return reduce(
        lambda left, right: left.left_join(right, "number").drop("number_right"), picks, numbers
    )


def _of_name(members: ir.Table, its_name: ir.Table, name: str) -> ir.Table:
    """Records that could be about whom the group's name names.

    Two people with one number would otherwise lend each other their addresses, and a record would
    agree with what it said itself.
    """
    named = members.inner_join(its_name, "number")
    same = names_compatible(named[name], named[f"{name}_ref"]).fill_null(True)
    return named.filter(same).select(*members.columns)


def _reference(members: ir.Table, column: str, library: Library) -> ir.Table:
    rank = authority_rank(members.source, library.columns[column].authority)
    said = members.filter(members[column].notnull()).mutate(rank=rank)
    counted = said.group_by("number", value=said[column]).agg(rank=said.rank.min(), n=said.count())
    seldom = (_MANY - counted.n).cast("string").lpad(8, "0")
    order = counted["rank"].cast("string").lpad(3, "0") + seldom
    best = counted.group_by("number").agg(pick=(order + counted.value).min())
    alone = best.pick.substr(3, 8) == str(_MANY - 1).zfill(8)
    return best.select(
        "number", **{f"{column}_ref": best.pick.substr(11), f"{column}_alone": alone}
    )


def _of_others(compared: ir.Table, evidence: Evidence) -> Columns:
    """What the group says; of particulars, not what only the record itself says."""

    def look_up(column: str) -> ir.Value:
        said = compared[f"{column}_ref"]
        if column in evidence.person:
            return said
        its_own = compared[f"{column}_alone"] & (compared[column] == said)
        return ibis.ifelse(its_own.fill_null(False), ibis.null("string"), said)

    return look_up


def authority_rank(source: ir.StringValue, authority: Sequence[str]) -> ir.IntegerValue:
    """Place of a source's department in an authority order; last if it is not listed."""
    department = source.split("__")[0]
    ranks = [(department == name, place) for place, name in enumerate(authority)]
    return ibis.cases(*ranks, else_=len(authority)).cast("int64")


def _contradicted(
    suspects: ir.Table, references: ir.Table, library: Library, evidence: Evidence
) -> ir.Table:
    compared = suspects.inner_join(references, "number")
    sides = Sides(stated(compared, library), _of_others(compared, evidence), library)
    first = [(holds, reason) for reason, holds in evidence.contradicts(sides).items()]
    told = compared.select("rid", "number", reason=ibis.cases(*first, else_=None))
    return told.filter(told.reason.notnull())


def _claimed_elsewhere(
    suspects: ir.Table,
    elsewhere: ir.Table,
    references: ir.Table,
    library: Library,
    evidence: Evidence,
) -> ir.Table:
    """Suspects that are another group's by name, and agree with it no less than with their own.

    Or whose number is doubtful in itself, and that something ties to the other group.
    """
    own = suspects.inner_join(references, "number")
    theirs = references.select(
        other="number", **{f"{c}_other": references[f"{c}_ref"] for c in evidence.columns}
    )
    compared = own.inner_join(elsewhere, "rid").inner_join(theirs, "other")
    words = stated(compared, library)
    its = Sides(words, _of_others(compared, evidence), library)
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
