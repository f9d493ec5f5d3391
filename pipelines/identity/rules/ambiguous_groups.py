"""Ambiguous matches: records whose match by name fits another group of the same name as well.

A firm leaves its name, address and person in charge to the registration that follows it. That a
record agrees with one of the two in a telephone number which the other group does not have does not
separate them; only a difference does. So a match by name is unambiguous where every other group of
that name differs from the record in something in which the matched group does not.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.identity.rules.candidate_pairs import agreed, differed

_ENOUGH = 2  # ties beside the name: an owner's further shop shares one, his telephone
_NO_TIE = "region_code"  # distinguishes where it differs; thousands share one


def group_agreement(pairs: ir.Table, distinguishing: Sequence[str]) -> dict[str, ir.Value]:
    """Aggregates of ``candidate_pairs`` over a record and a group: what any pair shows."""
    names = (
        "same_name",
        "cannot_link",
        *map(agreed, distinguishing),
        *map(differed, distinguishing),
    )
    return {name: pairs[name].any() for name in names}


def ambiguous_records(
    won: ir.Table,
    agreement: ir.Table,
    pairs: ir.Table,
    grouped: ir.Table,
    distinguishing: Sequence[str],
) -> ir.Table:
    """``rid`` of the records that fit another group, or record, of the same name as well.

    Args:
        won: ``rid, gid`` of the records that are about to join a group.
        agreement: Per ``rid`` and ``gid`` of grouped records, ``group_agreement``.
        pairs: ``candidate_pairs``.
        grouped: ``rid, gid`` of the records that have a group.
        distinguishing: ``Evidence.distinguishing``.
    """
    mine = won.select("rid", "gid").inner_join(agreement, ["rid", "gid"])
    mine = mine.select("rid", "gid", **_against(mine, distinguishing, "mine"))
    groups = agreement.filter(agreement.same_name, ~agreement.cannot_link)
    groups = groups.select("rid", rival="gid", **_against(groups, distinguishing, "its"))
    joined = mine.inner_join(groups, "rid")
    among_groups = joined.filter(joined.rival != joined.gid)
    # An unmatched record is a rival if something forbids it this group: a registration from before
    # there were codes.
    free = pairs.filter(pairs.same_name, ~pairs.cannot_link).anti_join(
        grouped, pairs.other == grouped.rid
    )
    free = free.select("rid", rival="other", **_against(free, distinguishing, "its"))
    forbidden = pairs.filter(pairs.same_name, pairs.cannot_link).select(rival="rid", other="other")
    forbidden = forbidden.inner_join(grouped.rename(other="rid"), "other").select("rival", "gid")
    among_free = mine.inner_join(free, "rid").semi_join(forbidden, ["rival", "gid"])
    both = among_groups.union(among_free.select(*among_groups.columns), distinct=False)
    ruled_out = ibis.or_(*(both[f"its_{c}"] & ~both[f"mine_{c}"] for c in distinguishing))
    # A group that has only the name is no rival of one with which two ties agree: of shops called
    # alike there is always one that is on file without an address.
    bare = (both.its_ties == 0) & (both.mine_ties >= _ENOUGH)
    return both.filter(~ruled_out, ~bare).select("rid").distinct()


def _against(result: ir.Table, distinguishing: Sequence[str], whose: str) -> dict[str, ir.Value]:
    """Per column, whether a group's records differ in it and none agrees; and the agreeing ties."""
    against = {f"{whose}_{c}": result[differed(c)] & ~result[agreed(c)] for c in distinguishing}
    zero: ir.IntegerValue = ibis.literal(0, "int64")
    ties = [result[agreed(c)].cast("int64") for c in distinguishing if c != _NO_TIE]
    return {**against, f"{whose}_ties": sum(ties, start=zero)}
