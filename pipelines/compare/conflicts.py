"""Evidence against a match: whose number a record carries, and which pairs can never be one.

A library's declaration names one ``Evidence`` here. What separates a good from a bad result is
evidence *against*: somebody else's valid number on a record, a branch under its parent's code.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.compare.values import (
    Columns,
    Sides,
    dates_similar,
    is_branch,
    names_compatible,
    names_disjoint,
    organizations_rewritten,
    organizations_similar,
)

# Its own number could be another group's as well: it looks for its entity among both.
NUMBER_OF_ONE_OF_TWO = "code_of_one_of_two_registrations"


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
    of_nearby: Callable[[Sides, Sides], Mapping[str, ir.BooleanValue]]
    """Record with its own group, and with one nearby -> reason: condition."""
    varying: Sequence[str] = ()
    """Particulars that one entity has one of: a group is looked at when they vary, too."""
    telling: Sequence[str] = ()
    """What tells a group from one nearby, where they differ in it."""
    further: Sequence[str] = ()
    """What else is known of a group."""
    nearby: Sequence[Sequence[str]] = ()
    """Blocks that bring groups near: what an entity leaves to its successor, or to its sister."""
    repeating: Sequence[str] = ()
    """Implied columns that only write the number once more: no word of the record's own."""

    @property
    def columns(self) -> Sequence[str]:
        """All that the tests need."""
        return (*self.person, *self.particulars, *self.further)


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


def _of_successor_or_sister(own: Sides, its: Sides) -> Mapping[str, ir.BooleanValue]:
    """Filed under the code of the registration before, of the parent, or of the sister firm.

    Where two registrations share everything, only the code tells them apart. A department keeps the
    code that it knew first, so the later one's code on a record is believed. The earlier one's is
    not once that one has ended, unless the record says itself that the firm has.
    """
    with_its, with_own = its.agreeing(_ORGANIZATION_TIES), own.agreeing(_ORGANIZATION_TIES)
    against_own = _speaks_against(own, its)
    not_its = _speaks_against(its, own) | (_ended(own.left) & ~_ended(its.right))
    name = "organization_name"
    one_name = (own.right(name) == its.right(name)).fill_null(False)
    follows = one_name & own.holds(organizations_similar, name) & _founded_later(own, its)
    its_words = its.holds(organizations_rewritten, name) & ~own.holds(organizations_rewritten, name)
    cut = its.holds(lambda read, whole: whole.startswith(read) & (whole != read), name)
    only_its = (its.agree(c) & own.differ(c) for c in _TELLING)
    moved_in = _count(only_its) >= 2
    elsewhere = ibis.or_(
        follows & against_own & ~not_its & (with_its > 0),
        its_words & (with_its >= with_own) & (with_its > 0),
        cut & moved_in & ~its.any_differ(_TELLING),
    )
    either = follows & ~against_own & ~not_its & (with_its > 0) & _ended(own.right)
    return {"code_belongs_to_another_organization": elsewhere, NUMBER_OF_ONE_OF_TWO: either}


def _count(conditions: Iterable[ir.BooleanValue]) -> ir.IntegerValue:
    zero: ir.IntegerValue = ibis.literal(0, "int64")
    return sum((condition.cast("int64") for condition in conditions), start=zero)


def _speaks_against(one: Sides, other: Sides) -> ir.BooleanValue:
    """In something the record differs from one group, and not from the other."""
    return ibis.or_(*(one.differ(column) & ~other.differ(column) for column in _TELLING))


def _founded_later(own: Sides, its: Sides) -> ir.BooleanValue:
    """The other group after the record's own; by their dates, or as only the own has ended."""
    earlier = own.right("establishment_date") < its.right("establishment_date")
    return ibis.coalesce(earlier, _ended(own.right) & ~_ended(its.right))


def _ended(side: Columns) -> ir.BooleanValue:
    return side("entity_status").isin(_ENDED).fill_null(False)


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


def _of_nobody(_own: Sides, _its: Sides) -> Mapping[str, ir.BooleanValue]:
    return {}


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
# What tells two registrations from each other, where they differ in it.
_TELLING = (*_ORGANIZATION_TIES, "region_code")
_ENDED = ("3", "4")  # entity_status of GB/T 36104: revoked, cancelled

EVIDENCE: Mapping[str, Evidence] = {
    "other_name_and_birth_date": Evidence(
        person=("person_name", "birth_date"),
        particulars=("sex_code", "ethnicity_code", *_PERSON_TIES),
        ties=_PERSON_TIES,
        contradicts=_somebody_else,
        doubtful=_doubtful_number,
        forbids=_nobody,
        belongs_elsewhere="id_belongs_to_another_person",
        of_nearby=_of_nobody,
    ),
    "branch_or_other_organization": Evidence(
        person=("organization_name",),
        particulars=("organization_code", *_ORGANIZATION_TIES),
        ties=_ORGANIZATION_TIES,
        contradicts=_other_organization,
        doubtful=_never,
        forbids=_other_registration,
        belongs_elsewhere="code_belongs_to_another_organization",
        of_nearby=_of_successor_or_sister,
        varying=("establishment_date",),
        telling=_TELLING,
        further=("region_code", "entity_status"),
        nearby=(
            *(("organization_name", tie) for tie in _ORGANIZATION_TIES),
            ("legal_representative_name", "registered_address"),
            ("legal_representative_name", "phone"),
        ),
        repeating=("organization_code", "registration_number"),
    ),
    "": Evidence(
        person=(),
        particulars=(),
        ties=(),
        contradicts=_nothing,
        doubtful=_never,
        forbids=_nobody,
        belongs_elsewhere="",
        of_nearby=_of_nobody,
    ),
}
