"""Cross-field rules: what two columns of one record say against each other.

Judged on clean values, after every column has been parsed. Where two disagree neither is taken
away: nobody can tell which of the two is wrong. A date of something that has happened is wrong by
itself when it lies ahead of the data, so that one is, before the others are compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir

from pipelines.clean.parsing.findings import concat_findings, finding_array
from pipelines.libraries import load_libraries

FUTURE_DATE = "FUTURE_DATE"


class Disagreement(NamedTuple):
    """One rule between columns: the column that gets the finding, the rule, and when.

    ``judged``: both sides are known, so that the rule could be broken.
    """

    column: str
    rule: str
    condition: ir.BooleanValue
    judged: ir.BooleanValue


def add_cross_field_findings(
    table: ir.Table,
    elements: Mapping[str, str],
    severity_of: Mapping[str, str],
    as_of: date | None = None,
) -> ir.Table:
    """Append to ``findings`` what the columns of a record say against each other.

    Args:
        table: The result of ``parse_columns``: typed columns, companions, ``findings``.
        elements: Column name to data element.
        severity_of: Rule code to severity.
        as_of: Date of the data, to find dates ahead of it; left out, they are not looked for.

    Returns:
        The same table and columns; the findings' ``value`` is the clean value as text. Dates that
        lie ahead are NULL.
    """
    if as_of:
        ahead = list(_ahead_of(table, as_of))
        table = _with_findings(table, ahead, severity_of, taken_away=True)
    return _with_findings(table, _between_columns(table, elements), severity_of)


def _with_findings(
    table: ir.Table,
    found: Sequence[Disagreement],
    severity_of: Mapping[str, str],
    *,
    taken_away: bool = False,
) -> ir.Table:
    if not found:
        return table
    arrays = [
        finding_array(
            each.column,
            table[each.column].cast("string"),
            {each.rule: each.condition},
            severity_of,
        )
        for each in found
    ]
    left = {
        each.column: ibis.ifelse(each.condition.fill_null(False), None, table[each.column])
        for each in found
        if taken_away
    }
    return table.mutate(findings=concat_findings([table.findings, *arrays]), **left)


def first_future_date(findings: ir.ArrayValue) -> ir.DateScalar:
    """The earliest date that was taken away for lying ahead of the data; NULL: none was.

    On that day it is a date like any other.
    """
    ahead = findings.filter(lambda each: each["rule"] == FUTURE_DATE)
    return ahead.map(lambda each: each["value"].try_cast("date")).mins().min()


def disagreements(
    table: ir.Table, elements: Mapping[str, str], as_of: date | None = None
) -> list[Disagreement]:
    """Every rule between the columns of this table; see ``add_cross_field_findings``."""
    return [*_between_columns(table, elements), *(_ahead_of(table, as_of) if as_of else ())]


def _between_columns(table: ir.Table, elements: Mapping[str, str]) -> list[Disagreement]:
    return [
        *_against_citizen_id(table, elements),
        *_against_uscc(table, elements),
        *_out_of_order(table, elements),
    ]


def _against_citizen_id(table: ir.Table, elements: Mapping[str, str]) -> Iterator[Disagreement]:
    """The sex and the birth date that GB 11643 writes into the number."""
    citizen_id = _column_of(elements, "citizen_id")
    sex, birth = _column_of(elements, "sex_code"), _column_of(elements, "birth_date")
    if citizen_id and sex:
        implied = table[f"{citizen_id}_sex_code"]
        stated = table[sex].isin(["1", "2"])
        judged = stated & implied.notnull()
        yield Disagreement(sex, "SEX_MISMATCH", stated & (table[sex] != implied), judged)
    if citizen_id and birth:
        yield _differs(birth, "BIRTH_MISMATCH", table, f"{citizen_id}_birth_date")


def _against_uscc(table: ir.Table, elements: Mapping[str, str]) -> Iterator[Disagreement]:
    """The organisation code is characters 9 to 17 of the USCC (GB 32100)."""
    uscc, code = _column_of(elements, "uscc"), _column_of(elements, "organization_code")
    if uscc and code:
        yield _differs(code, "USCC_ORG_CODE_MISMATCH", table, f"{uscc}_organization_code")


def _out_of_order(table: ir.Table, elements: Mapping[str, str]) -> Iterator[Disagreement]:
    birth = _column_of(elements, "birth_date")
    for earlier, later in _declared("ordered_dates"):
        first = birth if earlier == "birth_date" and birth else earlier
        if first in elements and later in elements and _are_dates(table, first, later):
            both = table[first].notnull() & table[later].notnull()
            yield Disagreement(later, "DATES_OUT_OF_ORDER", table[first] > table[later], both)


def _ahead_of(table: ir.Table, as_of: date) -> Iterator[Disagreement]:
    for column in _declared("past_dates"):
        if column in table.columns and _are_dates(table, column):
            ahead = table[column] > ibis.literal(as_of)
            yield Disagreement(column, FUTURE_DATE, ahead, table[column].notnull())


def _differs(column: str, rule: str, table: ir.Table, other: str) -> Disagreement:
    both = table[column].notnull() & table[other].notnull()
    return Disagreement(column, rule, table[column] != table[other], both)


def _column_of(elements: Mapping[str, str], element: str) -> str | None:
    return next((name for name, its in elements.items() if its == element), None)


def _declared(key: str) -> list[Any]:
    """What the libraries declare about dates, each once: of one name, one rule for all of them."""
    told = (each for library in load_libraries().values() for each in getattr(library, key))
    return list(dict.fromkeys(tuple(each) if key == "ordered_dates" else each for each in told))


def _are_dates(table: ir.Table, *columns: str) -> bool:
    return all(table[column].type().is_date() for column in columns)
