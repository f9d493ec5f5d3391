"""What cannot be true of an organisation and its legal representative; the registrar repairs it."""

import ibis
import ibis.expr.types as ir

from pipelines.compare.values import names_compatible
from pipelines.quality.contradiction.world import (
    DEATHS,
    GRACE_DAYS,
    World,
    after,
    first_later,
    judged,
    judges,
    name_key,
    turns_after,
)

OPEN, ABNORMAL, REVOKED, CANCELLED = "1", "2", "3", "4"  # entity_status, GB/T 36104


_REPRESENTATIVE = {"legal_entity": ("legal_representative_name", "legal_representative_citizen_id")}


@judges("legal_entity", DEATHS)
def deceased_representative(world: World) -> ir.Table:
    """The legal representative of a living organisation died more than a month ago."""
    core = world.core("legal_entity")
    led = core.filter(
        core.entity_status.isin([OPEN, ABNORMAL]),
        core.legal_representative_person_id.notnull(),
        core.legal_representative_name.notnull(),
    ).select("entity_id", "legal_representative_name", person_id="legal_representative_person_id")
    provenance = world.provenance("legal_entity", "legal_representative_name")
    both = led.inner_join(provenance, "entity_id").left_join(world.deaths(), "person_id")
    late = after(both.reported_on, both.death_date, GRACE_DAYS)
    return judged(
        both,
        "legal_representative_name",
        value=both.legal_representative_name,
        other_source=both.death_source,
        other_key=both.death_key,
        other_entity_id=both.person_id,
        other_value=both.death_date,
        wrong=both.confirmed & late,
        due=ibis.ifelse(
            both.confirmed.fill_null(False),
            first_later(both.reported_on, turns_after(both.death_date, GRACE_DAYS)),
            ibis.null("date"),
        ),
    )


@judges("legal_entity", _REPRESENTATIVE)
def number_of_another_person(world: World) -> ir.Table:
    """The number given for the legal representative is held by somebody of another name."""
    records = world.records("legal_entity")
    given = records.filter(
        records.legal_representative_citizen_id.notnull(),
        records.legal_representative_name.notnull(),
    ).select(
        "source",
        "source_key",
        "entity_id",
        "legal_representative_name",
        citizen_id="legal_representative_citizen_id",
    )
    persons = world.numbered("population")
    persons = persons.filter(persons.citizen_id.notnull(), persons.person_name.notnull())
    holders = persons.select("citizen_id", "person_name", person_id="entity_id")
    provenance = world.provenance("population", "person_name").select(
        person_id="entity_id", other_source="source", other_key="source_key"
    )
    both = given.inner_join(holders, "citizen_id").inner_join(provenance, "person_id")
    ours = name_key(both.legal_representative_name, "person_name")
    theirs = name_key(both.person_name, "person_name")
    return judged(
        both,
        "legal_representative_citizen_id",
        value=both.citizen_id,
        other_entity_id=both.person_id,
        other_value=both.person_name,
        wrong=~names_compatible(ours, theirs),
    )


@judges("legal_entity", {"legal_entity": ("entity_status",)})
def active_after_cancellation(world: World) -> ir.Table:
    """A department still counts as active, by a later entry, what its registrar has cancelled."""
    core = world.core("legal_entity")
    ended = core.filter(core.entity_status == CANCELLED, core.cancellation_date.notnull())
    provenance = world.provenance("legal_entity", "cancellation_date").select(
        "entity_id", other_source="source", other_key="source_key"
    )
    ended = ended.select("entity_id", "cancellation_date").inner_join(provenance, "entity_id")
    records = world.records("legal_entity")
    dated = records.filter(records.entity_status.notnull(), records.changed_on.notnull()).select(
        "source", "source_key", "entity_id", "entity_status", "changed_on"
    )
    both = dated.inner_join(ended, "entity_id")
    both = both.filter(both.source != both.other_source)
    late = after(both.changed_on, both.cancellation_date, GRACE_DAYS)
    return judged(
        both,
        "entity_status",
        value=both.entity_status,
        other_entity_id=both.entity_id,
        other_value=both.cancellation_date,
        wrong=(both.entity_status == OPEN) & late,
    )


def closed_since(world: World) -> ir.Table:
    """Organisations that are revoked or cancelled, and the latest day since when they may be.

    Returns:
        ``entity_id, entity_status, since, other_source, other_key``.
    """
    core = world.core("legal_entity")
    with_status = core.filter(core.entity_status.notnull()).select(
        "entity_id", "entity_status", "cancellation_date"
    )
    provenance = world.provenance("legal_entity", "entity_status").select(
        "entity_id",
        "reported_on",
        "changed_on",
        other_source="source",
        other_key="source_key",
    )
    both = with_status.inner_join(provenance, "entity_id")
    since = ibis.coalesce(both.cancellation_date, both.changed_on, both.reported_on)
    return both.mutate(since=since).select(
        "entity_id", "entity_status", "since", "other_source", "other_key"
    )
