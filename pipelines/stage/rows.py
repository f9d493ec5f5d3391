"""Parse the rows of a batch: typed elements, findings and reject reasons per delivered line.

Nothing is dropped here. Whether a row can be used is written beside it, in ``reject_reasons``;
``split.py`` acts on that.
"""

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir

from pipelines.clean.cross_field import add_cross_field_findings
from pipelines.clean.findings import concat_findings, finding_array
from pipelines.clean.parser import Parser, parse_columns
from pipelines.contracts.column_names import record_name
from pipelines.contracts.source import Source
from pipelines.libraries import load_library
from pipelines.stage.delivered import PREFIX, delivered_columns, delivered_name
from pipelines.stage.overlay import (
    CORRECTED,
    columns_to_parse,
    corrected_columns,
    silence_confirmed,
    source_key,
    text_column,
)
from pipelines.standards.rules import severities

LINEAGE = ("_batch", "_file", "_line")


def parse_rows(
    raw: ir.Table,
    source: Source,
    as_of: date,
    parsed_texts: Mapping[Parser, ir.Table] | None = None,
) -> ir.Table:
    """Parse every row of one batch of ``raw.<source>``.

    Args:
        raw: What ``rename_delivered`` made of a batch of ``raw.<source>``; after ``overlay``,
            corrected texts beside the delivered ones, which are parsed instead.
        source: The contract.
        as_of: Date of the data, against which "future" and "implausible" are judged.
        parsed_texts: What the parsers of ``columns_to_parse`` made of the texts, if that has been
            computed already; see ``parse_columns``.

    Returns:
        ``source_key``, the contract's columns with their companions, ``findings``, lineage,
        ``reject_reasons`` (array of rule codes, empty for a usable row) and ``record`` (map of the
        delivered text by the column's name there; NULL for a usable row, so that it costs nothing).
    """
    columns = columns_to_parse(source, raw)
    parsed = parse_columns(raw, columns, as_of, severities(), parsed_texts)
    by_element = {c.name: c.element for c in source.columns if c.element}
    parsed = add_cross_field_findings(parsed, by_element, severities(), as_of)
    found = concat_findings([parsed.findings, _missing_required(parsed, source)])
    parsed = parsed.mutate(
        findings=concat_findings([silence_confirmed(found, parsed), *_corrected(parsed, source)]),
        source_key=source_key(parsed, source.key_columns),
    )
    parsed = parsed.mutate(reject_reasons=_reject_reasons(parsed, source))
    added = [name for name in parsed.columns if name not in set(raw.columns)]
    typed = [name for name in added if name not in {"source_key", "reject_reasons"}]
    return parsed.select(
        "source_key",
        *typed,
        *LINEAGE,
        "reject_reasons",
        record=ibis.ifelse(
            parsed.reject_reasons.length() > 0,
            _as_delivered(parsed, source),
            ibis.null("map<string, string>"),
        ),
    )


def _missing_required(table: ir.Table, source: Source) -> ir.ArrayValue:
    """One finding for each required column that was delivered empty."""
    good = table["_defect"].isnull()
    arrays = [
        finding_array(
            column.name,
            table[delivered_name(column)],
            {"MISSING_REQUIRED": _blank(table[text_column(table, column)]) & good},
            severities(),
        )
        for column in source.columns
        if column.required
    ]
    return concat_findings(arrays)


def _corrected(table: ir.Table, source: Source) -> list[ir.ArrayValue]:
    """A remark for each value that stands corrected; it keeps what was delivered."""
    return [
        finding_array(
            column.name, table[delivered_name(column)], {CORRECTED: corrected}, severities()
        )
        for column, corrected in corrected_columns(table, source)
    ]


def _reject_reasons(table: ir.Table, source: Source) -> ir.ArrayValue:
    """Rule codes for which the row cannot be used at all; empty if it can."""
    good = table["_defect"].isnull()
    reasons: Mapping[str, ir.BooleanValue] = {"NO_KEY": good & table.source_key.isnull()}
    known_by = load_library(source.library).identity.known_by
    identifying = [
        table[column.name].isnull() for column in source.columns if column.name in known_by
    ]
    if identifying:
        reasons = {**reasons, "NO_IDENTITY": good & ibis.and_(*identifying)}
    codes = [
        ibis.ifelse(condition, code, ibis.null("string")) for code, condition in reasons.items()
    ]
    return ibis.array([table["_defect"], *codes]).filter(lambda code: code.notnull())


def _as_delivered(table: ir.Table, source: Source) -> ir.MapValue:
    """The row as the department sent it; a line that could not be split, as one text."""
    mapped = {delivered_name(c): record_name(c.physical_name) for c in source.columns}
    columns = delivered_columns(table)
    keys = [mapped.get(name, name.removeprefix(PREFIX)) for name in columns]
    names = ibis.array([ibis.literal(name) for name in (*keys, "_text")])
    values = ibis.array([table[name] for name in (*columns, "_text")])
    return ibis.map(names, values)


def _blank(text: ir.StringValue) -> ir.BooleanValue:
    return text.isnull() | (text.strip() == "")
