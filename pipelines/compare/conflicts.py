"""Evidence against a match: conflicting identifiers, and pairs that cannot be linked.

A library's declaration names one ``Evidence`` here. Precision depends on evidence *against*:
somebody else's valid number on a record, a branch under its parent's code.
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

# The number fits two groups: the record is matched against both, without it.
NUMBER_OF_ONE_OF_TWO = "code_of_one_of_two_registrations"


@dataclass(frozen=True)
class Evidence:
    """What contradicts a strong identifier, and what forbids a pair (cannot-link).

    ``identifying``: the columns that together identify an entity, its name first; a record with
    another group's values of them, and not its own group's, belongs to that group. ``details``:
    compared besides. ``ties``: those of them that two entities hardly share.
    """

    identifying: Sequence[str]
    details: Sequence[str]
    ties: Sequence[str]
    contradicts: Callable[[Sides], Mapping[str, ir.BooleanValue]]
    """Record, and the reference values of its group -> reason: condition."""
    suspect_identifier: Callable[[Sides], ir.BooleanValue]
    """Record, and what its identifier implies: it is suspect, even alone in its group."""
    forbids: Callable[[Sides, bool], ir.BooleanValue]
    """Two records, and whether a rule by name compares them: cannot-link, whatever agrees."""
    belongs_elsewhere: str
    """Reason for a record that is another group's by ``identifying``."""
    sibling_conflicts: Callable[[Sides, Sides], Mapping[str, ir.BooleanValue]]
    """Record with its own group, and with a sibling group -> reason: condition."""
    single_valued: Sequence[str] = ()
    """Details of which an entity has one value: a group where they vary is examined, too."""
    distinguishing: Sequence[str] = ()
    """Columns that distinguish a group from its sibling where they differ."""
    context: Sequence[str] = ()
    """Further columns that the conditions need."""
    sibling_blocks: Sequence[Sequence[str]] = ()
    """Blocking rules for sibling groups: what a firm shares with its successor or sister."""
    restating: Sequence[str] = ()
    """Implied columns that only repeat the identifier and are no statement of their own."""

    shared_name_conflicts: Sequence[str] = ()
    """Of two that bear a name which several bear: columns in which they must not differ."""
    says_surnames: bool = False
    """Records may say a surname alone (王先生), kept as ``surname_said``."""
    place: str = ""
    """The column of addresses, which may be those of a whole village group."""

    @property
    def columns(self) -> Sequence[str]:
        """All that the tests need."""
        return (*self.identifying, *self.details, *self.context)


def _other_person(sides: Sides) -> Mapping[str, ir.BooleanValue]:
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


def _suspect_number(sides: Sides) -> ir.BooleanValue:
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
    """Filed under the code of the previous registration, of the parent, or of the sister firm.

    Where two registrations share everything, only the code distinguishes them. A department keeps
    the code that it knew first, so the later one's code on a record is accepted. The earlier one's
    is not once that registration has ended, unless the record itself states that it has.
    """
    with_its, with_own = its.agreeing(_ORGANIZATION_TIES), own.agreeing(_ORGANIZATION_TIES)
    against_own = _differs_only_from_first(own, its)
    not_its = _differs_only_from_first(its, own) | (_ended(own.left) & ~_ended(its.right))
    name = "organization_name"
    one_name = (own.right(name) == its.right(name)).fill_null(False)
    follows = one_name & own.holds(organizations_similar, name) & _founded_later(own, its)
    rewritten_name = its.holds(organizations_rewritten, name) & ~own.holds(
        organizations_rewritten, name
    )
    cut = its.holds(lambda read, whole: whole.startswith(read) & (whole != read), name)
    only_its = (its.agree(c) & own.differ(c) for c in _TELLING)
    moved_in = _count(only_its) >= 2
    elsewhere = ibis.or_(
        follows & against_own & ~not_its & (with_its > 0),
        rewritten_name & (with_its >= with_own) & (with_its > 0),
        cut & moved_in & ~its.any_differ(_TELLING),
    )
    either = follows & ~against_own & ~not_its & (with_its > 0) & _ended(own.right)
    return {"code_belongs_to_another_organization": elsewhere, NUMBER_OF_ONE_OF_TWO: either}


def _count(conditions: Iterable[ir.BooleanValue]) -> ir.IntegerValue:
    zero: ir.IntegerValue = ibis.literal(0, "int64")
    return sum((condition.cast("int64") for condition in conditions), start=zero)


def _differs_only_from_first(one: Sides, other: Sides) -> ir.BooleanValue:
    """In at least one column the record differs from the first group and not from the second."""
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


def _forbids_nothing(_sides: Sides, _by_name: bool) -> ir.BooleanValue:
    return ibis.literal(False)


def _other_surname(sides: Sides, _by_name: bool) -> ir.BooleanValue:
    """王先生 is nobody whose surname is another one."""
    said = (sides.left("surname_said"), sides.right("surname_said"))
    name = (sides.left("person_name"), sides.right("person_name"))
    of = [ibis.coalesce(said[n], name[n].left(1)) for n in (0, 1)]
    short = said[0].notnull() | said[1].notnull()
    return (short & (of[0] != of[1])).fill_null(False)


def _not_suspect(_sides: Sides) -> ir.BooleanValue:
    return ibis.literal(False)


def _of_forbids_nothing(_own: Sides, _its: Sides) -> Mapping[str, ir.BooleanValue]:
    return {}


def _contradicts_nothing(_sides: Sides) -> Mapping[str, ir.BooleanValue]:
    return {}


_PERSON_TIES = ("residence_address", "mobile", "employer_name")
_ORGANIZATION_TIES = (
    "legal_representative_name",
    "registration_number",
    "establishment_date",
    "registered_address",
    "phone",
)
# Columns that distinguish two registrations where they differ.
_TELLING = (*_ORGANIZATION_TIES, "region_code")
_ENDED = ("3", "4")  # entity_status of GB/T 36104: revoked, cancelled

EVIDENCE: Mapping[str, Evidence] = {
    "other_name_and_birth_date": Evidence(
        identifying=("person_name", "birth_date"),
        details=("sex_code", "ethnicity_code", *_PERSON_TIES),
        ties=_PERSON_TIES,
        contradicts=_other_person,
        suspect_identifier=_suspect_number,
        forbids=_other_surname,
        belongs_elsewhere="id_belongs_to_another_person",
        sibling_conflicts=_of_forbids_nothing,
        says_surnames=True,
        place="residence_address",
    ),
    "branch_or_other_organization": Evidence(
        identifying=("organization_name",),
        details=("organization_code", *_ORGANIZATION_TIES),
        ties=_ORGANIZATION_TIES,
        contradicts=_other_organization,
        suspect_identifier=_not_suspect,
        forbids=_other_registration,
        belongs_elsewhere="code_belongs_to_another_organization",
        sibling_conflicts=_of_successor_or_sister,
        single_valued=("establishment_date",),
        distinguishing=_TELLING,
        context=("region_code", "entity_status"),
        sibling_blocks=(
            *(("organization_name", tie) for tie in _ORGANIZATION_TIES),
            ("legal_representative_name", "registered_address"),
            ("legal_representative_name", "phone"),
        ),
        restating=("organization_code", "registration_number"),
        shared_name_conflicts=(
            "legal_representative_name",
            "registration_number",
            "establishment_date",
            "registered_address",
        ),
    ),
    "": Evidence(
        identifying=(),
        details=(),
        ties=(),
        contradicts=_contradicts_nothing,
        suspect_identifier=_not_suspect,
        forbids=_forbids_nothing,
        belongs_elsewhere="",
        sibling_conflicts=_of_forbids_nothing,
    ),
}
