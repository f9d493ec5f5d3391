"""What the rules say of each record: the first two stages, groups by identifier, then claims.

Scores and people's decisions come after, and are never part of it.
"""

from dataclasses import dataclass

import ibis.expr.types as ir

from pipelines.identity.rules.identifier_groups import Groups, group_by_identifier
from pipelines.identity.rules.match import link_records
from pipelines.identity.tables.temp_tables import Workspace
from pipelines.libraries import Library


@dataclass(frozen=True)
class Ruled:
    """``work``: ``working_set``. ``groups``: whose numbers are believed. ``placed``: as

    ``link_records`` says, one row per record.
    """

    work: ir.Table
    groups: Groups
    placed: ir.Table

    @property
    def heads(self) -> ir.Table:
        """``trusted`` rows of the records that groups are named after."""
        return self.groups.trusted.filter(self.groups.trusted.rid == self.groups.trusted.gid)


def apply_rules(work: ir.Table, library: Library, space: Workspace) -> Ruled:
    """Groups by identifier, then by claims."""
    groups = group_by_identifier(work, library, space)
    return Ruled(work, groups, link_records(work, groups, library, space))
