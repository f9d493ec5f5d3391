"""What cannot be true of a licence and its holder; the department that issued it repairs it.

Holders are those that are linked by a number. A licence is judged by what it says itself, on the
day on which its department reported it.
"""

import ibis
import ibis.expr.types as ir

from pipelines.compare.values import names_compatible
from pipelines.quality.contradiction.organizations import CANCELLED, REVOKED, closed_since
from pipelines.quality.contradiction.world import (
    DEATHS,
    GRACE_DAYS,
    LINKED_BY_NUMBER,
    World,
    after,
    first_later,
    judged,
    judges,
    name_key,
    turns_after,
)

VALID, SUSPENDED = "valid", "suspended"
_HOLDER = {"e_license": ("holder_code", "holder_code_kind", "license_identifier_version")}


@judges("e_license")
def live_of_closed_organization(world: World) -> ir.Table:
    """In force, though its holder was revoked or cancelled more than a month before."""
    live = _in_force(world, "holder_legal_entity_id")
    closed = closed_since(world).rename(holder_id="entity_id")
    both = live.inner_join(closed, "holder_id")
    ended = both.entity_status.isin([REVOKED, CANCELLED])
    return judged(
        both,
        "license_status",
        value=both.license_status,
        other_entity_id=both.holder_id,
        other_value=both.entity_status,
        wrong=both.in_force & ended & after(both.reported_on, both.since, GRACE_DAYS),
        due=_due(both, ended, both.since),
    )


@judges("e_license", DEATHS)
def live_of_deceased_person(world: World) -> ir.Table:
    """In force, though its holder died more than a month before."""
    live = _in_force(world, "holder_person_id")
    both = live.left_join(world.deaths().rename(holder_id="person_id"), "holder_id")
    late = after(both.reported_on, both.death_date, GRACE_DAYS)
    return judged(
        both,
        "license_status",
        value=both.license_status,
        other_source=both.death_source,
        other_key=both.death_key,
        other_entity_id=both.holder_id,
        other_value=both.death_date,
        wrong=both.in_force & both.confirmed & late,
        due=_due(both, both.confirmed, both.death_date),
    )


@judges("e_license")
def issued_before_holder(world: World) -> ir.Table:
    """Issued before its holder was born or established."""
    both = ibis.union(
        _issued(world, "holder_person_id", "population", "birth_date"),
        _issued(world, "holder_legal_entity_id", "legal_entity", "establishment_date"),
    )
    return _dated(both, wrong=after(both.day, both.issue_date))


@judges("e_license", DEATHS)
def issued_after_holder(world: World) -> ir.Table:
    """Issued after its holder had died or had been cancelled."""
    persons = _issued(world, "holder_person_id", "population", "death_date")
    deaths = world.deaths()
    certain = deaths.filter(deaths.confirmed).select(holder_id="person_id")
    both = ibis.union(
        persons.semi_join(certain, "holder_id"),
        _issued(world, "holder_legal_entity_id", "legal_entity", "cancellation_date"),
    )
    return _dated(both, wrong=after(both.issue_date, both.day))


@judges("e_license")
def another_name_than_holder(world: World) -> ir.Table:
    """The holder's name on the licence is not the name of whoever has the number on it."""
    person = _named(world, "holder_person_id", "population", "person_name")
    firm = _named(world, "holder_legal_entity_id", "legal_entity", "organization_name")
    return ibis.union(
        _names_judged(person, names_compatible(person.ours, person.theirs)),
        _names_judged(firm, _one_organization(firm.ours, firm.theirs)),
    )


@judges("e_license", _HOLDER)
def two_holders(world: World) -> ir.Table:
    """Two holders claim one licence: one identifier, or one number of one type and issuer."""
    return ibis.union(_two_by_identifier(world), _two_by_number(world))


@judges("e_license", {"e_license": ("license_status", "valid_to")})
def expired_but_valid(world: World) -> ir.Table:
    """Declared to be in force after the day until which it is valid."""
    records = world.records("e_license")
    dated = records.filter(records.license_status.notnull(), records.valid_to.notnull())
    return judged(
        dated,
        "license_status",
        value=dated.license_status,
        other_source=ibis.null("string"),  # the licence contradicts itself
        other_key=ibis.null("string"),
        other_entity_id=ibis.null("string"),
        other_value=dated.valid_to,
        wrong=(dated.license_status == VALID) & after(dated.reported_on, dated.valid_to),
        due=ibis.ifelse(
            dated.license_status == VALID,
            first_later(dated.reported_on, turns_after(dated.valid_to)),
            ibis.null("date"),
        ),
    )


def _held(world: World, holder: str, *columns: str) -> ir.Table:
    """Licences whose holder is known by a number, as ``holder_id``."""
    core = world.core("e_license")
    held = core.filter(core[holder].notnull(), core.holder_rule.isin(LINKED_BY_NUMBER))
    return held.select("entity_id", *columns, holder_id=holder)


def _in_force(world: World, holder: str) -> ir.Table:
    """Licences with a status, and whether it and the term say that they are in force."""
    held = _held(world, holder, "license_status", "valid_to")
    both = held.inner_join(world.provenance("e_license", "license_status"), "entity_id")
    past = after(both.reported_on, both.valid_to).fill_null(False)
    return both.mutate(in_force=(both.license_status == VALID) & ~past)


def _due(live: ir.Table, ended: ir.BooleanValue, since: ir.DateValue) -> ir.DateValue:
    """When a licence in force is one too long after its holder's end, or runs out itself."""
    turns = turns_after(since, GRACE_DAYS), turns_after(live.valid_to)
    asked = (live.license_status == VALID) & ended.fill_null(False)
    return ibis.ifelse(asked, first_later(live.reported_on, *turns), ibis.null("date"))


def _issued(world: World, holder: str, library: str, column: str) -> ir.Table:
    """Licences with the day of issue, and ``day``, something that happened to the holder."""
    held = _held(world, holder, "issue_date")
    held = held.filter(held.issue_date.notnull())
    both = held.inner_join(world.provenance("e_license", "issue_date"), "entity_id")
    core = world.core(library)
    days = core.filter(core[column].notnull()).select(holder_id="entity_id", day=column)
    provenance = world.provenance(library, column).select(
        holder_id="entity_id", other_source="source", other_key="source_key"
    )
    return both.inner_join(days, "holder_id").inner_join(provenance, "holder_id")


def _dated(both: ir.Table, wrong: ir.BooleanValue) -> ir.Table:
    return judged(
        both,
        "issue_date",
        value=both.issue_date,
        other_entity_id=both.holder_id,
        other_value=both.day,
        wrong=wrong,
    )


def _named(world: World, holder: str, library: str, column: str) -> ir.Table:
    held = _held(world, holder, "holder_name")
    held = held.filter(held.holder_name.notnull())
    both = held.inner_join(world.provenance("e_license", "holder_name"), "entity_id")
    core = world.core(library)
    names = core.filter(core[column].notnull()).select(holder_id="entity_id", other_value=column)
    provenance = world.provenance(library, column).select(
        holder_id="entity_id", other_source="source", other_key="source_key"
    )
    named = both.inner_join(names, "holder_id").inner_join(provenance, "holder_id")
    keyed = named.mutate(
        ours=name_key(named.holder_name, column), theirs=name_key(named.other_value, column)
    )
    return keyed.filter(keyed.ours.notnull(), keyed.theirs.notnull())


def _names_judged(both: ir.Table, same: ir.BooleanValue) -> ir.Table:
    return judged(
        both, "holder_name", value=both.holder_name, other_entity_id=both.holder_id, wrong=~same
    )


def _one_organization(ours: ir.StringValue, theirs: ir.StringValue) -> ir.BooleanValue:
    """Could be one name: equal, one inside the other, or one character written wrong.

    Stricter than matching is: two firms of one trade share most of their names.
    """
    a, b = ours.split("").unique(), theirs.split("").unique()
    longer = ibis.greatest(a.length(), b.length())
    return ours.contains(theirs) | theirs.contains(ours) | (a.intersect(b).length() >= longer - 1)


def _two_by_identifier(world: World) -> ir.Table:
    """Records of one edition of a licence, against the record that its holder was taken from."""
    records = world.records("e_license")
    records = records.filter(
        records.holder_code.notnull(), records.holder_code_kind.isin(["citizen_id", "uscc"])
    )
    codes = records.select(
        "source",
        "source_key",
        "entity_id",
        "holder_code",
        edition=records.license_identifier_version.fill_null(""),
    )
    provenance = world.provenance("e_license", "holder_code").select(
        "entity_id", "source", "source_key"
    )
    golden = codes.inner_join(provenance, ["entity_id", "source", "source_key"]).select(
        "entity_id",
        "edition",
        other_source="source",
        other_key="source_key",
        other_value="holder_code",
    )
    both = codes.inner_join(golden, ["entity_id", "edition"])
    both = both.filter((both.source != both.other_source) | (both.source_key != both.other_key))
    return judged(
        both,
        "holder_code",
        value=both.holder_code,
        other_entity_id=both.entity_id,
        wrong=both.holder_code != both.other_value,
    )


def _two_by_number(world: World) -> ir.Table:
    """Living licences of one type, number and issuer, of which each says another holder."""
    core = world.core("e_license")
    holder = ibis.coalesce(core.holder_person_id, core.holder_legal_entity_id)
    live = core.mutate(holder_id=holder).filter(
        core.license_status.isin([VALID, SUSPENDED]), core.holder_rule.isin(LINKED_BY_NUMBER)
    )
    number = ["license_type_code", "license_number", "issuer_uscc"]
    live = live.filter(*(live[column].notnull() for column in number))
    provenance = world.provenance("e_license", "holder_code").select(
        "entity_id", "source", "source_key"
    )
    claims = live.select("entity_id", *number, "holder_id", "holder_code").inner_join(
        provenance, "entity_id"
    )
    fields = ("holder_id", "entity_id", "source", "source_key", "holder_code")
    claim = ibis.struct({field: claims[field] for field in fields})
    ends = claims.group_by(number).agg(low=claim.min(), high=claim.max())
    both = claims.inner_join(ends, number)
    other = ibis.ifelse(both.holder_id == both.low["holder_id"], both.high, both.low)
    return judged(
        both,
        "holder_code",
        value=both.holder_code,
        other_source=other["source"],
        other_key=other["source_key"],
        other_entity_id=other["entity_id"],
        other_value=other["holder_code"],
        wrong=both.low["holder_id"] != both.high["holder_id"],
    )
