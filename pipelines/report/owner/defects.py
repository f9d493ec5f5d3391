"""Defects of delivered lines that are no records: counts only, never the content of the line."""

import re
from collections.abc import Mapping
from string import Formatter

import ibis
import ibis.expr.types as ir

from pipelines.contracts.source import Source
from pipelines.report.words import vocabulary

RAGGED, UNDECODABLE = "RAGGED_LINE", "UNDECODABLE_BYTES"
_BYTE = r"\\x[0-9A-F]{2}"  # as a byte that does not decode is shown in the text of a line


def line_fault(
    rule: ir.StringValue, text: ir.StringValue, source: Source, columns: int
) -> ir.StringValue:
    """What its owner can look for in a line, in his language; NULL where the rule says all.

    A ragged line has its number of fields. Of bytes that do not decode only the first is shown, for
    several, read in another encoding, may be somebody's name.

    Args:
        rule: Why the line is no record.
        text: The line as ``raw`` keeps it.
        source: The contract; says how fields are separated.
        columns: How many columns the delivery has.
    """
    words = vocabulary(source.reporting.language).words
    found = _fields(text, source)
    ragged = _filled(words["fields"], {"found": found, "expected": ibis.literal(columns)})
    # Several files of one delivery may have different columns.
    same = _filled(words["fields_only"], {"found": found})
    before = text.re_replace(f"(?s){_BYTE}.*", "")
    seen = {
        "count": (text.length() - text.re_replace(_BYTE, "").length()) // len(r"\xNN"),
        "first": text.re_extract(_BYTE, 0),
        "field": _fields(before, source),
    }
    bad = words["bad_bytes_in_field" if source.server.format == "csv" else "bad_bytes"]
    return ibis.cases(
        ((rule == RAGGED) & (found == columns), same),
        (rule == RAGGED, ragged),
        (rule == UNDECODABLE, _filled(bad, seen)),
        else_=ibis.null("string"),
    )


def _fields(text: ir.StringValue, source: Source) -> ir.IntegerValue:
    """Fields of a line; a delimiter between quotation marks is none, be they closed or not."""
    if source.server.format == "xlsx":  # cells up to the last that is filled
        delimiter, text = "\t", text.re_replace(r"\t+$", "")
    else:
        delimiter = source.server.delimiter
    if source.server.format == "csv" and source.server.quote:
        quote = re.escape(source.server.quote)
        text = text.re_replace(f"(?s){quote}[^{quote}]*(?:{quote}|$)", "")
    rest = text.replace(delimiter, "")
    return (text.length() - rest.length()) // len(delimiter) + 1


def _filled(template: str, values: Mapping[str, ir.Value]) -> ir.StringValue:
    """``str.format`` of a template, for every row."""
    filled: ir.StringValue = ibis.literal("")
    for words, name, *_ in Formatter().parse(template):
        filled = filled + words
        if name:
            filled = filled + values[name].cast("string")
    return filled
