"""Evidence against a match: whose number a record carries, and which pairs can never be one.

A library's declaration names one ``Evidence`` here. What separates a good from a bad result is
evidence *against*: somebody else's valid number on a record, a branch under its parent's code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.resolve.compare import (
    dates_similar,
    is_branch,
    names_compatible,
    names_disjoint,
    organizations_similar,
)

Columns = Callable[[str], ir.Value]  # a golden column's comparison key, of one side


@dataclass(frozen=True)
class Evidence:
    """What speaks against a strong identifier, and against a pair.

    ``person`` are the columns that together say who somebody is, his name first: a record that
    carries those of another group, and not of its own, is that group's. ``particulars`` are
    compared besides.
    """

    person: Sequence[str]
    particulars: Sequence[str]
    contradicts: Callable[[Columns, Columns], Mapping[str, ir.BooleanValue]]
    """Record, and what the most authoritative records of its group say -> reason: condition."""
    odd: Callable[[Columns, Columns], ir.BooleanValue]
    """Record, and what its number implies: worth a look even alone in its group."""
    forbids: Callable[[Columns, Columns, bool], ir.BooleanValue]
    """Two records, and whether they are compared for their names: never one, whatever agrees."""
    belongs_elsewhere: str
    """Reason for a record that is another group's by ``person``."""

    @property
    def columns(self) -> Sequence[str]:
        """All that the tests need."""
        return (*self.person, *self.particulars)


def agreements(left: Columns, right: Columns, columns: Sequence[str]) -> ir.IntegerValue:
    """How many of the columns are known and equal on both sides."""
    zero: ir.IntegerValue = ibis.literal(0)
    return sum((_sure(left(c) == right(c)).cast("int64") for c in columns), start=zero)


def _sure(condition: ir.BooleanValue) -> ir.BooleanValue:
    return condition.fill_null(False)


def _any_differ(left: Columns, right: Columns, columns: Sequence[str]) -> ir.BooleanValue:
    return ibis.or_(*(_sure(left(c) != right(c)) for c in columns))


def _somebody_else(record: Columns, reference: Columns) -> Mapping[str, ir.BooleanValue]:
    """Name and birth date both are another's, or the name is and all else speaks against it."""
    name, its_name = record("person_name"), reference("person_name")
    other_name = _sure(~names_compatible(name, its_name))
    wholly_other = _sure(names_disjoint(name, its_name))
    other_date = _sure(~dates_similar(record("birth_date"), reference("birth_date")))
    nothing_common = agreements(record, reference, _PERSON_CONTACTS) == 0
    inborn = _any_differ(record, reference, ("sex_code", "ethnicity_code"))
    contacts = _any_differ(record, reference, ("residence_address", "mobile"))
    return {
        "other_name_and_birth_date": other_name & other_date,
        "other_name_and_no_birth_date": wholly_other & record("birth_date").isnull(),
        "two_persons_with_one_number": nothing_common
        & ((other_name & inborn) | (wholly_other & contacts)),
    }


def _other_birth_date(record: Columns, implied: Columns) -> ir.BooleanValue:
    """The birth date that the record states is not the one in its number."""
    return _sure(~dates_similar(record("birth_date"), implied("birth_date")))


def _other_organization(record: Columns, reference: Columns) -> Mapping[str, ir.BooleanValue]:
    """A branch under its parent's code, or another name with nothing else in common."""
    name, its_name = record("organization_name"), reference("organization_name")
    return {
        "branch_filed_under_the_code_of_its_parent": _sure(is_branch(name) & ~is_branch(its_name)),
        "other_name_and_nothing_in_common": _nothing_in_common(record, reference),
    }


def _nothing_in_common(left: Columns, right: Columns) -> ir.BooleanValue:
    similar = organizations_similar(left("organization_name"), right("organization_name"))
    differ = _any_differ(left, right, _ORGANIZATION_PARTICULARS)
    common = agreements(left, right, _ORGANIZATION_PARTICULARS) > 0
    return _sure(~similar) & differ & ~common


def _other_registration(left: Columns, right: Columns, by_name: bool) -> ir.BooleanValue:
    """Branch and parent, two organisation codes; by name only: registered in different years."""
    branch = is_branch(left("organization_name")) != is_branch(right("organization_name"))
    codes = left("organization_code") != right("organization_code")
    never = _sure(branch) | _sure(codes)
    if not by_name:
        return never | _nothing_in_common(left, right)
    founded, its_founding = left("establishment_date"), right("establishment_date")
    year = founded.substr(0, 4) != its_founding.substr(0, 4)
    return never | _sure(year & ~dates_similar(founded, its_founding))


def _nobody(_left: Columns, _right: Columns, _by_name: bool) -> ir.BooleanValue:
    return ibis.literal(False)


def _never(_record: Columns, _implied: Columns) -> ir.BooleanValue:
    return ibis.literal(False)


def _nothing(_record: Columns, _reference: Columns) -> Mapping[str, ir.BooleanValue]:
    return {}


_PERSON_CONTACTS = ("residence_address", "mobile", "employer_name")
_ORGANIZATION_PARTICULARS = (
    "legal_representative_name",
    "registration_number",
    "establishment_date",
    "registered_address",
    "phone",
)

EVIDENCE: Mapping[str, Evidence] = {
    "other_name_and_birth_date": Evidence(
        person=("person_name", "birth_date"),
        particulars=("sex_code", "ethnicity_code", *_PERSON_CONTACTS),
        contradicts=_somebody_else,
        odd=_other_birth_date,
        forbids=_nobody,
        belongs_elsewhere="id_belongs_to_another_person",
    ),
    "branch_or_other_organization": Evidence(
        person=("organization_name",),
        particulars=("organization_code", *_ORGANIZATION_PARTICULARS),
        contradicts=_other_organization,
        odd=_never,
        forbids=_other_registration,
        belongs_elsewhere="code_belongs_to_another_organization",
    ),
    "": Evidence(
        person=(),
        particulars=(),
        contradicts=_nothing,
        odd=_never,
        forbids=_nobody,
        belongs_elsewhere="",
    ),
}
