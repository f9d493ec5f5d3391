"""Reference values of an identifier's group: per column, what its most authoritative records state.

The other records of the group are compared with them. ``<column>_ref`` is the value,
``<column>_alone`` whether a single record states it.
"""

from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import Evidence
from pipelines.compare.values import Columns, names_compatible
from pipelines.identity.tables.authority import authority_rank
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library

_MANY = 10_000_000  # more than one group can have; turns "most" into "least" in a text that sorts


def reference_values(
    members: ir.Table, library: Library, evidence: Evidence, temp: TempTables
) -> ir.Table:
    """Per group and column the value of the most authoritative source; among equals the commonest.

    Args:
        members: Records with a number: the working set with ``number``.
        library: The order of authority.
        evidence: Its columns.
        temp: Where intermediate tables are materialised.
    """
    numbers = members.select("number").distinct()
    name, *others = evidence.columns
    its_name = _reference(members, name, library)
    persons = library.columns[name].element_name == "person_name"
    of_one = temp.materialise(_of_name(members, its_name, name)) if persons else members
    picks = [its_name, *(_reference(of_one, column, library) for column in others)]
    return reduce(
        lambda left, right: left.left_join(right, "number").drop("number_right"), picks, numbers
    )


def _of_name(members: ir.Table, its_name: ir.Table, name: str) -> ir.Table:
    """Records whose name is compatible with the group's.

    Two people with one number would otherwise lend each other their addresses, and a record would
    agree with its own statement.
    """
    named = members.inner_join(its_name, "number")
    same = names_compatible(named[name], named[f"{name}_ref"]).fill_null(True)
    return named.filter(same).select(*members.columns)


def _reference(members: ir.Table, column: str, library: Library) -> ir.Table:
    rank = authority_rank(members.source, library.columns[column].authority)
    reference = members.filter(members[column].notnull()).mutate(rank=rank)
    counted = reference.group_by("number", value=reference[column]).agg(
        rank=reference.rank.min(), n=reference.count()
    )
    seldom = (_MANY - counted.n).cast("string").lpad(8, "0")
    order = counted["rank"].cast("string").lpad(3, "0") + seldom
    best = counted.group_by("number").agg(pick=(order + counted.value).min())
    alone = best.pick.substr(3, 8) == str(_MANY - 1).zfill(8)
    return best.select(
        "number", **{f"{column}_ref": best.pick.substr(11), f"{column}_alone": alone}
    )


def values_of_others(compared: ir.Table, evidence: Evidence) -> Columns:
    """The group's reference values; of details, not those that only the record itself states."""

    def look_up(column: str) -> ir.Value:
        reference = compared[f"{column}_ref"]
        if column in evidence.identifying:
            return reference
        its_own = compared[f"{column}_alone"] & (compared[column] == reference)
        return ibis.ifelse(its_own.fill_null(False), ibis.null("string"), reference)

    return look_up


def as_other_group(reference: ir.Table, evidence: Evidence) -> ir.Table:
    """``reference_values`` with the columns of another group: ``other``, and ``<column>_other``."""
    columns = {f"{c}_other": reference[f"{c}_ref"] for c in evidence.columns}
    return reference.select(other="number", **columns)
