"""Corrections and confirmations of data owners, laid over the delivered text of a batch.

A correction replaces the text of one column of one record, and a confirmation silences one finding
of it; either only while the delivered text is the one that the owner saw, which a keyed digest
guards. Raw is never touched: the corrected text stands beside it while a batch is parsed. Which
entries apply to a batch depends on the ledger and the batch alone, so a replay gives the same rows.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from pipelines.clean.cell_states import state_of, without_protection
from pipelines.clean.characters import is_placeholder
from pipelines.clean.parsing.findings import FINDING_TYPE
from pipelines.clean.parsing.parser import ColumnToParse, Parser, parse_columns
from pipelines.clean.parsing.registry import parser_for
from pipelines.contracts.source import Source, SourceColumn
from pipelines.keyed_digests import record_fingerprint, value_digest, with_site_key
from pipelines.records import batch_order
from pipelines.stage.conventions import (
    apply_conventions,
    corrected_name,
    quoted_column,
    usual_name,
)
from pipelines.stage.delivered import delivered_name
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import severities

CORRECTED = "CORRECTED_BY_OWNER"
CONFIRMED = "CONFIRMED_BY_OWNER"
STATED_WRONG = "STATED_WRONG_BY_OWNER"
_SEPARATOR = "\x1f"
_LOST_DIGITS = r"^[0-9](?:\.[0-9]+)?[Ee]\+(?:1[5-9]|[2-9][0-9])$"  # 16 digits or more

LEDGER_SCHEMA = {
    "id": "int64",
    "fingerprint": "string",
    "record": "string",
    "column_name": "string",
    "rule": "string",
    "kind": "string",
    "guard": "string",
    "new_value": "string",
    "since_batch": "string",
    "retired_batch": "string",
}


def columns_to_parse(source: Source, raw: ir.Table) -> list[ColumnToParse]:
    """Every mapped column with its parser and the text to parse, corrected where it is."""
    return [_to_parse(column, raw) for column in source.columns]


def text_column(raw: ir.Table, column: SourceColumn) -> str:
    """Name of the column of ``raw`` that holds the text to parse."""
    usual = usual_name(column)
    return usual if usual in raw.columns else quoted_column(raw, column)


def source_key(table: ir.Table, keys: Sequence[SourceColumn]) -> ir.StringValue:
    """The clean key where the element has one, else the text: two spellings are one record.

    ``table`` has the parsed columns and the text columns.
    """
    parts = [_key_part(table, key) for key in keys]
    key = parts[0]
    for part in parts[1:]:
        key = key + "|" + part  # NULL if any part is missing
    return key


def _key_part(table: ir.Table, key: SourceColumn) -> ir.StringValue:
    """One column of a key; NULL where there is no value, whatever the column writes for that.

    A number of which a spreadsheet has lost digits is none: several records would share it.
    """
    value = table[key.name].cast("string")
    if key.element is None:
        return _usable_key(value)
    text = table[text_column(table, key)]
    usable = state_of(text).isnull() & ~is_placeholder(text.strip()).fill_null(True)
    return ibis.coalesce(value, _usable_key(ibis.ifelse(usable, text, None)))


def _usable_key(text: ir.StringValue) -> ir.StringValue:
    bare = without_protection(text.strip()).nullif("")
    return ibis.ifelse(bare.re_search(_LOST_DIGITS), None, bare)


def applicable(ledger: ir.Table, batch: str) -> ir.Table:
    """The entries of a ledger that may apply to a batch: made for it or an earlier one."""
    this = batch_order(ibis.literal(batch))
    begun = batch_order(ledger.since_batch) <= this
    ended = ledger.retired_batch.notnull() & (batch_order(ledger.retired_batch) <= this)
    return ledger.filter(begun & ~ended.fill_null(False))


def keys_to_parse(raw: ir.Table, source: Source) -> tuple[ir.Table, list[ColumnToParse]]:
    """What ``match_ledger`` reads of a batch, and the columns of it that tell records apart."""
    texts = list(dict.fromkeys(delivered_name(column) for column in source.columns))
    rows = apply_conventions(raw.select("_file", "_line", *texts), source)
    return rows, [_to_parse(column, rows) for column in source.key_columns]


def match_ledger(
    raw: ir.Table,
    entries: ir.Table,
    source: Source,
    as_of: date,
    key: str,
    parsed_keys: Mapping[Parser, ir.Table] | None = None,
) -> ir.Table:
    """Find the delivered rows that ledger entries are about.

    Args:
        raw: One batch of ``raw.<source>``, renamed by ``rename_delivered``.
        entries: ``applicable`` entries, ``LEDGER_SCHEMA``.
        source: The contract.
        as_of: Date of the data.
        key: The site's secret.
        parsed_keys: What was made of the texts of ``keys_to_parse``, if that has been computed
            already.

    Returns:
        ``LEDGER_SCHEMA``, ``_file, _line``, ``holds`` (the delivered text is the guarded one) and
        ``repaired`` (it is what the entry corrects to); a row for each delivered row of a record.
    """
    delivered_rows, keys = keys_to_parse(raw, source)
    parsed = parse_columns(delivered_rows, keys, as_of, severities(), parsed_keys)
    with_key = with_site_key(parsed.mutate(_key=source_key(parsed, source.key_columns)), key)
    identified = with_key.mutate(
        _record=record_fingerprint(with_key.site_key, ibis.literal(source.name), with_key["_key"])
    ).filter(with_key["_key"].notnull())
    matched = identified.inner_join(entries, identified["_record"] == entries.record)
    delivered = ibis.cases(
        *((matched.column_name == c.name, matched[delivered_name(c)]) for c in source.columns),
        else_=ibis.null("string"),
    )
    return matched.select(
        *LEDGER_SCHEMA,
        "_file",
        "_line",
        holds=value_digest(matched.site_key, delivered) == matched.guard,
        repaired=(delivered.fill_null("").strip() == matched.new_value).fill_null(False),
    )


def overlay(raw: ir.Table, matched: ir.Table, columns: Sequence[SourceColumn]) -> ir.Table:
    """Put the corrected texts beside the delivered ones.

    Args:
        raw: One batch of ``raw.<source>``, renamed by ``rename_delivered``.
        matched: What ``match_ledger`` found in it; should be materialised.
        columns: Those that any entry corrects.

    Returns:
        ``raw``, and per column the text to parse and whether it is corrected; ``_confirmed``, an
        array that says which findings of the row its owner has confirmed to be none; ``_stated``,
        one of the columns of which he has said that they are wrong.
    """
    in_force = matched.filter(matched.holds)
    per_row = {
        _new(column.name): in_force.new_value.max(
            where=(in_force.column_name == column.name) & (in_force.kind == "correction")
        )
        for column in columns
    }
    confirmed = (in_force.column_name + _SEPARATOR + in_force.rule).collect(
        where=in_force.kind == "confirmation"
    )
    stated = in_force.column_name.collect(where=in_force.kind == "statement")
    rows = in_force.group_by("_file", "_line").agg(**per_row, _confirmed=confirmed, _stated=stated)
    joined = raw.left_join(rows, ["_file", "_line"]).drop("_file_right", "_line_right")
    texts = {
        corrected_name(column): ibis.coalesce(
            joined[_new(column.name)], joined[delivered_name(column)]
        )
        for column in columns
    }
    return joined.mutate(**texts)


def corrected_columns(raw: ir.Table, source: Source) -> list[tuple[SourceColumn, ir.BooleanValue]]:
    """The columns that ``overlay`` has corrected, each with the rows in which it has."""
    return [
        (column, raw[_new(column.name)].notnull())
        for column in source.columns
        if _new(column.name) in raw.columns
    ]


def stated_columns(raw: ir.Table, source: Source) -> list[tuple[SourceColumn, ir.BooleanValue]]:
    """The columns that may be wrong by their owner's word, each with the rows in which it is.

    Once he has corrected a value, nothing is left of what he said of it.
    """
    if "_stated" not in raw.columns:
        return []
    stated = raw["_stated"].fill_null(ibis.literal([], type="array<string>"))
    corrected = {column.name: rows for column, rows in corrected_columns(raw, source)}
    return [
        (column, stated.contains(column.name) & ~corrected.get(column.name, ibis.literal(False)))
        for column in source.columns
    ]


def silence_confirmed(findings: ir.ArrayValue, raw: ir.Table) -> ir.ArrayValue:
    """Turn the findings that an owner has confirmed to be none into remarks that he has."""
    if "_confirmed" not in raw.columns:
        return findings
    confirmed = raw["_confirmed"].fill_null(ibis.literal([], type="array<string>"))

    def as_remark(finding: ir.StructValue) -> ir.StructValue:
        silent = confirmed.contains(finding["column"] + _SEPARATOR + finding["rule"])
        return ibis.struct(
            {
                "column": finding["column"],
                "rule": ibis.ifelse(silent, CONFIRMED, finding["rule"]),
                "severity": ibis.ifelse(silent, "info", finding["severity"]),
                "value": finding["value"],
            }
        ).cast(FINDING_TYPE)

    return findings.map(as_remark)


def _to_parse(column: SourceColumn, raw: ir.Table) -> ColumnToParse:
    parser = parser_for(load_elements()[column.element or "text"])
    text, quoted = text_column(raw, column), quoted_column(raw, column)
    return ColumnToParse(column.name, text, parser, quoted)


def _new(column: str) -> str:
    return f"_corrected_{column}"
