"""The published libraries side by side, and what every rule asks of them.

A rule judges *statements*: a value, and the record that said it. Its answer is a table of
``JUDGED``: one row per statement that could be judged, ``wrong`` or not. Where something is
unknown there is no row; missing data raise no alarm. ``due`` is the first later day on which the
same statement, made again, may be judged otherwise; NULL for never.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from pipelines.clean.names.variants import unify_variants
from pipelines.compare.values import normal_form
from pipelines.libraries import load_library
from pipelines.merge.links import with_further_identifiers

JUDGED = (
    "source",
    "source_key",
    "column_name",
    "value",
    "entity_id",
    "other_source",
    "other_key",
    "other_entity_id",
    "other_value",
    "wrong",
    "due",
)
# 市场主体登记管理条例 第二十四条: what is registered is to be changed within 30 days of the event.
# Other registers get the same time: a death of last week is no fault of theirs.
GRACE_DAYS = 30
LINKED_BY_NUMBER = ("same_citizen_id", "same_uscc")  # who is linked by name may be a namesake


@dataclass(frozen=True)
class Published:
    """What is published of one library, and what it was made of.

    ``core``: ``core.<entity>``; ``records``: what it was made of (``records_of_entities``);
    ``further``: ``core.<entity>_identifier``, if written.
    """

    core: ir.Table
    records: ir.Table
    further: ir.Table | None = None


# What ``World.deaths`` asks of single records, by library.
DEATHS: Mapping[str, Sequence[str]] = {"population": ("death_date",)}


def records_of_entities(records: ir.Table, crosswalk: ir.Table, columns: Sequence[str]) -> ir.Table:
    """Each record with its place in its entity, and what rules ask of it.

    Args:
        records: ``library_records``.
        crosswalk: ``core.<entity>_source``.
        columns: What rules ask of single records (``record_columns`` of ``functions.py``).

    Returns:
        ``source, source_key, entity_id, record_no, reported_on`` (the day of the batch; a record
        knows nothing of what came later), ``changed_on``, and values. Should be materialised.
    """
    place = crosswalk.select("source", "source_key", "entity_id", "record_no")
    day = records.batch
    iso = day.substr(0, 4) + "-" + day.substr(4, 2) + "-" + day.substr(6, 2)
    dated = records.select(
        "source",
        "source_key",
        *columns,
        reported_on=iso.cast("date"),
        changed_on=records.changed_at.date(),
    )
    numbered = place.mutate(record_no=place.record_no.cast("int64"))
    return dated.inner_join(numbered, ["source", "source_key"])


@dataclass(frozen=True)
class World:
    """Libraries by name, as far as they are published.

    ``events``: source to the kind of event (``marriage``, ``insurance``) that each of its records
    is, on the day of ``changed_at``; declared in the contract.
    """

    libraries: Mapping[str, Published]
    events: Mapping[str, str]

    def core(self, library: str) -> ir.Table:
        """The golden records of a library."""
        return self.libraries[library].core

    def records(self, library: str) -> ir.Table:
        """The records of a library; see ``records_of_entities``."""
        return self.libraries[library].records

    def provenance(self, library: str, column: str) -> ir.Table:
        """The record behind the golden value of a column: one row per entity that has one.

        Returns:
            ``entity_id, source, source_key, reported_on, changed_on``.
        """
        of = self.core(library).select("entity_id", record_no=f"{column}_record")
        records = self.records(library).select(
            "entity_id", "record_no", "source", "source_key", "reported_on", "changed_on"
        )
        behind = of.mutate(record_no=of.record_no.cast("int64"))
        return behind.inner_join(records, ["entity_id", "record_no"]).drop("record_no")

    def numbered(self, library: str) -> ir.Table:
        """Golden records, and once more with each further number of an entity."""
        published = self.libraries[library]
        return with_further_identifiers(published.core, load_library(library), published.further)

    def deaths(self) -> ir.Table:
        """Persons with a date of death, and whether it is beyond doubt (domain.md 3.3).

        Beyond doubt is what the police have cancelled, or what two departments say.

        Returns:
            ``person_id, death_date, death_source, death_key, confirmed``.
        """
        records = self.records("population")
        departments = records.source.split("__")[0]
        deaths = records.filter(records.death_date.notnull())
        counted = deaths.group_by(person_id=deaths.entity_id).agg(
            police=(departments == "public_security").any(), departments=departments.nunique()
        )
        behind = self.provenance("population", "death_date").select(
            person_id="entity_id", death_source="source", death_key="source_key"
        )
        golden = self.core("population").select(person_id="entity_id", death_date="death_date")
        joined = golden.inner_join(behind, "person_id").inner_join(counted, "person_id")
        confirmed = joined.police | (joined.departments >= 2)
        return joined.mutate(confirmed=confirmed).drop("police", "departments")


@dataclass(frozen=True)
class RuleFunction:
    """A function that a library's declaration may name as a rule about its records.

    ``library``: whose records it judges; ``asks``: columns of single records that it looks at, by
    library. All else it takes from golden values.
    """

    library: str
    asks: Mapping[str, Sequence[str]]
    find: Callable[[World], ir.Table]

    def __call__(self, world: World) -> ir.Table:
        """``JUDGED``: one row per statement that could be judged."""
        return self.find(world)


def judges(
    library: str, *asks: Mapping[str, Sequence[str]]
) -> Callable[[Callable[[World], ir.Table]], RuleFunction]:
    """Marks a function as a rule about the records of a library; ``asks`` as in the class."""
    columns: dict[str, list[str]] = {}
    for each in asks:
        for name, asked in each.items():
            columns.setdefault(name, []).extend(asked)
    return lambda find: RuleFunction(library, columns, find)


def judged(
    rows: ir.Table,
    column: str,
    *,
    wrong: ir.BooleanValue,
    due: ir.DateValue | None = None,
    **values: ir.Value,
) -> ir.Table:
    """``JUDGED`` from rows that have ``source, source_key, entity_id``; values become texts."""
    texts = {name: value.cast("string") for name, value in values.items()}
    day = ibis.null("date") if due is None else due.cast("date")
    shaped = rows.mutate(
        **texts, wrong=wrong.fill_null(False), due=day, column_name=ibis.literal(column)
    )
    return shaped.select(*JUDGED)


def first_later(day: ir.DateValue, *turns: ir.DateValue) -> ir.DateValue:
    """The earliest of some days at which a judgement turns that lies after ``day``; else NULL."""
    return ibis.least(
        *(ibis.ifelse(turn > day, turn.cast("date"), ibis.null("date")) for turn in turns)
    )


def turns_after(date: ir.DateValue, days: int = 0) -> ir.DateValue:
    """The first day for which ``after`` says that it is."""
    return date + ibis.interval(days=days + 1)


def after(day: ir.DateValue, date: ir.DateValue, days: int = 0) -> ir.BooleanValue:
    """Whether ``day`` is more than ``days`` after ``date``."""
    return day.delta(date, unit="day") > days


def name_key(value: ir.StringValue, element: str) -> ir.StringValue:
    """The comparison key of a name, traditional and variant characters as common ones."""
    return unify_variants(normal_form(value, element))
