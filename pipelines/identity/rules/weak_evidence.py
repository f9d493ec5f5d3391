"""What proves little in a pair: a name that several firms bear, an address at which many live."""

import ibis
import ibis.expr.types as ir

from pipelines.compare.values import Sides
from pipelines.identity.tables.comparison_keys import evidence_of
from pipelines.libraries import Library

_INDIVIDUAL_BUSINESS = "92"
# In the names of companies, and of bodies whose head changes while they stay: no shop's.
_NO_SHOP = "|".join(
    (
        *("公司", "集团", "合作社", "合伙"),
        *("学校", "小学", "中学", "大学", "学院", "幼儿园", "医院", "卫生院"),
        *("委员会", "协会", "学会", "商会", "联合会", "基金会", "局$", "厅$"),
    )
)


def same_distinctive_part(joined: ir.Table, library: Library) -> ir.BooleanValue:
    """Whether the names of a pair are one but for region and form, known for firms only."""
    if not evidence_of(library).distinguishing:
        return ibis.literal(False)
    return (joined.distinctive_part == joined.distinctive_part_other).fill_null(False)


def in_one_crowd(joined: ir.Table, library: Library) -> ir.BooleanValue:
    """Whether one of the two addresses is that of a crowd, as a village group has."""
    if not evidence_of(library).place:
        return ibis.literal(False)
    return joined.crowd.notnull() | joined.crowd_other.notnull()


def has_shared_name(joined: ir.Table, library: Library) -> ir.BooleanValue:
    """Whether several registered entities bear one of the two names, known for firms only."""
    if not evidence_of(library).distinguishing:
        return ibis.literal(False)
    return ibis.greatest(joined.name_bearers, joined.name_bearers_other) > 1


def is_individual_business(joined: ir.Table, library: Library) -> ir.BooleanValue:
    """Whether a code of a pair is one's, or neither has a code and the name may be a shop's.

    92 at the beginning of a code (GB 32100-2015): registered for the market, individual business.
    """
    if not evidence_of(library).distinguishing:
        return ibis.literal(False)
    mine, its = (joined[f"{library.identity.strong}{side}"] for side in ("", "_other"))
    may_be_shop = ~joined.organization_name.re_search(_NO_SHOP).fill_null(True)
    return ibis.coalesce(
        its.startswith(_INDIVIDUAL_BUSINESS), mine.startswith(_INDIVIDUAL_BUSINESS), may_be_shop
    )


def shared_name_fails(joined: ir.Table, sides: Sides, library: Library) -> ir.BooleanValue:
    """A name that several bear proves nothing by itself, and nothing against a difference."""
    evidence = evidence_of(library)
    if not evidence.distinguishing:
        return ibis.literal(False)
    is_shared = has_shared_name(joined, library)
    differ = sides.any_differ(evidence.shared_name_conflicts)
    fails = is_shared & (differ | (sides.agreeing(evidence.ties) == 0))
    return fails | _may_have_changed_hands(joined, sides, library)


def _may_have_changed_hands(joined: ir.Table, sides: Sides, library: Library) -> ir.BooleanValue:
    """An individual business with another owner, or an unknown one and another telephone.

    Whoever takes over a shop is registered anew and keeps its name and door.
    """
    owner, phone = "legal_representative_name", "phone"
    is_shop = is_individual_business(joined, library)
    return is_shop & (sides.differ(owner) | (~sides.agree(owner) & sides.differ(phone)))
