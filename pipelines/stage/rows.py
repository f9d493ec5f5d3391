"""Parse the rows of a batch: typed elements, findings and reject reasons per delivered line.

Nothing is dropped here. Whether a row can be used is written beside it, in ``reject_reasons``;
``split.py`` acts on that.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from pipelines.clean.cross_field import add_cross_field_findings
from pipelines.clean.parsing.findings import concat_findings, finding_array
from pipelines.clean.parsing.parser import Parser, parse_columns
from pipelines.contracts.column_names import record_name
from pipelines.contracts.source import Source
from pipelines.libraries import Identity, load_library
from pipelines.stage.delivered import PREFIX, delivered_columns, delivered_name
from pipelines.stage.overlay import (
    CORRECTED,
    STATED_WRONG,
    columns_to_parse,
    corrected_columns,
    silence_confirmed,
    source_key,
    stated_columns,
    text_column,
)
from pipelines.stage.told_once import told_once
from pipelines.standards.rules import severities

LINEAGE = ("_batch", "_file", "_line")
MISSING = "MISSING_REQUIRED"


def parse_rows(
    raw: ir.Table,
    source: Source,
    as_of: date,
    parsed_texts: Mapping[Parser, ir.Table] | None = None,
    also: Sequence[str] = (),
) -> ir.Table:
    """Parse every row of one batch of ``raw.<source>``.

    Args:
        raw: What ``rename_delivered`` made of a batch of ``raw.<source>``; after ``overlay``,
            corrected texts beside the delivered ones, which are parsed instead.
        source: The contract.
        as_of: Date of the data, against which "future" and "implausible" are judged.
        parsed_texts: What the parsers of ``columns_to_parse`` made of the texts, if that has been
            computed already; see ``parse_columns``.
        also: Further columns of ``raw`` to leave as they are.

    Returns:
        ``source_key``, the contract's columns with their companions, ``findings``, lineage,
        ``reject_reasons`` (array of rule codes, empty for a usable row) and ``record`` (map of the
        delivered text by the column's name there; NULL for a usable row, so that it costs nothing).
    """
    columns = columns_to_parse(source, raw)
    texts = parsed_texts and {parser: told_once(made) for parser, made in parsed_texts.items()}
    parsed = parse_columns(raw, columns, as_of, severities(), texts)
    by_element = {c.name: c.element for c in source.columns if c.element}
    parsed = add_cross_field_findings(parsed, by_element, severities(), as_of)
    parsed = parsed.mutate(source_key=source_key(parsed, source.key_columns))
    missing, stated = _missing_required(parsed, source), _stated(parsed, source)
    found = concat_findings([parsed.findings, missing, *stated])
    parsed = parsed.mutate(
        findings=concat_findings([silence_confirmed(found, parsed), *_corrected(parsed, source)]),
        reject_reasons=_reject_reasons(parsed, source),
    )
    added = [name for name in parsed.columns if name not in set(raw.columns)]
    typed = [name for name in added if name not in {"source_key", "reject_reasons"}]
    return parsed.select(
        "source_key",
        *typed,
        *LINEAGE,
        *also,
        "reject_reasons",
        record=ibis.ifelse(
            parsed.reject_reasons.length() > 0,
            _as_delivered(parsed, source),
            ibis.null("map<string, string>"),
        ),
    )


def _missing_required(table: ir.Table, source: Source) -> ir.ArrayValue:
    """One finding for each required column that was delivered empty.

    A remark where it is the reason why the row is set aside: that tells of the same fault.
    """
    good = table["_defect"].isnull()
    known_by = load_library(source.library).identity.known_by
    nobody = _is_nobody(table, source)
    arrays = []
    for column in source.columns:
        if column.required:
            empty = _blank(table[text_column(table, column)]) & good
            # Without a part of its key a row is NO_KEY.
            told = ibis.literal(True) if column.primary_key else ibis.literal(False)
            told |= nobody if column.name in known_by else ibis.literal(False)
            for condition, severity in ((~told, severities()[MISSING]), (told, "info")):
                found = {MISSING: empty & condition}
                delivered = table[delivered_name(column)]
                arrays.append(finding_array(column.name, delivered, found, {MISSING: severity}))
    return concat_findings(arrays)


def _corrected(table: ir.Table, source: Source) -> list[ir.ArrayValue]:
    """A remark for each value that stands corrected; it keeps what was delivered."""
    return [
        finding_array(
            column.name, table[delivered_name(column)], {CORRECTED: corrected}, severities()
        )
        for column, corrected in corrected_columns(table, source)
    ]


def _stated(table: ir.Table, source: Source) -> list[ir.ArrayValue]:
    """A finding for each value that is wrong by its owner's word, until he corrects it."""
    found = severities()
    return [
        finding_array(column.name, table[delivered_name(column)], {STATED_WRONG: stated}, found)
        for column, stated in stated_columns(table, source)
    ]


def _reject_reasons(table: ir.Table, source: Source) -> ir.ArrayValue:
    """Rule codes for which the row cannot be used at all; empty if it can."""
    good = table["_defect"].isnull()
    reasons: Mapping[str, ir.BooleanValue] = {"NO_KEY": good & table.source_key.isnull()}
    reasons = {**reasons, "NO_IDENTITY": good & _is_nobody(table, source)}
    codes = [
        ibis.ifelse(condition, code, ibis.null("string")) for code, condition in reasons.items()
    ]
    return ibis.array([table["_defect"], *codes]).filter(lambda code: code.notnull())


def _is_nobody(table: ir.Table, source: Source) -> ir.BooleanValue:
    """Whether nothing is left by which the library knows whom the row is about."""
    identity = load_library(source.library).identity
    known = [column.name for column in source.columns if column.name in identity.known_by]
    if not known:
        return ibis.literal(False)
    return ibis.and_(*(table[name].isnull() for name in known)) & ~_is_placed(table, identity)


def _is_placed(table: ir.Table, identity: Identity) -> ir.BooleanValue:
    """A part of a name (王先生) with a telephone or an address, by which somebody may know him."""
    places = [table[column].notnull() for column in identity.placed_by if column in table.columns]
    if identity.part_of_name not in table.columns or not places:
        return ibis.literal(False)
    return table[identity.part_of_name].notnull() & ibis.or_(*places)


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
