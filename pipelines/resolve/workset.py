"""The working table of a resolution: one narrow row per record, made of comparison keys.

Columns: ``rid`` (int64, the record's place in founding order: first batch, source, key), lineage,
``content`` (hash of all that a resolution reads of it), and per compared column its key
``<column>``; where a strong identifier implies values, also what the record itself says,
``stated_<column>``, and what its number does, ``implied_<column>``; last what only the score looks
at (``features.CARRIED``).
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from pipelines.libraries import Library
from pipelines.resolve.compare import Columns, implied_key_of, key_of, stated_key_of
from pipelines.resolve.evidence import EVIDENCE, Evidence
from pipelines.resolve.features import carried
from pipelines.resolve.records import batch_order
from pipelines.resolve.workspace import Workspace

CONTENT = "content"


def evidence_of(library: Library) -> Evidence:
    """The evidence against a match that the library's declaration names."""
    return EVIDENCE[library.identity.contradiction]


def compared_columns(library: Library) -> Sequence[str]:
    """Golden columns and companions that matching looks at, in the library's order."""
    used = {library.identity.strong, *evidence_of(library).columns}
    for each in library.identity.passes:
        used |= {*each.block, *each.agree, *each.unless}
    return tuple(column for column in library.record_columns if column in used)


def working_set(records: ir.Table, library: Library, space: Workspace) -> ir.Table:
    """Keys of all records, computed once."""
    order = [batch_order(records.since_batch), records.source, records.source_key]
    lineage = {
        "rid": ibis.row_number().over(order_by=order),
        "source": records.source,
        "source_key": records.source_key,
        "since_batch": records.since_batch,
        "batch": records.batch,
        CONTENT: content_of(records, library),
    }
    keys: dict[str, ir.Value] = {}
    for column in compared_columns(library):
        keys[column] = key_of(records, column, library)
        if column in implied_columns(library):
            keys[f"stated_{column}"] = stated_key_of(records, column, library)
            keys[f"implied_{column}"] = implied_key_of(records, column, library)
    return space.hold(records.select(**lineage, **carried(records, library.entity), **keys))


def content_of(records: ir.Table, library: Library) -> ir.IntegerValue:
    """Hash of everything that a resolution reads of a record."""
    names = ("since_batch", *library.record_columns)
    return ibis.array([records[name].cast("string") for name in names]).hash()


def implied_columns(library: Library) -> Sequence[str]:
    """Compared columns whose value the strong identifier implies, such as a birth date."""
    evidence = library.columns[library.identity.strong].evidence_types
    return tuple(
        column
        for column in compared_columns(library)
        if column in library.columns
        and any(option in evidence for option in library.columns[column].match_on)
    )


def known(table: ir.Table, suffix: str = "") -> Columns:
    """Look up a column's key; ``suffix`` names a side of a join."""
    return lambda column: table[column + suffix]


def stated(table: ir.Table, library: Library) -> Columns:
    """Look up a column's key as the record itself states it."""
    implied = set(implied_columns(library))
    return lambda column: table[f"stated_{column}" if column in implied else column]


def implied(table: ir.Table) -> Columns:
    """Look up what the record's strong identifier implies for a column."""
    return lambda column: table[f"implied_{column}"]
