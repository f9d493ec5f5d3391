"""Comparison keys: the working table of a resolution, one narrow row per record.

Columns: ``rid`` (int64, the record's place in founding order: first batch, source, key), lineage,
and per compared column its key ``<column>``; where a strong identifier implies values, also what
the record itself says, ``stated_<column>``, and what its number does, ``implied_<column>``; and
what only scoring needs (``features.carried``).
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.compare.conflicts import EVIDENCE, Evidence
from pipelines.compare.values import (
    EXPENSIVE,
    Columns,
    implied_key_of,
    key_of,
    normal_form,
    stated_key_of,
    text_of,
)
from pipelines.identity.tables.called import with_names_alone
from pipelines.identity.tables.crowds import crowds_of, with_crowds
from pipelines.identity.tables.distinctiveness import with_bearers
from pipelines.identity.tables.features import carried
from pipelines.identity.tables.temp_tables import TempTables
from pipelines.identity.tables.villages import without_towns
from pipelines.libraries import Library
from pipelines.libraries.scores import columns_for_scores
from pipelines.records import batch_order

_NAME = ("source", "source_key")


def evidence_of(library: Library) -> Evidence:
    """The evidence against a match that the library's declaration names."""
    return EVIDENCE[library.identity.contradiction]


def compared_columns(library: Library) -> Sequence[str]:
    """Golden columns and companions that matching compares, in the library's order."""
    used = {library.identity.strong, *evidence_of(library).columns}
    used |= library.columns.keys() & {*columns_for_scores(library)}
    for each in library.identity.passes:
        used |= {*each.block, *each.agree, *each.unless}
    return tuple(column for column in library.record_columns if column in used)


def working_set(records: ir.Table, library: Library, temp: TempTables) -> ir.Table:
    """Keys of all records, computed once."""
    rows = records.inner_join(_numbered(records), _NAME)
    expensive = [column for column in compared_columns(library) if _is_expensive(column, library)]
    for column in expensive:
        rows = _looked_up(rows, records, column, library, temp)
    keys: dict[str, ir.Value] = {}
    for column in compared_columns(library):
        keys[column] = (
            rows[f"{column}__key"] if column in expensive else key_of(rows, column, library)
        )
        if column in implied_columns(library):
            keys[f"stated_{column}"] = stated_key_of(rows, column, library)
            keys[f"implied_{column}"] = implied_key_of(rows, column, library)
    lineage = ("rid", *_NAME, "since_batch", "batch")
    work = temp.materialise(rows.select(*lineage, **{**carried(rows, library), **keys}))
    return _with_meaning_of_names(work, records, library, temp)


def _with_meaning_of_names(
    work: ir.Table, records: ir.Table, library: Library, temp: TempTables
) -> ir.Table:
    """What a name proves is asked of all records together."""
    evidence = evidence_of(library)
    if evidence.distinguishing:
        return temp.materialise(with_bearers(work, evidence.identifying[0], library))
    if evidence.says_surnames:
        name = evidence.identifying[0]
        crowds = crowds_of(work, evidence.place, name, temp)
        named = with_names_alone(work, records, name, library)
        return temp.materialise(with_crowds(named, crowds, evidence.place, name))
    return work


def name_columns(library: Library) -> Sequence[str]:
    """What is known of a record's name beside the name itself."""
    evidence = evidence_of(library)
    if evidence.distinguishing:
        return ("name_bearers", "distinctive_part")
    return ("surname_said", "crowd", "surname_here") if evidence.says_surnames else ()


def _numbered(records: ir.Table) -> ir.Table:
    """``source, source_key, rid``: places in founding order, computed without moving whole records.

    Those of one batch and source stand together, so only their keys are sorted.
    """
    since = ["since_batch", "source"]
    sizes = records.group_by(since).agg(size=records.count())
    order = [batch_order(sizes.since_batch), sizes.source]
    so_far = sizes["size"].sum().over(ibis.cumulative_window(order_by=order))
    starts = sizes.select(*since, start=so_far - sizes["size"])
    place = ibis.row_number().over(group_by=since, order_by=records.source_key)
    placed = records.select(*since, "source_key", place=place).inner_join(starts, since)
    return placed.select(*_NAME, rid=(placed.start + placed.place).cast("int64"))


def _is_expensive(column: str, library: Library) -> bool:
    return column in library.columns and library.columns[column].element_name in EXPENSIVE


def _looked_up(
    rows: ir.Table, records: ir.Table, column: str, library: Library, temp: TempTables
) -> ir.Table:
    """With ``<column>__key``, computed once per distinct text: households share theirs."""
    text, key = f"{column}__text", f"{column}__key"
    texts = records.select(text_of(records, column, library).name(text)).distinct()
    made = normal_form(texts[text], library.columns[column].element_name)
    keyed = temp.materialise(texts.mutate(made.name(key)))
    keyed = temp.materialise(without_towns(keyed, key))
    return rows.left_join(keyed, text_of(rows, column, library) == keyed[text])


def implied_columns(library: Library) -> Sequence[str]:
    """Compared columns whose value the strong identifier implies, such as a birth date."""
    evidence = library.columns[library.identity.strong].evidence_types
    return tuple(
        column
        for column in compared_columns(library)
        if column in library.columns
        and any(option in evidence for option in library.columns[column].match_on)
    )


def keys_of(table: ir.Table, suffix: str = "") -> Columns:
    """The comparison key of a column; ``suffix`` names a side of a join."""
    return lambda column: table[column + suffix]


def stated_keys_of(table: ir.Table, library: Library) -> Columns:
    """The comparison key of a column as the record itself states it."""
    implied_keys_of = set(implied_columns(library))
    return lambda column: table[f"stated_{column}" if column in implied_keys_of else column]


def implied_keys_of(table: ir.Table) -> Columns:
    """The comparison key that the record's strong identifier implies for a column."""
    return lambda column: table[f"implied_{column}"]
