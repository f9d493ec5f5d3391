"""Survivorship (一数一源): golden records, per column the most authoritative value; provenance.

Order of precedence, per column: the newest edition where a library has editions (licences), then
the department's place in the column's authority order, then the newest change, then source and
key. NULL never wins over a value. Of a code and its more exact form the more exact one wins
(``exact_codes``). Companions come from the record that their column came from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import ibis
import ibis.expr.types as ir

from pipelines.libraries import GoldenColumn, Library
from pipelines.merge.exact_codes import prefer_exact
from pipelines.records import batch_order
from pipelines.standards.code_tables import is_hierarchical

# A precedence is one int64, smaller is better: edition, authority, place by recency, record number.
# So each column takes one aggregation, without a sort of its own.
_RECORD = 2**15
_RECENCY = 2**15
_AUTHORITY = 2**6
_LAST_EDITION = 999  # GB/T 36904: three digits


CROSSWALK_COLUMNS = (
    "entity_id",
    "record_no",
    "source",
    "source_key",
    "rule",
    "linked_source",
    "linked_key",
    "withheld",
    "since_batch",
)


@dataclass(frozen=True)
class Merged:
    """Expressions, not yet computed.

    ``core``: ``entity_id``, per golden column its value, its companions and ``<column>_record``
    (int16, the ``record_no`` in the crosswalk that the value came from; NULL with the value); what
    entities refer to is not looked up yet. ``crosswalk``: CROSSWALK_COLUMNS. Both sorted by their
    keys.
    ``further_identifier``: ``entity_id`` and the strong identifier, for each accepted value that is
    not the golden one: who was given a second number is still found by the first.
    """

    core: ir.Table
    crosswalk: ir.Table
    further_identifier: ir.Table


def merge(records: ir.Table, identity: ir.Table, library: Library) -> Merged:
    """One golden record per entity.

    Args:
        records: ``library_records``.
        identity: ``identity.<entity>_record`` of those records.
        library: Who wins each column.

    Returns:
        Every entity of ``identity`` once, every record of it once in the crosswalk.
    """
    numbered = _numbered(identity)
    ranked = _with_values(records, _ordered(records, numbered, library), library)
    winners: dict[str, ir.Value] = {}
    for column in library.columns.values():
        winners |= _winner(ranked, column)
    core = ranked.group_by("entity_id").agg(**winners)
    for column in library.columns.values():
        if is_hierarchical(column.element.code_table):
            core = prefer_exact(core, _with_precedence(ranked, column, library), column)
    strong = library.identity.strong
    is_known = ranked.filter(ranked[strong].notnull()).select("entity_id", strong).distinct()
    return Merged(
        core=core.select("entity_id", *_core_columns(library)).order_by("entity_id"),
        crosswalk=numbered.select(*CROSSWALK_COLUMNS).order_by("entity_id", "record_no"),
        further_identifier=is_known.anti_join(core, ["entity_id", strong]),
    )


def _numbered(identity: ir.Table) -> ir.Table:
    """The records of each entity numbered from 1, by source and key."""
    order = [identity.source, identity.source_key]
    number = ibis.row_number().over(group_by=identity.entity_id, order_by=order) + 1
    return identity.mutate(record_no=number.cast("int16"))


def _ordered(records: ir.Table, numbered: ir.Table, library: Library) -> ir.Table:
    """``precedence``: edition, room for authority, place by recency in the entity, record number.

    Ranked on few columns, so that the values themselves are not carried through a sort.
    """
    version = [library.identity.version] if library.identity.version else []
    dated = records.select("source", "source_key", "changed_at", "batch", *version)
    result = dated.inner_join(numbered, ["source", "source_key"])
    newest = [
        result.changed_at.desc(nulls_first=False),
        batch_order(result.batch).desc(),
        result.record_no,
    ]
    place = ibis.row_number().over(group_by=result.entity_id, order_by=newest).cast("int64")
    if version:
        edition = result[version[0]].try_cast("int64").fill_null(0)
        older = _LAST_EDITION - ibis.least(edition, _LAST_EDITION)
        place = older * _AUTHORITY * _RECENCY + place
    return result.select(
        "source",
        "source_key",
        "entity_id",
        "withheld",
        "record_no",
        department=result.source.split("__")[0],
        precedence=place * _RECORD + result.record_no.cast("int64"),
    )


def _with_values(records: ir.Table, ordered: ir.Table, library: Library) -> ir.Table:
    """Values with their precedence; a conflicting identifier is left out."""
    result = records.inner_join(ordered, ["source", "source_key"])
    strong = library.columns[library.identity.strong]
    conflicting = result.withheld.fill_null("") == strong.name
    names = (strong.name, *strong.companion_types)
    hidden = {n: ibis.ifelse(conflicting, ibis.null(result[n].type()), result[n]) for n in names}
    return result.mutate(**hidden)


def _winner(result: ir.Table, column: GoldenColumn) -> dict[str, ir.Value]:
    is_known = result[column.name].notnull()
    precedence = (
        result.precedence
        + _authority_rank(result.department, column.authority) * _RECENCY * _RECORD
    )
    won = {column.name: _value_of_first(result[column.name], precedence, is_known)}
    for companion in column.companion_types:
        # In a struct, because DuckDB passes over a NULL and would take another record's.
        boxed = ibis.struct({"it": result[companion]})
        won[companion] = _value_of_first(boxed, precedence, is_known)["it"]
    won[f"{column.name}_record"] = (precedence.min(where=is_known) % _RECORD).cast("int16")
    return won


def _with_precedence(ranked: ir.Table, column: GoldenColumn, library: Library) -> ir.Table:
    """Records with a value of the column and their rank in it; of editions, the newest one's."""
    rank = (
        ranked.precedence
        + _authority_rank(ranked.department, column.authority) * _RECENCY * _RECORD
    )
    rows = ranked.mutate(rank=rank).filter(ranked[column.name].notnull())
    if library.identity.version:
        edition = rows["rank"] // (_AUTHORITY * _RECENCY * _RECORD)
        rows = rows.filter(edition == edition.min().over(group_by=rows.entity_id))
    return rows.select("entity_id", "record_no", "rank", column.name, *column.companion_types)


def _value_of_first(
    value: ir.Value, precedence: ir.IntegerValue, where: ir.BooleanValue
) -> ir.Scalar:
    """The value of the smallest precedence; Ibis's ``argmin`` would sort for each column."""
    return _min_by(str(value.type()))(value, precedence, where=where)


@cache
def _min_by(kind: str) -> Callable[..., ir.Scalar]:
    """``min_by`` of DuckDB and Spark for one type of value."""
    signature = ((kind, "int64"), kind)
    declared: Callable[..., ir.Scalar] = ibis.udf.agg.builtin(
        _declared, name="min_by", signature=signature
    )
    return declared


def _declared(value: object, precedence: int) -> object:
    """The engine has the code."""


def _authority_rank(department: ir.StringValue, authority: Sequence[str]) -> ir.IntegerValue:
    places = [(department == name, place) for place, name in enumerate(authority)]
    return ibis.cases(*places, else_=len(authority)).cast("int64")


def _core_columns(library: Library) -> Sequence[str]:
    names: list[str] = []
    for column in library.columns.values():
        names += [column.name, *column.companion_types, f"{column.name}_record"]
    return names
