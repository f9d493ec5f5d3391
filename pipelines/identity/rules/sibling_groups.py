"""Records under a number whose group stands beside another one: which of the two are they about?

A firm that is struck off and registered again, and its owner's other firm, share what ties records
to one: the name, the door, the person in charge. A department that files one of them under the code
of the other writes a valid code with nothing in it that speaks against it. What tells is only where
the two groups differ, and only a department of lesser authority than both is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import Evidence
from pipelines.compare.values import Columns, Sides
from pipelines.identity.rules.authoritative_values import authority_rank, of_another
from pipelines.identity.tables.comparison_keys import known, stated
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library

# Groups that share a block; more than a family of firms has, an incubator with one secretary.
LARGEST_BLOCK = 60


def groups_nearby(numbered: ir.Table, evidence: Evidence, space: Workspace) -> ir.Table:
    """``number, other``: groups of which records share a block, both ways.

    Args:
        numbered: Records with a number: the working set with ``number``.
        evidence: Its ``nearby`` blocks.
        space: Keeps the result.
    """
    met = [_sharing(numbered, block, space) for block in evidence.nearby]
    return space.hold(reduce(lambda a, b: a.union(b, distinct=True), met))


def _sharing(numbered: ir.Table, block: Sequence[str], space: Workspace) -> ir.Table:
    key = list(block)
    told = numbered.filter(*(numbered[column].notnull() for column in key))
    told = told.select("number", *key).distinct()
    sizes = told.group_by(key).agg(size=told.count())
    several = sizes.filter(sizes["size"] > 1, sizes["size"] <= LARGEST_BLOCK)
    shared = space.hold(told.semi_join(several, key))
    met = shared.inner_join(shared.rename(other="number"), key)
    return met.filter(met.number != met.other).select("number", "other").distinct()


def of_another_nearby(
    witnesses: ir.Table,
    nearby: ir.Table,
    said: ir.Table,
    library: Library,
    evidence: Evidence,
    space: Workspace,
) -> ir.Table:
    """``rid, number, reason`` of the records that a group nearby claims, or could claim as well.

    Args:
        witnesses: All records of the groups, with ``number``.
        nearby: ``groups_nearby``.
        said: ``references`` of the groups.
        library: The order of authority.
        evidence: Its ``of_nearby``.
        space: Keeps what is read twice.
    """
    name = evidence.columns[0]
    rows = witnesses.semi_join(nearby, "number")
    ranked = space.hold(
        rows.mutate(rank=authority_rank(rows.source, library.columns[name].authority))
    )
    asked = space.hold(ranked.select("rid", "number").inner_join(nearby, "number"))
    both = asked.select("rid", group="number").union(asked.select("rid", group="other"))
    told = space.hold(_told_by(both.distinct(), ranked, library, evidence))
    met = asked.inner_join(ranked.drop("number"), "rid").inner_join(said, "number")
    met = met.inner_join(of_another(said, evidence), "other")
    met = met.inner_join(told.rename(number="group"), ["rid", "number"])
    its_words = told.rename({f"{c}_other": c for c in told.columns if c not in ("rid", "group")})
    met = met.inner_join(its_words.rename(other="group"), ["rid", "other"])
    words = stated(met, library)
    own = _WithGroup(words, known(met, "_ref"), library, known(met))
    its = _WithGroup(words, known(met, "_other"), library, known(met, "_other"))
    reasons = [(holds, reason) for reason, holds in evidence.of_nearby(own, its).items()]
    found = met.select("rid", "number", reason=ibis.cases(*reasons, else_=None))
    return found.filter(found.reason.notnull())


@dataclass(frozen=True)
class _WithGroup(Sides):
    """A record, and all more authoritative records of a group: it agrees if one of them does.

    Right are the most authoritative ones. A department's stale address contradicts nobody whom the
    registrar's bears out.
    """

    told: Columns

    def agree(self, column: str) -> ir.BooleanValue:
        return self.told(f"agrees_{column}")

    def differ(self, column: str) -> ir.BooleanValue:
        return self.told(f"differs_{column}") & ~self.agree(column)


def _told_by(asked: ir.Table, ranked: ir.Table, library: Library, evidence: Evidence) -> ir.Table:
    """Per record and group, whether any more authoritative record agrees, or differs.

    Who is second to none in one of the two groups is asked nothing: the registrar knows its codes.
    """
    theirs = ranked.rename({f"{c}_other": c for c in ranked.columns if c != "number"})
    met = asked.inner_join(ranked.drop("number"), "rid")
    met = met.inner_join(theirs, met.group == theirs.number)
    met = met.filter(met["rank_other"] < met["rank"])
    sides = Sides(stated(met, library), known(met, "_other"), library)
    told = {f"agrees_{c}": sides.agree(c).any() for c in evidence.telling}
    told |= {f"differs_{c}": sides.differ(c).any() for c in evidence.telling}
    return met.group_by("rid", "group").agg(**told)
