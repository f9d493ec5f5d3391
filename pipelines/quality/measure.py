"""Measured counts of a batch per column and indicator of GB/T 36344: A and B.

B is what was judged, A what was good (or bad, where less is better). An element is judged by an
indicator if its parser knows a rule of that indicator, and a value is judged if there is one; rules
between columns judge rows in which both are known. Only errors and warnings are faults: ``info``
says that something was tidied up. Which rule belongs to which indicator is in ``rules.yml``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from pipelines.clean.cross_field import disagreements
from pipelines.clean.parsing.rules_of import known_rules
from pipelines.contracts.column_names import record_name
from pipelines.contracts.source import Source
from pipelines.libraries import Library
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.quality.score import Count, add_up
from pipelines.standards.elements import load_elements
from pipelines.standards.rules import load_rules
from pipelines.standards.scores import load_scoring

REQUIRED = "MISSING_REQUIRED"
MISSING = "0201"
WINDOW = 10  # periods: a delivery that failed to come is forgiven after ten that did
# Faults of a line as a whole; a delivered row is judged by each of them.
ROW_RULES = (
    *("NO_KEY", "NO_IDENTITY", "RAGGED_LINE", "MALFORMED_LINE", "MALFORMED_JSON"),
    *("UNDECODABLE_BYTES", "MIXED_ENCODING"),
)
FACT_SCHEMA = ibis.schema(
    {"fact": "string", "column_name": "string", "indicator": "string", "row_count": "int64"}
)


@dataclass(frozen=True)
class Delivered:
    """Rows of a batch by what became of them, and columns that no contract maps."""

    staged: int
    superseded: int
    quarantined: int
    unmapped_columns: int = 0

    @property
    def landed(self) -> int:
        """All rows."""
        return self.staged + self.superseded + self.quarantined


def batch_facts(staged: ir.Table, quarantined: ir.Table, source: Source, as_of: date) -> ir.Table:
    """All that has to be counted in the rows of a batch, in one small table.

    Args:
        staged: One batch of ``staged.<source>``.
        quarantined: The same batch of ``quarantine.<source>``.
        source: The contract.
        as_of: Date of the batch, for rules against "today".

    Returns:
        ``FACT_SCHEMA``. ``assigned``: rows with a value in the column. ``judged``: rows in which a
        rule of the indicator between columns could be judged. ``fault``: rows that break a rule of
        the indicator in the column. ``rejected``: quarantined rows for a reason of the indicator.
    """
    faulty = ibis.union(
        _faults(staged, source, typed=True), _faults(quarantined, source, typed=False)
    )
    return ibis.union(
        _assigned(staged, quarantined, source),
        _judged(staged, source, as_of),
        _fact("fault", faulty.group_by("column_name", "indicator").agg(row_count=faulty.count())),
        _fact("assigned", _assigned_without_value(faulty)),
        _rejected(quarantined),
        distinct=False,
    )


def count_batch(
    facts: Iterable[Mapping[str, object]], source: Source, of: Delivered
) -> list[Count]:
    """The counts of a batch, out of the rows of ``batch_facts``."""
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in facts:
        key = (str(row["fact"]), str(row["column_name"] or ""), str(row["indicator"] or ""))
        found[key] += int(row["row_count"])  # type: ignore[call-overload]
    counts = [
        *_column_counts(found, source, of),
        *_row_counts(found, of),
        *_delivery_counts(source, of),
    ]
    return sorted(add_up(counts), key=lambda count: (count.column_name, count.indicator))


def count_outcomes(outcomes: Iterable[ExpectationOutcome], rows: int) -> list[Count]:
    """The counts of expectations that name an indicator.

    Args:
        outcomes: Of one batch or run.
        rows: Of the table; what judges a table as a whole holds for all of its rows, or for none.
    """
    counts = []
    for each in outcomes:
        if each.indicator and each.exception is None:
            judged = rows if each.judged is None else each.judged
            all_or_none = 0 if each.success else judged
            bad = all_or_none if each.bad is None else min(each.bad, judged)
            column = "" if (each.column or "_").startswith("_") else each.column or ""
            counts.append(_count(each.indicator, column, "", bad, judged))
    return add_up(counts)


def count_deliveries(
    batches: Sequence[date], until: date, frequency: timedelta, window: int = WINDOW
) -> list[Count]:
    """Deliveries that came, out of those that were due in the last ``window`` periods (0601).

    Args:
        batches: Dates of the batches that came, in any order; the first begins the count.
        until: Date of the batch that is scored.
        frequency: How often the contract promises one.
        window: Periods to look back.
    """
    days = max(1, frequency.days)
    begun = min([*batches, until])
    due = min(window, (until - begun).days // days + 1)
    since = until - timedelta(days=due * days)
    came = len({day for day in batches if since < day <= until})
    return [Count("0601", "", "", min(came, due), due)]


def identifying_columns(source: Source, library: Library) -> set[str]:
    """Columns of a source that identify its records: the library's strong identifier, and keys."""
    keys = {column.name for column in source.key_columns}
    return keys | {c.name for c in source.columns if c.name == library.identity.strong}


def indicators_of(source: Source) -> dict[str, set[str]]:
    """Per mapped column, the indicators by which its values are judged on their own."""
    rules, elements = load_rules(), load_elements()
    return {
        column.name: {
            rules[code].indicator
            for code in known_rules(elements[column.element or "text"])
            if rules[code].severity != "info"
        }
        for column in source.columns
    }


def _faults(rows: ir.Table, source: Source, *, typed: bool) -> ir.Table:
    """One row per record, column and indicator with a fault; ``empty``: no value is left."""
    empty = {f"{c.name}__empty": rows[c.name].isnull() for c in source.columns} if typed else {}
    each = rows.select("_file", "_line", finding=rows.findings.unnest(), **empty)
    where, rule = each.finding["column"], each.finding["rule"]
    left = [(where == name.removesuffix("__empty"), each[name]) for name in empty]
    taken = ibis.cases(*left, else_=False) if left else ibis.literal(False)
    faults = each.select(
        "_file",
        "_line",
        column_name=where,
        indicator=_indicator_of(rule),
        empty=taken & (rule != REQUIRED),
    )
    scored = faults.filter(faults.indicator.notnull())
    return scored.group_by("_file", "_line", "column_name", "indicator").agg(
        empty=scored.empty.any()
    )


def _indicator_of(rule: ir.StringValue) -> ir.StringValue:
    """Indicator of a rule that is a fault; NULL for one that is not."""
    codes: dict[str, list[str]] = defaultdict(list)
    for code, declared in load_rules().items():
        if declared.severity != "info":
            codes[declared.indicator].append(code)
    branches = ((rule.isin(members), indicator) for indicator, members in sorted(codes.items()))
    return ibis.cases(*branches, else_=ibis.null("string"))


def _assigned(staged: ir.Table, quarantined: ir.Table, source: Source) -> ir.Table:
    """Rows with a usable value, and quarantined rows in which something was delivered."""
    usable = staged.agg(**{c.name: staged[c.name].count() for c in source.columns})
    delivered = {
        c.name: (quarantined.record[record_name(c.physical_name)].strip().fill_null("") != "").sum()
        for c in source.columns
    }
    tables = [usable, quarantined.agg(**delivered)]
    parts = [
        table.select(column_name=ibis.literal(c.name), row_count=table[c.name].fill_null(0))
        for table in tables
        for c in source.columns
    ]
    return _fact("assigned", ibis.union(*parts, distinct=False))


def _assigned_without_value(faulty: ir.Table) -> ir.Table:
    """Rows whose value was taken away by a finding: there was one, and it was judged."""
    empty = faulty.filter(faulty.empty)
    rows = empty.select("_file", "_line", "column_name").distinct()
    return rows.group_by("column_name").agg(row_count=rows.count())


def _judged(staged: ir.Table, source: Source, as_of: date) -> ir.Table:
    """Rows in which the rules between columns of one indicator could be judged."""
    rules = load_rules()
    judged: dict[tuple[str, str], ir.BooleanValue] = {}
    elements = {c.name: c.element for c in source.columns if c.element}
    for each in disagreements(staged, elements, as_of):
        key = (each.column, rules[each.rule].indicator)
        judged[key] = judged[key] | each.judged if key in judged else each.judged
    if not judged:
        return _fact("judged", _nothing())
    summed = staged.agg(**{"|".join(key): value.sum() for key, value in judged.items()})
    parts = [
        summed.select(
            column_name=ibis.literal(column),
            indicator=ibis.literal(indicator),
            row_count=summed[f"{column}|{indicator}"].fill_null(0),
        )
        for column, indicator in judged
    ]
    return _fact("judged", ibis.union(*parts, distinct=False))


def _rejected(quarantined: ir.Table) -> ir.Table:
    reason = quarantined.select("_file", "_line", rule=quarantined.reasons.unnest())
    row = reason.filter(reason.rule.isin(ROW_RULES))
    each = row.select("_file", "_line", indicator=_indicator_of(row.rule)).distinct()
    return _fact("rejected", each.group_by("indicator").agg(row_count=each.count()))


def _nothing() -> ir.Table:
    return ibis.memtable({"row_count": []}, schema=ibis.schema({"row_count": "int64"}))


def _fact(fact: str, counted: ir.Table) -> ir.Table:
    shaped = {
        name: (counted[name] if name in counted.columns else ibis.null(kind)).cast(kind)
        for name, kind in FACT_SCHEMA.items()
        if name != "fact"
    }
    return counted.select(fact=ibis.literal(fact), **shaped)


def _column_counts(
    found: Mapping[tuple[str, str, str], int], source: Source, of: Delivered
) -> list[Count]:
    counts = []
    own = indicators_of(source)
    for column in source.columns:
        name, element = column.name, column.element or "text"
        assigned = found.get(("assigned", name, ""), 0)
        between = {i: n for (f, c, i), n in found.items() if (f, c) == ("judged", name)}
        for indicator in sorted(own[name] | between.keys()):
            fault = found.get(("fault", name, indicator), 0)
            judged = assigned if indicator in own[name] else max(between[indicator], fault)
            counts.append(_count(indicator, name, element, fault, judged))
        if column.required:
            readable = of.staged + of.quarantined - _unreadable(found)
            counts.append(
                _count(MISSING, name, element, found.get(("fault", name, MISSING), 0), readable)
            )
    return counts


def _unreadable(found: Mapping[tuple[str, str, str], int]) -> int:
    return sum(n for (f, _, i), n in found.items() if f == "rejected" and i in {"0302", "0305"})


def _row_counts(found: Mapping[tuple[str, str, str], int], of: Delivered) -> list[Count]:
    rules = load_rules()
    indicators = sorted({rules[code].indicator for code in ROW_RULES})
    return [_count(i, "", "", found.get(("rejected", "", i), 0), of.landed) for i in indicators]


def _delivery_counts(source: Source, of: Delivered) -> list[Count]:
    """Keys that came more than once, columns that nobody has described, rows that can be used."""
    mapped = len({column.physical_name for column in source.columns})
    keyed = of.staged + of.superseded
    return [
        _count("0103", "", "", of.unmapped_columns, mapped + of.unmapped_columns),
        _count("0303", "", "", of.superseded, keyed),
        _count("0304", "", "", of.superseded, keyed),
        _count("0602", "", "", of.quarantined, of.landed),
    ]


def _count(indicator: str, column: str, element: str, bad: int, judged: int) -> Count:
    lower = load_scoring().indicators[indicator].lower_is_better
    return Count(indicator, column, element, bad if lower else judged - bad, judged)
