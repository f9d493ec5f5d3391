"""Disagreements between sources about one entity (一数一源), by comparison with the golden value.

A record's value is compared with the golden value of its entity where that came from a *source* of
another name; whoever supplied the golden value is not judged by himself. Spellings are no findings:
what is another text is compared by normal form, with the agreement that matching grants an element;
a code and its more exact form agree.
Of an entity with editions (licences) only records of the golden edition are compared: an older
edition may differ.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.compare.codes import codes_agree
from pipelines.compare.values import Sides, normal_form, text_of
from pipelines.libraries import Library
from pipelines.standards.code_tables import is_hierarchical

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


DUE_SCHEMA = ibis.schema({"source": "string", "day": "date"})


@dataclass(frozen=True)
class Compared:
    """Expressions, not yet computed.

    ``finding``: FINDING_SCHEMA, one row per value that breaks a rule. ``agreement``:
    AGREEMENT_SCHEMA, one row per source, column and rule by which at least one value was judged.
    ``due``: ``source, day``, the first later day of each source's data on which one of its values
    may be judged otherwise; None: there is no such day.
    """

    finding: ir.Table
    agreement: ir.Table
    due: ir.Table | None = None


def shared_records(records: ir.Table, crosswalk: ir.Table, library: Library) -> ir.Table:
    """The records of entities that more than one source knows, and their values.

    Args:
        records: ``library_records`` of the run.
        crosswalk: ``core.<entity>_source``: which record is which number of which entity.
        library: Its golden columns.

    Returns:
        ``source, source_key, entity_id, record_no, edition``, and per golden column its text and
        ``<column>__matched``, the text that its comparison key is made of. Should be materialised.
    """
    place = _shared(crosswalk).select("source", "source_key", "entity_id", "record_no", "withheld")
    joined = place.inner_join(records, ["source", "source_key"])
    edition = joined[library.identity.version] if library.identity.version else ibis.null("string")
    values = {name: joined[name].cast("string") for name in library.columns}
    strong = library.identity.strong  # a number that is somebody else's is a finding of its own
    withheld = joined.withheld.fill_null("") == strong
    values[strong] = ibis.ifelse(withheld, ibis.null("string"), values[strong])
    return joined.select(
        "source",
        "source_key",
        "entity_id",
        joined.record_no.cast("int64").name("record_no"),
        edition.cast("string").fill_null("").name("edition"),
        **values,
        **{_matched(name): text_of(joined, name, library) for name in library.columns},
    )


def compare_with_golden(shared: ir.Table, core: ir.Table, library: Library) -> ir.Table:
    """Each value of a record beside the golden value of its entity; wide, one row per record.

    Args:
        shared: ``shared_records``.
        core: ``core.<entity>``: golden values, and which record each came from.
        library: Its golden columns.

    Returns:
        ``source, source_key, entity_id``, and per golden column ``<column>``: whether the two are
        the same text, NULL where there is nothing to compare; and ``<column>__other``, NULL unless
        they are not: a struct of ``value, matched, other_value, other_no``, the last of which is
        the ``record_no`` that the golden value came from. Should be materialised.
    """
    columns = {f"{name}__golden": core[name].cast("string") for name in library.columns} | {
        f"{name}__won": core[f"{name}_record"].cast("int64") for name in library.columns
    }
    members = shared.group_by("entity_id").agg(
        sources=shared.source.collect(order_by=shared.record_no),
        editions=shared.edition.collect(order_by=shared.record_no),
    )
    golden = core.select("entity_id", **columns).inner_join(members, "entity_id")
    both = shared.inner_join(golden, "entity_id")
    same = both.mutate(**{f"{name}__same": _same_text(both, name) for name in library.columns})
    return same.select(
        "source",
        "source_key",
        "entity_id",
        **{name: same[f"{name}__same"] for name in library.columns},
        **{f"{name}__other": _other(same, name) for name in library.columns},
    )


def differing_values(comparison: ir.Table, shared: ir.Table, library: Library) -> ir.Table:
    """Values that are another text than the golden one: one row each.

    Args:
        comparison: ``compare_with_golden``.
        shared: ``shared_records``.
        library: Its golden columns.

    Returns:
        ``source, source_key, entity_id, column_name, value, other_source, other_key, other_value``
        and ``same``: whether it is only spelt otherwise. Should be materialised.
    """
    return ibis.union(
        *(_differing_values(comparison, shared, name, library) for name in library.columns),
        distinct=False,
    )


def compare_sources(
    comparison: ir.Table, other: ir.Table, library: Library, severity: str
) -> Compared:
    """Findings and counts out of ``compare_with_golden`` and its ``differing_values``."""
    finding = other.filter(~other.same).mutate(
        rule=ibis.literal(DISAGREES),
        severity=ibis.literal(severity),
        other_entity_id=ibis.null("string"),
    )
    spelt = other.filter(other.same).group_by("source", "column_name").agg(n=ibis._.count())
    counted = _count_same_text(comparison, library).left_join(spelt, ["source", "column_name"])
    agreement = counted.select(
        "source",
        "column_name",
        "compared",
        rule=ibis.literal(DISAGREES),
        agreed=counted.agreed + counted.n.fill_null(0),
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
    numbered = records.filter(records[strong].notnull())
    numbers = numbered.select("source", "source_key", value=numbered[strong].cast("string"))
    withheld = disputed.drop("reason").inner_join(numbers, ["source", "source_key"])
    with_holder = withheld.left_join(_holders(crosswalk, core, strong), "other_entity_id")
    about = {"column_name": ibis.literal(strong), "rule": ibis.literal(DISPUTED)}
    finding = with_holder.mutate(**about, severity=ibis.literal(severity))
    wrong = withheld.group_by("source").agg(wrong=withheld.count())
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


def _matched(column: str) -> str:
    return f"{column}__matched"


def _same_text(both: ir.Table, name: str) -> ir.BooleanValue:
    """NULL where one says nothing, or the golden value is this source's or another edition's."""
    won = both[f"{name}__won"] - 1  # records are numbered from 1, without a gap
    golden = both[f"{name}__golden"]
    other = (both.sources[won] != both.source) & (both.editions[won] == both.edition)
    comparable = both[name].notnull() & golden.notnull() & other
    return ibis.ifelse(comparable.fill_null(False), both[name] == golden, ibis.null("boolean"))


def _other(both: ir.Table, name: str) -> ir.StructValue:
    both_values = ibis.struct(
        {
            "value": both[name],
            "matched": both[_matched(name)],
            "other_value": both[f"{name}__golden"],
            "other_no": both[f"{name}__won"],
        }
    )
    return ibis.ifelse(
        (~both[f"{name}__same"]).fill_null(False), both_values, ibis.null(both_values.type())
    )


def _count_same_text(comparison: ir.Table, library: Library) -> ir.Table:
    """``source, column_name, compared``, and ``agreed``: how many of them are the same text."""
    counts = {name: comparison[name].count() for name in library.columns}
    agreed = {f"{name}__agreed": comparison[name].sum() for name in library.columns}
    wide = comparison.group_by("source").agg(**counts, **agreed)
    long = [
        wide.select(
            "source",
            column_name=ibis.literal(name),
            compared=wide[name],
            agreed=wide[f"{name}__agreed"].fill_null(0),
        )
        for name in library.columns
    ]
    every = ibis.union(*long, distinct=False)
    return every.filter(every.compared > 0)


def _differing_values(
    comparison: ir.Table, shared: ir.Table, name: str, library: Library
) -> ir.Table:
    there = comparison.filter(comparison[f"{name}__other"].notnull())
    fields = ("value", "matched", "other_value", "other_no")
    long = there.select(
        "source",
        "source_key",
        "entity_id",
        **{field: there[f"{name}__other"][field] for field in fields},
    )
    winner = shared.select(
        "entity_id",
        other_no="record_no",
        other_source="source",
        other_key="source_key",
        other_matched=shared[_matched(name)],
    )
    joined = long.inner_join(winner, ["entity_id", "other_no"])
    element = library.columns[name].element_name
    sides = Sides(
        lambda _name: normal_form(joined.matched, element),
        lambda _name: normal_form(joined.other_matched, element),
        library,
    )
    same = sides.equal(name) if element in _EXACT else ~sides.differ(name)
    table = library.columns[name].element.code_table
    if table is not None and is_hierarchical(table):
        codes = (sides.left(name), sides.right(name))
        same |= codes_agree(*codes, table).fill_null(False)
    compared_columns = ("value", "other_source", "other_key", "other_value")
    key = ("source", "source_key", "entity_id")
    return joined.select(*key, *compared_columns, column_name=ibis.literal(name), same=same)


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
