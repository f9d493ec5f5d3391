"""Deterministic matching: groups by strong identifier, then matching rules for the other records.

Scores and people's decisions come later and are no part of it.
"""

from dataclasses import dataclass

import ibis.expr.types as ir

from pipelines.identity.rules.identifier_groups import IdentifierGroups, group_by_identifier
from pipelines.identity.rules.match import link_records
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.libraries import Library


@dataclass(frozen=True)
class RuleResult:
    """The result of both stages.

    ``work``: ``working_set``. ``groups``: accepted and conflicting identifiers. ``assignments``:
    cluster and rule of each record, as ``link_records`` returns them.
    """

    work: ir.Table
    groups: IdentifierGroups
    assignments: ir.Table

    @property
    def representatives(self) -> ir.Table:
        """``accepted`` rows of the cluster representatives, after which groups are named."""
        return self.groups.accepted.filter(self.groups.accepted.rid == self.groups.accepted.gid)


def apply_rules(work: ir.Table, library: Library, temp: TempTables) -> RuleResult:
    """Group by accepted identifiers, then match the other records by rules."""
    groups = group_by_identifier(work, library, temp)
    return RuleResult(work, groups, link_records(work, groups, library, temp))
