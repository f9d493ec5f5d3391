"""Evidence against a match: whose number a record carries, and which pairs can never be one.

A library's declaration names one ``Evidence`` here. What separates a good from a bad result is
evidence *against*: somebody else's valid number on a record, a branch under its parent's code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.resolve.compare import (
    Sides,
    dates_similar,
    is_branch,
    names_compatible,
    names_disjoint,
    organizations_similar,
)


@dataclass(frozen=True)
class Evidence:
    """What speaks against a strong identifier, and against a pair.

    ``person`` are the columns that together say who somebody is, his name first: a record that
    carries those of another group, and not of its own, is that group's. ``particulars`` are
    compared besides; ``ties`` are those that hardly two share.
    """

    person: Sequence[str]
    particulars: Sequence[str]
    ties: Sequence[str]
    contradicts: Callable[[Sides], Mapping[str, ir.BooleanValue]]
    """Record, and what the most authoritative records of its group say -> reason: condition."""
    doubtful: Callable[[Sides], ir.BooleanValue]
    """Record, and what its number implies: the number is doubtful, even alone in its group."""
    forbids: Callable[[Sides, bool], ir.BooleanValue]
    """Two records, and whether they are compared for their names: never one, whatever agrees."""
    belongs_elsewhere: str
    """Reason for a record that is another group's by ``person``."""
    varying: Sequence[str] = ()
    """Particulars that one entity has one of: a group is looked at when they vary, too."""

    @property
    def columns(self) -> Sequence[str]:
        """All that the tests need."""
        return (*self.person, *self.particulars)


def _somebody_else(sides: Sides) -> Mapping[str, ir.BooleanValue]:
    """Name and birth date are another's, or one of them is and all else speaks against it."""
    other_name = sides.fails(names_compatible, "person_name")
    wholly_other = sides.holds(names_disjoint, "person_name")
    other_date = sides.fails(dates_similar, "birth_date")
    nothing_common = sides.agreeing(_PERSON_TIES) == 0
    inborn = sides.any_differ(("sex_code", "ethnicity_code"))
    contacts = sides.any_differ(("residence_address", "mobile"))
    return {
        "other_name_and_birth_date": other_name & other_date,
        "other_name_and_no_birth_date": wholly_other & sides.left("birth_date").isnull(),
        "other_birth_date_and_no_name": other_date
        & sides.left("person_name").isnull()
        & nothing_common,
        "two_persons_with_one_number": nothing_common
        & ((other_name & inborn) | (wholly_other & contacts)),
    }


def _doubtful_number(sides: Sides) -> ir.BooleanValue:
    """Another birth date than the record states, or 000 at its end, as spreadsheets round it."""
    rounded = sides.left("citizen_id").endswith("000").fill_null(False)
    return sides.fails(dates_similar, "birth_date") | rounded


def _other_organization(sides: Sides) -> Mapping[str, ir.BooleanValue]:
    """A branch under its parent's code, or another name with nothing else in common."""
    branch = is_branch(sides.left("organization_name")).fill_null(False)
    of_parent = ~is_branch(sides.right("organization_name")).fill_null(True)
    return {
        "branch_filed_under_the_code_of_its_parent": branch & of_parent,
        "other_name_and_nothing_in_common": _nothing_in_common(sides),
        "code_of_an_earlier_registration": _founded_another_time(sides),
    }


def _founded_another_time(sides: Sides) -> ir.BooleanValue:
    """Founded in another year than the code's owner: struck off and registered again."""
    other_year = sides.fails(lambda a, b: a.left(4) == b.left(4), "establishment_date")
    return other_year & sides.fails(dates_similar, "establishment_date")


def _nothing_in_common(sides: Sides) -> ir.BooleanValue:
    other_name = sides.fails(organizations_similar, "organization_name")
    common = sides.agreeing(_ORGANIZATION_TIES) > 0
    return other_name & sides.any_differ(_ORGANIZATION_TIES) & ~common


def _other_registration(sides: Sides, by_name: bool) -> ir.BooleanValue:
    """Branch and parent, two organisation codes; by name only: registered in different years."""
    # As numbers: two bare RLIKE on the sides of an inequality do not parse on Spark.
    mine = is_branch(sides.left("organization_name")).cast("int64")
    its = is_branch(sides.right("organization_name")).cast("int64")
    never = (mine != its).fill_null(False) | sides.differ("organization_code")
    if not by_name:
        return never | _nothing_in_common(sides)
    return never | _founded_another_time(sides)


def _nobody(_sides: Sides, _by_name: bool) -> ir.BooleanValue:
    return ibis.literal(False)


def _never(_sides: Sides) -> ir.BooleanValue:
    return ibis.literal(False)


def _nothing(_sides: Sides) -> Mapping[str, ir.BooleanValue]:
    return {}


_PERSON_TIES = ("residence_address", "mobile", "employer_name")
_ORGANIZATION_TIES = (
    "legal_representative_name",
    "registration_number",
    "establishment_date",
    "registered_address",
    "phone",
)

EVIDENCE: Mapping[str, Evidence] = {
    "other_name_and_birth_date": Evidence(
        person=("person_name", "birth_date"),
        particulars=("sex_code", "ethnicity_code", *_PERSON_TIES),
        ties=_PERSON_TIES,
        contradicts=_somebody_else,
        doubtful=_doubtful_number,
        forbids=_nobody,
        belongs_elsewhere="id_belongs_to_another_person",
    ),
    "branch_or_other_organization": Evidence(
        person=("organization_name",),
        particulars=("organization_code", *_ORGANIZATION_TIES),
        ties=_ORGANIZATION_TIES,
        contradicts=_other_organization,
        doubtful=_never,
        forbids=_other_registration,
        belongs_elsewhere="code_belongs_to_another_organization",
        varying=("establishment_date",),
    ),
    "": Evidence(
        person=(),
        particulars=(),
        ties=(),
        contradicts=_nothing,
        doubtful=_never,
        forbids=_nobody,
        belongs_elsewhere="",
    ),
}
