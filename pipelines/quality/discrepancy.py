"""Where sources disagree about one entity (一数一源): the golden value stands, the other is told.

A record's value is compared with the golden value of its entity where that came from a *source* of
another name; whoever supplied the golden value is not judged by himself. Spellings are no findings:
compared are normal forms, with the agreement that matching grants an element. Of an entity with
editions (licences) only records of the golden edition are compared: an older edition may differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.compare import Sides, key_of

DISAGREES = "DISAGREES_WITH_AUTHORITY"
DISPUTED = "NUMBER_OF_ANOTHER_ENTITY"

FINDING_SCHEMA = ibis.schema(
    {
        "source": "string",
        "source_key": "string",
        "column_name": "string",
        "rule": "string",
        "severity": "string",
        "value": "string",
        "entity_id": "string",
        "other_source": "string",
        "other_key": "string",
        "other_entity_id": "string",
        "other_value": "string",
    }
)
AGREEMENT_SCHEMA = ibis.schema(
    {
        "source": "string",
        "column_name": "string",
        "rule": "string",
        "compared": "int64",
        "agreed": "int64",
    }
)
AGREEMENT_ORDER = ("source", "column_name", "rule")
FINDING_ORDER = ("source", "source_key", "column_name", "rule", "other_source", "other_key")

# Matching forgives what may be a slip of the pen; whoever made the slip should hear of it.
_EXACT = frozenset({"birth_date"})


@dataclass(frozen=True)
class Compared:
    """Expressions, not yet computed.

    ``finding``: FINDING_SCHEMA, one row per value that breaks a rule. ``agreement``:
    AGREEMENT_SCHEMA, one row per source, column and rule by which at least one value was judged.
    """

    finding: ir.Table
    agreement: ir.Table


def beside_golden(
    records: ir.Table, crosswalk: ir.Table, core: ir.Table, library: Library
) -> ir.Table:
    """Each value of a record beside the golden value of its entity; wide, one row per record.

    Args:
        records: ``library_records`` of the run.
        crosswalk: ``core.<entity>_source``: which record is which number of which entity.
        core: ``core.<entity>``: which record each golden value came from.
        library: Its golden columns.

    Returns:
        ``source, source_key, entity_id``, and per golden column ``<column>`` (a struct with
        ``value, other_source, other_key, other_value, same``), NULL where there is nothing to
        compare. Only entities that more than one source knows. Should be materialised.
    """
    told = _told(records, _shared(crosswalk), library)
    golden = _golden(told, core, library)
    both = told.inner_join(golden, "entity_id")
    compared = {name: _compared(both, name, library) for name in library.columns}
    return both.select("source", "source_key", "entity_id", **compared)


def compare_sources(beside: ir.Table, library: Library, severity: str) -> Compared:
    """Findings and counts out of ``beside_golden``."""
    long = ibis.union(*(_long(beside, name) for name in library.columns), distinct=False)
    differs = long.filter(~long.same)
    finding = differs.mutate(
        rule=ibis.literal(DISAGREES),
        severity=ibis.literal(severity),
        other_entity_id=ibis.null("string"),
    )
    agreement = long.group_by("source", "column_name").agg(
        rule=ibis.literal(DISAGREES), compared=long.count(), agreed=long.same.sum()
    )
    return _shaped(finding, agreement)


def disputed_numbers(
    disputed: ir.Table,
    records: ir.Table,
    crosswalk: ir.Table,
    core: ir.Table,
    library: Library,
    severity: str,
) -> Compared:
    """Records whose strong identifier is another entity's, out of all that have one.

    Args:
        disputed: ``identity.<entity>_dispute``.
        records: ``library_records`` of the run.
        crosswalk: ``core.<entity>_source``.
        core: ``core.<entity>``.
        library: Names the identifier.
        severity: Of the rule.

    Returns:
        In findings, ``other_source`` and ``other_key`` are the record that the holder's golden
        number came from, NULL where nobody holds the number.
    """
    strong = library.identity.strong
    said = records.filter(records[strong].notnull())
    numbers = said.select("source", "source_key", value=said[strong].cast("string"))
    told = disputed.drop("reason").inner_join(numbers, ["source", "source_key"])
    held = told.left_join(_holders(crosswalk, core, strong), "other_entity_id")
    about = {"column_name": ibis.literal(strong), "rule": ibis.literal(DISPUTED)}
    finding = held.mutate(**about, severity=ibis.literal(severity))
    wrong = told.group_by("source").agg(wrong=told.count())
    counted = numbers.group_by("source").agg(compared=numbers.count()).left_join(wrong, "source")
    agreement = counted.mutate(**about, agreed=counted.compared - counted.wrong.fill_null(0))
    return _shaped(finding, agreement)


def _shaped(finding: ir.Table, agreement: ir.Table) -> Compared:
    return Compared(
        finding.select(*FINDING_SCHEMA.names).cast(FINDING_SCHEMA),
        agreement.select(*AGREEMENT_SCHEMA.names).cast(AGREEMENT_SCHEMA),
    )


def _shared(crosswalk: ir.Table) -> ir.Table:
    """The crosswalk of entities that at least two sources know."""
    sources = crosswalk.group_by("entity_id").agg(
        first=crosswalk.source.min(), last=crosswalk.source.max()
    )
    several = sources.filter(sources["first"] != sources["last"]).select("entity_id")
    return crosswalk.semi_join(several, "entity_id")


def _told(records: ir.Table, crosswalk: ir.Table, library: Library) -> ir.Table:
    """Per record its place, and per golden column its text and its comparison key."""
    place = crosswalk.select("source", "source_key", "entity_id", "record_no", "withheld")
    told = place.inner_join(records, ["source", "source_key"])
    edition = told[library.identity.version] if library.identity.version else ibis.null("string")
    values = {name: told[name].cast("string") for name in library.columns}
    strong = library.identity.strong  # a number that is somebody else's is a finding of its own
    withheld = told.withheld.fill_null("") == strong
    values[strong] = ibis.ifelse(withheld, ibis.null("string"), values[strong])
    keys = {f"{name}__key": key_of(told, name, library) for name in library.columns}
    return told.select(
        "source",
        "source_key",
        "entity_id",
        told.record_no.cast("int64").name("record_no"),
        edition.cast("string").fill_null("").name("edition"),
        **values,
        **keys,
    )


def _golden(told: ir.Table, core: ir.Table, library: Library) -> ir.Table:
    """Per entity and column what the record says that the golden value came from, and who it is."""
    from_record = core.select("entity_id", *(f"{name}_record" for name in library.columns))
    numbered = told.inner_join(from_record, "entity_id")
    told_by: dict[str, ir.Scalar] = {}
    for name in library.columns:
        won = numbered.record_no == numbered[f"{name}_record"].cast("int64")
        fields = {"value": name, "key": f"{name}__key"}
        fields |= {each: each for each in ("source", "source_key", "edition")}
        it = ibis.struct({field: numbered[column] for field, column in fields.items()})
        told_by[f"{name}__golden"] = it.max(where=won)  # one record; the largest of one
    return numbered.group_by("entity_id").agg(**told_by)


def _compared(both: ir.Table, name: str, library: Library) -> ir.StructValue:
    golden = both[f"{name}__golden"]
    other = golden["source"] != both.source
    comparable = both[name].notnull() & golden["value"].notnull() & other
    comparable &= golden["edition"] == both.edition
    keys: Mapping[str, Callable[[str], ir.Value]] = {
        "left": lambda column: both[f"{column}__key"],
        "right": lambda column: both[f"{column}__golden"]["key"],
    }
    sides = Sides(keys["left"], keys["right"], library)
    exact = library.columns[name].element_name in _EXACT
    differs = ~sides.equal(name) if exact else sides.differ(name)
    found = ibis.struct(
        {
            "value": both[name],
            "other_source": golden["source"],
            "other_key": golden["source_key"],
            "other_value": golden["value"],
            "same": ~differs,
        }
    )
    return ibis.ifelse(comparable.fill_null(False), found, ibis.null(found.type()))


def _long(beside: ir.Table, name: str) -> ir.Table:
    there = beside.filter(beside[name].notnull())
    fields = ("value", "other_source", "other_key", "other_value", "same")
    return there.select(
        "source",
        "source_key",
        "entity_id",
        column_name=ibis.literal(name),
        **{field: there[name][field] for field in fields},
    )


def _holders(crosswalk: ir.Table, core: ir.Table, strong: str) -> ir.Table:
    """Per entity its golden identifier, and the record that it came from."""
    held = core.select(
        other_entity_id=core.entity_id,
        other_value=core[strong].cast("string"),
        record_no=core[f"{strong}_record"].cast("int64"),
    )
    records = crosswalk.select(
        other_entity_id=crosswalk.entity_id,
        record_no=crosswalk.record_no.cast("int64"),
        other_source=crosswalk.source,
        other_key=crosswalk.source_key,
    )
    return held.inner_join(records, ["other_entity_id", "record_no"]).drop("record_no")
