"""The sheet of patterns: wrong values that several rows share, each with a suggestion."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import ibis.expr.types as ir

from pipelines.contracts.source import Source
from pipelines.libraries import load_library, rules_of_library
from pipelines.quality.suggested import name_of_code, suggested
from pipelines.report.codes import allowed_codes
from pipelines.report.owner.bad_rows import is_no_secret
from pipelines.report.repair_sheet.columns import EMPTY
from pipelines.report.repair_sheet.rows import Line
from pipelines.report.titles import column_title

LEAST: Final = 2  # rows that make a pattern
MOST: Final = 200  # patterns of a sheet, the commonest first


def shared_values(rows: ir.Table) -> ir.Table:
    """``column, rule, value, rows, fingerprint`` of values that are shown and that rows share.

    Args:
        rows: As ``bad_rows`` makes them, not masked; ``fingerprint`` is that of one of the issues.
    """
    own = rows.filter(
        rows["column"].notnull(),
        rows.other_source.isnull(),
        rows.source_key.notnull(),  # a row without a key cannot be corrected in a sheet
        rows["value"].strip() != "",
        is_no_secret(rows),
    )
    counted = own.group_by("column", "rule", "value").agg(
        rows=own.count(), fingerprint=own.fingerprint.min()
    )
    several = counted.filter(counted["rows"] >= LEAST)
    return several.order_by([several["rows"].desc(), "column", "rule", "value"]).limit(MOST)


def pattern_lines(found: Sequence[Mapping[str, Any]], source: Source) -> Sequence[Line]:
    """One line per pattern, as cells in the order of ``PATTERN_COLUMNS``.

    Two records never have one number: of a column that identifies them nothing is answered at
    once, unless it is that there is none.
    """
    rules, language = rules_of_library(source.library), source.reporting.language
    columns = {column.name: column for column in source.columns}
    numbers = {each.name for each in source.key_columns}
    numbers.add(load_library(source.library).identity.strong)
    lines: list[Line] = []
    for row in found:
        column = columns.get(row["column"])
        element = column.element if column else None
        meant = suggestion(row["value"], element, required=bool(column and column.required))
        identifies = row["column"] in numbers
        if identifies and meant != EMPTY:
            continue
        lines.append(
            (
                column_title(source, row["column"]),
                row["value"],
                row["rows"],
                rules[row["rule"]].problem_in(language),
                EMPTY if identifies else allowed_codes(element, language),
                meant,
                None,
                None,
                None,
                row["fingerprint"],
            )
        )
    return lines


def suggestion(value: str, element: str | None, *, required: bool = False) -> str | None:
    """A suggested value with its name: ``22 再婚``; ``（空）`` where none is meant."""
    found = suggested(value, element, required=required)
    if found is None:
        return None
    return f"{found} {name_of_code(found, element)}".strip() if found else EMPTY
