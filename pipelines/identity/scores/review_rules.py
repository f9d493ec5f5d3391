"""Review rules: combinations of comparison levels that need review, however high the match weight.

They express what match weights cannot, because those take comparisons for independent.
"""

from collections.abc import Callable, Mapping

import ibis
import ibis.expr.types as ir

from pipelines.identity.scores.comparisons import COMPARISONS
from pipelines.libraries import Library

# Beside the name, what two different entities hardly share. Sex is not among them, half have it; a
# region has thousands of firms.
_OF_PERSONS: Mapping[str, str] = {
    "mobile": "one_digit",
    "employer_name": "same",
    "school_name": "same",
    "ethnicity_code": "same_minority",
    "residence_region_code": "same",
}
_OF_ORGANIZATIONS: Mapping[str, str] = {
    "legal_representative_name": "lost_characters",
    "legal_representative_citizen_id": "same",
    "establishment_date": "same",
    "registered_address": "same_house",
    "phone": "one_digit",
    "some_number": "damaged",
}


def needs_review(levels: ir.Table, library: Library) -> ir.BooleanValue:
    """Whether a pair needs review and is never linked by its score.

    Twins are named 小明 and 小亮; a firm with another name, the same address and the same person in
    charge is a sister firm; and a name with a birth date, or with a region, needs a third element,
    unless the name is rare, or not common and the birth date the same. In a city of a million, a
    name of 16 bits (``comparisons.COMMON``) leaves 15 namesakes, and one chance in 1,700 that one
    of them was born on that day; those in the library take their share of the probability.

    The rule comes with the comparison of names (``REVIEW_RULES``); a library that compares no names
    has none. A comparison that it does not declare counts as unknown.
    """
    compared = library.identity.scores.comparisons
    rules = [rule(levels) for name, rule in REVIEW_RULES.items() if name in compared]
    return ibis.or_(*rules) if rules else ibis.literal(False)


def _known(levels: ir.Table, column: str) -> ir.BooleanValue:
    return levels[column].notnull() if column in levels.columns else ibis.literal(False)


def _at_least(levels: ir.Table, column: str, level: str) -> ir.BooleanValue:
    """This level or a better one; FALSE where a side is unknown."""
    if column not in levels.columns:
        return ibis.literal(False)
    return (levels[column] <= COMPARISONS[column].place(level)).fill_null(False)


def _differs(levels: ir.Table, column: str) -> ir.BooleanValue:
    """Known on both sides, and at the last level."""
    last = len(COMPARISONS[column].levels) - 1
    if column not in levels.columns:
        return ibis.literal(False)
    return (levels[column] == last).fill_null(False)


def _third_element(levels: ir.Table, elements: Mapping[str, str]) -> ir.BooleanValue:
    return ibis.or_(*(_at_least(levels, column, level) for column, level in elements.items()))


def _person_needs_review(levels: ir.Table) -> ir.BooleanValue:
    def at_least(column: str, level: str) -> ir.BooleanValue:
        return _at_least(levels, column, level)

    number = at_least("some_number", "damaged")
    named = _known(levels, "person_name")
    other_name = named & ~at_least("person_name", "other_surname")
    damaged_name = ~at_least("person_name", "exact_common")
    born = _known(levels, "birth_date")
    other_year = born & ~at_least("birth_date", "similar")
    other_birth = born & ~at_least("birth_date", "one_digit")
    rare = at_least("person_name", "exact_rare")
    telling = at_least("person_name", "exact") & at_least("birth_date", "same")
    telling &= ~_differs(levels, "sex_code") & ~_differs(levels, "ethnicity_code")
    # 王先生, 狗娃: born on that day, under that telephone or in that house or group, and no woman.
    placed = at_least("mobile", "same") | at_least("residence_address", "same_crowd")
    unnamed = ~named & ~(at_least("birth_date", "lunar") & placed & ~_differs(levels, "sex_code"))
    return ibis.or_(
        (other_name | unnamed) & ~(number & ~other_birth),
        other_year & ~number,
        other_birth & damaged_name & ~number,
        ~_third_element(levels, _OF_PERSONS) & ~_lives_there(levels) & ~rare & ~telling & ~number,
    )


def _lives_there(levels: ir.Table) -> ir.BooleanValue:
    """The address is a third element: a house's; a group's beside a name not common there or the
    birth date.
    """
    house = _at_least(levels, "residence_address", "same_house")
    crowd = _is(levels, "residence_address", "same_crowd")
    told = _at_least(levels, "person_name", "exact") | _at_least(levels, "birth_date", "lunar")
    return house & (~crowd | told)


def _is(levels: ir.Table, column: str, level: str) -> ir.BooleanValue:
    if column not in levels.columns:
        return ibis.literal(False)
    return (levels[column] == COMPARISONS[column].place(level)).fill_null(False)


def _firm_needs_review(levels: ir.Table) -> ir.BooleanValue:
    def at_least(column: str, level: str) -> ir.BooleanValue:
        return _at_least(levels, column, level)

    number = at_least("organization_code", "same") | at_least("registration_number", "same")
    ties = (
        at_least("legal_representative_name", "lost_characters"),
        at_least("registered_address", "same_house"),
        at_least("phone", "same"),
    )
    several = sum((tie.cast("int64") for tie in ties), start=ibis.literal(0, "int64")) >= 2
    # 老王快餐 on the sign and 祥城县老王快餐店 in the register, with one door and one telephone.
    written_short = levels.same_part & several
    other_name = ~at_least("organization_name", "sounds_or_looks_alike") & ~written_short
    # Of a name that several bear: not one tie, or another owner, or another street.
    differs = _known_beyond(levels, "legal_representative_name", "one_character")
    differs |= _known_beyond(levels, "registered_address", "same_house")
    proves_little = levels.shared_name & (~ibis.or_(*ties) | differs)
    # A shop with another owner, or an unknown one and another telephone: the one before it.
    owner = at_least("legal_representative_name", "one_character")
    other_phone = _known_beyond(levels, "phone", "same") & ~owner
    other_owner = _known_beyond(levels, "legal_representative_name", "one_character")
    proves_little |= levels.shop & (other_owner | other_phone)
    return ~number & (other_name | proves_little | ~_third_element(levels, _OF_ORGANIZATIONS))


def _known_beyond(levels: ir.Table, column: str, level: str) -> ir.BooleanValue:
    """Known on both sides, and worse than this level."""
    worse = ~_at_least(levels, column, level)
    return _known(levels, column) & worse


# The comparison of names to the rule that goes with it.
REVIEW_RULES: Mapping[str, Callable[[ir.Table], ir.BooleanValue]] = {
    "person_name": _person_needs_review,
    "organization_name": _firm_needs_review,
}
