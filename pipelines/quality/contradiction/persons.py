"""What cannot be true of a person's life; the less authoritative source repairs it."""

from functools import reduce

import ibis
import ibis.expr.types as ir

from pipelines.quality.contradiction.world import (
    DEATHS,
    GRACE_DAYS,
    LINKED_BY_NUMBER,
    World,
    after,
    first_later,
    judged,
    judges,
)

MARRIED = ("20", "21", "22", "23")  # GB/T 2261.2
MALE = "1"
AGES = (22, 20)  # 民法典 第一千零四十七条: men, women
_EVENTS = {"population": ("employer_name",)}
_STATUS = {"population": ("marital_code",)}


@judges("population", DEATHS, _EVENTS)
def event_after_death(world: World) -> ir.Table:
    """Somebody married, or was still insured, after a death that is beyond doubt."""
    events = _events(world)
    deaths = world.deaths().rename(entity_id="person_id")
    both = events.left_join(deaths.filter(deaths.confirmed), "entity_id")
    return judged(
        both,
        "changed_at",
        value=both.day,
        other_source=both.death_source,
        other_key=both.death_key,
        other_entity_id=both.entity_id,
        other_value=both.death_date,
        wrong=_follows(both),
    )


@judges("population", DEATHS, _EVENTS)
def doubtful_death(world: World) -> ir.Table:
    """Only one department knows of a death, and something happened afterwards."""
    deaths = world.deaths()
    doubtful = deaths.filter(~deaths.confirmed).rename(entity_id="person_id")
    later = _events(world)
    if "e_license" in world.libraries:
        later = ibis.union(later, _licenses(world))
    both = doubtful.inner_join(later, "entity_id")
    both = both.mutate(follows=_follows(both))
    other = ibis.struct({n: both[n] for n in ("follows", "day", "source", "source_key")})
    columns = ("entity_id", "death_date", "death_source", "death_key")
    worst = both.group_by(*columns).agg(other=other.max())
    worst = worst.rename(source="death_source", source_key="death_key")
    return judged(
        worst,
        "death_date",
        value=worst.death_date,
        other_source=worst.other["source"],
        other_key=worst.other["source_key"],
        other_entity_id=worst.entity_id,
        other_value=worst.other["day"],
        wrong=worst.other["follows"],
    )


@judges("population", _EVENTS, _STATUS)
def married_under_age(world: World) -> ir.Table:
    """Married before the age at which one may.

    Only persons whose birth date is also the one in their number: a slip in it is another finding.
    """
    core = world.core("population")
    complete = core.filter(
        core.birth_date.notnull(), core.sex_code.notnull(), core.citizen_id.notnull()
    )
    number = complete.citizen_id.substr(6, 8)
    certain = complete.filter(number == complete.birth_date.cast("string").replace("-", ""))
    men, women = (ibis.interval(years=years) for years in AGES)
    of_age = ibis.ifelse(
        certain.sex_code == MALE, certain.birth_date + men, certain.birth_date + women
    )
    provenance = world.provenance("population", "birth_date").select(
        "entity_id", other_source="source", other_key="source_key"
    )
    persons = certain.select("entity_id", "birth_date", of_age=of_age.cast("date"))
    persons = persons.inner_join(provenance, "entity_id")

    weddings = _events(world)
    weddings = weddings.filter(weddings.kind == "marriage").inner_join(persons, "entity_id")
    records = world.records("population")
    stated = records.filter(records.marital_code.isin(MARRIED)).select(
        "source", "source_key", "entity_id", "marital_code", day="reported_on"
    )
    stated = stated.inner_join(persons, "entity_id")
    return ibis.union(
        _aged(weddings, "changed_at", weddings.day),
        _aged(stated, "marital_code", stated.marital_code, first_later(stated.day, stated.of_age)),
    )


def _aged(
    both: ir.Table, column: str, value: ir.Value, due: ir.DateValue | None = None
) -> ir.Table:
    return judged(
        both,
        column,
        value=value,
        other_entity_id=both.entity_id,
        other_value=both.birth_date,
        wrong=after(both.of_age, both.day),
        due=due,
    )


def _events(world: World) -> ir.Table:
    """What happened when: ``entity_id, source, source_key, kind, day``."""
    records = world.records("population")
    records = records.filter(records.changed_on.notnull())
    columns = ["entity_id", "source", "source_key", "employer_name", "changed_on"]
    kinds = [
        records.filter(records.source == source).select(*columns, kind=ibis.literal(kind))
        for source, kind in sorted(world.events.items())
    ]
    if not kinds:
        kinds = [records.filter(ibis.literal(False)).select(*columns, kind=ibis.literal(""))]
    every = reduce(lambda left, right: left.union(right), kinds)
    # Whoever closes the account of a dead person makes an entry too, without an employer.
    insured = every.filter((every.kind != "insurance") | every.employer_name.notnull())
    return insured.select("entity_id", "source", "source_key", "kind", day="changed_on")


def _licenses(world: World) -> ir.Table:
    core = world.core("e_license")
    issued = core.filter(
        core.issue_date.notnull(),
        core.holder_person_id.notnull(),
        core.holder_rule.isin(LINKED_BY_NUMBER),
    ).select("entity_id", "issue_date", "holder_person_id")
    provenance = world.provenance("e_license", "issue_date").select(
        "entity_id", "source", "source_key"
    )
    both = issued.inner_join(provenance, "entity_id")
    return both.select(
        "source",
        "source_key",
        entity_id="holder_person_id",
        kind=ibis.literal("license"),
        day="issue_date",
    ).select("entity_id", "source", "source_key", "kind", "day")


def _follows(both: ir.Table) -> ir.BooleanValue:
    """After the death; an insurance only when a month has passed, as it takes that to end it."""
    days = ibis.ifelse(both.kind == "insurance", GRACE_DAYS, 0)
    return (both.day.delta(both.death_date, unit="day") > days).fill_null(False)
