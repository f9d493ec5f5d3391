"""The consistency rules across libraries: which records each judges, and which libraries it needs.

A finding is addressed to the source of the record that should be repaired: that of the department
that can (domain.md 3.3, 4.8), a licence's issuer or an organisation's registrar. Only where one
department alone reports a death, and life goes on elsewhere, it is the death that is doubted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.quality.contradiction import licenses, organizations, persons
from pipelines.quality.contradiction.world import World
from pipelines.quality.discrepancy import AGREEMENT_SCHEMA, FINDING_SCHEMA, Compared
from pipelines.standards.elements import Mask, load_elements
from pipelines.standards.rules import severities


@dataclass(frozen=True)
class Contradiction:
    """One rule."""

    rule: str
    library: str  # whose records it judges
    needs: Sequence[str]  # libraries that must be published for it
    find: Callable[[World], ir.Table]  # JUDGED
    other: str  # data element of ``other_value``, which is not always that of the column
    sees: Sequence[str] = ()  # libraries that it takes into account where they are published


CONTRADICTIONS = (
    Contradiction("EVENT_AFTER_DEATH", "population", (), persons.event_after_death, "date"),
    Contradiction("MARRIED_UNDER_AGE", "population", (), persons.married_under_age, "birth_date"),
    Contradiction(
        "DEATH_DOUBTFUL", "population", (), persons.doubtful_death, "date", sees=("e_license",)
    ),
    Contradiction(
        "LEGAL_REPRESENTATIVE_DECEASED",
        "legal_entity",
        ("population",),
        organizations.deceased_representative,
        "date",
    ),
    Contradiction(
        "LEGAL_REPRESENTATIVE_NUMBER_OF_ANOTHER",
        "legal_entity",
        ("population",),
        organizations.number_of_another_person,
        "person_name",
    ),
    Contradiction(
        "ACTIVE_AFTER_CANCELLATION",
        "legal_entity",
        (),
        organizations.active_after_cancellation,
        "date",
    ),
    Contradiction(
        "LICENSE_OF_CLOSED_ORGANIZATION",
        "e_license",
        ("legal_entity",),
        licenses.live_of_closed_organization,
        "entity_status",
    ),
    Contradiction(
        "LICENSE_OF_DECEASED",
        "e_license",
        ("population",),
        licenses.live_of_deceased_person,
        "date",
    ),
    Contradiction(
        "LICENSE_BEFORE_HOLDER",
        "e_license",
        ("population", "legal_entity"),
        licenses.issued_before_holder,
        "birth_date",
    ),
    Contradiction(
        "LICENSE_AFTER_HOLDER",
        "e_license",
        ("population", "legal_entity"),
        licenses.issued_after_holder,
        "date",
    ),
    Contradiction(
        "LICENSE_HOLDER_NAME",
        "e_license",
        ("population", "legal_entity"),
        licenses.another_name_than_holder,
        "person_name",
    ),
    Contradiction("LICENSE_OF_TWO_HOLDERS", "e_license", (), licenses.two_holders, "holder_code"),
    Contradiction("LICENSE_EXPIRED_BUT_VALID", "e_license", (), licenses.expired_but_valid, "date"),
)


def other_masks() -> Mapping[str, Mask]:
    """How another department's value in a finding is masked, by rule."""
    return {one.rule: load_elements()[one.other].mask for one in CONTRADICTIONS}


def contradictions_of(library: str, world: World, seeing: str | None = None) -> list[Contradiction]:
    """The rules that judge records of a library and can be asked in this world.

    With ``seeing``, only those that also look at that other library.
    """
    return [
        one
        for one in CONTRADICTIONS
        if one.library == library
        and world.libraries.keys() >= {library, *one.needs}
        and (seeing is None or seeing in {*one.needs, *one.sees})
    ]


def find_contradictions(
    rules: Sequence[Contradiction], world: World, materialise: Callable[[ir.Table], ir.Table]
) -> list[Compared]:
    """What each rule finds, and how often it could be asked.

    ``materialise`` computes a table once, for two answers are made of it.
    """
    return [_compared(one, materialise(one.find(world))) for one in rules]


def _compared(one: Contradiction, judged: ir.Table) -> Compared:
    about = {"rule": ibis.literal(one.rule)}
    finding = judged.filter(judged.wrong).mutate(
        **about, severity=ibis.literal(severities()[one.rule])
    )
    counted = judged.group_by("source", "column_name").agg(
        compared=judged.count(), agreed=(~judged.wrong).sum()
    )
    return Compared(
        finding.select(*FINDING_SCHEMA.names).cast(FINDING_SCHEMA),
        counted.mutate(**about).select(*AGREEMENT_SCHEMA.names).cast(AGREEMENT_SCHEMA),
    )
