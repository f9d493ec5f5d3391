"""Sibling groups: two identifiers that share name, address or person in charge, told apart.

A firm that is struck off and registered again, and its owner's other firm, share what links records
to one firm. A department that files one of them under the code of the other writes a valid code,
and nothing in the record contradicts it by itself. Only the columns in which the two groups differ
can decide, and only departments of lesser authority than both groups' best are checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import Evidence
from pipelines.compare.values import Columns, Sides
from pipelines.identity.rules.authoritative_values import as_other_group
from pipelines.identity.tables.authority import authority_rank
from pipelines.identity.tables.comparison_keys import keys_of, stated_keys_of
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

# Groups that share a block; more than a family of firms has, an incubator with one secretary.
LARGEST_BLOCK = 60


def sibling_groups(numbered: ir.Table, evidence: Evidence, temp: TempTables) -> ir.Table:
    """``number, other``: groups of which records share a block, both ways.

    Args:
        numbered: Records with a number: the working set with ``number``.
        evidence: Its ``sibling_blocks``.
        temp: Where intermediate tables are materialised.
    """
    joined = [_sharing(numbered, block, temp) for block in evidence.sibling_blocks]
    return temp.materialise(reduce(lambda a, b: a.union(b, distinct=True), joined))


def _sharing(numbered: ir.Table, block: Sequence[str], temp: TempTables) -> ir.Table:
    key = list(block)
    result = numbered.filter(*(numbered[column].notnull() for column in key))
    result = result.select("number", *key).distinct()
    sizes = result.group_by(key).agg(size=result.count())
    several = sizes.filter(sizes["size"] > 1, sizes["size"] <= LARGEST_BLOCK)
    shared = temp.materialise(result.semi_join(several, key))
    joined = shared.inner_join(shared.rename(other="number"), key)
    return joined.filter(joined.number != joined.other).select("number", "other").distinct()


def filed_under_sibling(
    witnesses: ir.Table,
    siblings: ir.Table,
    reference: ir.Table,
    library: Library,
    evidence: Evidence,
    temp: TempTables,
) -> ir.Table:
    """``rid, number, reason`` of the records that belong, or may belong, to the sibling group.

    Args:
        witnesses: All records of the groups, with ``number``.
        siblings: ``sibling_groups``.
        reference: ``reference_values`` of the groups.
        library: The order of authority.
        evidence: Its ``sibling_conflicts``.
        temp: Where intermediate tables are materialised.
    """
    name = evidence.columns[0]
    rows = witnesses.semi_join(siblings, "number")
    ranked = temp.materialise(
        rows.mutate(rank=authority_rank(rows.source, library.columns[name].authority))
    )
    compared = temp.materialise(ranked.select("rid", "number").inner_join(siblings, "number"))
    both = compared.select("rid", group="number").union(compared.select("rid", group="other"))
    agreements = temp.materialise(_agreement_by_group(both.distinct(), ranked, library, evidence))
    joined = compared.inner_join(ranked.drop("number"), "rid").inner_join(reference, "number")
    joined = joined.inner_join(as_other_group(reference, evidence), "other")
    joined = joined.inner_join(agreements.rename(number="group"), ["rid", "number"])
    with_sibling = agreements.rename(
        {f"{c}_other": c for c in agreements.columns if c not in ("rid", "group")}
    )
    joined = joined.inner_join(with_sibling.rename(other="group"), ["rid", "other"])
    words = stated_keys_of(joined, library)
    own = _WithGroup(words, keys_of(joined, "_ref"), library, keys_of(joined))
    its = _WithGroup(words, keys_of(joined, "_other"), library, keys_of(joined, "_other"))
    reasons = [(holds, reason) for reason, holds in evidence.sibling_conflicts(own, its).items()]
    found = joined.select("rid", "number", reason=ibis.cases(*reasons, else_=None))
    return found.filter(found.reason.notnull())


@dataclass(frozen=True)
class _WithGroup(Sides):
    """A record beside all more authoritative records of a group: it agrees if one of them does.

    The right side are the most authoritative values. A stale address of one department contradicts
    nothing that the registrar's own address confirms.
    """

    agreement: Columns

    def agree(self, column: str) -> ir.BooleanValue:
        return self.agreement(f"agrees_{column}")

    def differ(self, column: str) -> ir.BooleanValue:
        return self.agreement(f"differs_{column}") & ~self.agree(column)


def _agreement_by_group(
    compared: ir.Table, ranked: ir.Table, library: Library, evidence: Evidence
) -> ir.Table:
    """Per record and group, whether any more authoritative record agrees, or differs.

    A record of the highest authority in one of the groups is compared with nobody: the registrar
    knows its own codes.
    """
    theirs = ranked.rename({f"{c}_other": c for c in ranked.columns if c != "number"})
    joined = compared.inner_join(ranked.drop("number"), "rid")
    joined = joined.inner_join(theirs, joined.group == theirs.number)
    joined = joined.filter(joined["rank_other"] < joined["rank"])
    sides = Sides(stated_keys_of(joined, library), keys_of(joined, "_other"), library)
    result = {f"agrees_{c}": sides.agree(c).any() for c in evidence.distinguishing}
    result |= {f"differs_{c}": sides.differ(c).any() for c in evidence.distinguishing}
    return joined.group_by("rid", "group").agg(**result)
