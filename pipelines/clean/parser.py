"""What a parser is, and how a table's columns are parsed all at once.

A parser turns one column of text into a clean value, companion columns and findings. It is
written as *steps*: each step sees what earlier ones made and adds more, and becomes one SELECT, so
nothing is computed twice however often it is used. Step *k* of all columns of a table run in the
same SELECT.

Everything is an Ibis expression: the same parser runs on DuckDB and on Spark.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import ibis
import ibis.expr.types as ir

# Ibis would otherwise put the steps back into one SELECT and write every intermediate value out
# again wherever it is used: exponentially long SQL, and everything computed many times.
ibis.options.sql.fuse_selects = False

# sqlglot writes SQL by recursion, some ten frames for every SELECT within a SELECT.
_NESTING = 20_000

FINDING_TYPE = "struct<column: string, rule: string, severity: string, value: string>"


class Scratch:
    """What one column has made so far: ``s.raw`` (text), ``s.as_of`` (date), and steps' results."""

    def __init__(self, table: ir.Table, column: str, as_of: date) -> None:
        self._table = table
        self._column = column
        self.as_of = ibis.literal(as_of)
        self.as_of_date = as_of

    def __getattr__(self, name: str) -> ir.Value:
        return self._table[_scratch(self._column, name)]

    @property
    def raw(self) -> ir.StringValue:
        """The text as delivered; NULL where the source has none."""
        return self._table[_scratch(self._column, "raw")]


class _Recorder(Scratch):
    """A scratch that remembers what was asked of it."""

    def __init__(self, table: ir.Table, column: str, as_of: date) -> None:
        super().__init__(table, column, as_of)
        self._asked: set[str] = set()

    def __getattr__(self, name: str) -> ir.Value:
        self._asked.add(name)
        return super().__getattr__(name)

    @staticmethod
    def asked(recorder: "_Recorder") -> set[str]:
        """The names that were read; no property, a step may have a value of any name."""
        return recorder._asked


@dataclass(frozen=True)
class Derive:
    """A step that computes: names of new intermediate values to their expressions."""

    compute: Callable[[Scratch], Mapping[str, ir.Value]]


@dataclass(frozen=True)
class Lookup:
    """A step that joins a small reference table: ``fields`` become intermediate values.

    ``rows`` returns the table as columns of equal length, ``key`` among them and unique. A field is
    NULL where the intermediate value named ``on`` has no row.
    """

    on: str
    key: str
    fields: Mapping[str, str]  # intermediate name -> column of the reference table
    rows: Callable[[], Mapping[str, Sequence[object]]]
    schema: Mapping[str, str]  # column of the reference table -> Ibis type


Step = Derive | Lookup


@dataclass(frozen=True)
class Parsed:
    """The outcome for one column.

    ``value`` is NULL for every row whose value cannot be used; ``findings`` maps a rule code (see
    ``standards/rules.yml``) to the condition under which a row breaks it. ``companions`` are
    further columns, named ``<column>_<suffix>``.
    """

    value: ir.Value
    findings: Mapping[str, ir.BooleanValue] = field(default_factory=dict)
    companions: Mapping[str, ir.Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Parser:
    """Steps, then the outcome. ``companions`` declares suffix -> Ibis type of what it adds."""

    steps: Sequence[Step]
    finish: Callable[[Scratch], Parsed]
    type: str = "string"
    companions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def live_after(self) -> Sequence[frozenset[str]]:
        """Per step, the intermediate values that any later step or the outcome still reads.

        Found out by running the steps once on a table without rows. What nobody reads any more is
        not carried on: the SQL of a table with twenty columns would otherwise grow with the square
        of its intermediate values, and take longer to write than the rows to parse.
        """
        read = _reads(self)
        return [frozenset().union(*read[done + 1 :]) for done in range(len(self.steps))]


@dataclass(frozen=True)
class ColumnToParse:
    """One column of the result: its name, the column of text it comes from, and how."""

    name: str
    physical_name: str
    parser: Parser


def parse_columns(
    table: ir.Table,
    columns: Sequence[ColumnToParse],
    as_of: date,
    severity_of: Mapping[str, str],
) -> ir.Table:
    """Add to ``table`` every parsed column, its companions and one ``findings`` array.

    Args:
        table: Any shape; the physical columns are strings.
        columns: What to parse. Names must not collide with columns of ``table``.
        as_of: The date of the data; "future" is judged against it, not against the clock.
        severity_of: Rule code to ``error``, ``warning`` or ``info``.

    Returns:
        ``table`` plus, per column, ``<name>`` and ``<name>_<suffix>``; ``findings`` is
        ``array<struct<column, rule, severity, value>>`` and never NULL.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _NESTING))
    carried = list(table.columns)
    work = table.mutate(**{_scratch(c.name, "raw"): table[c.physical_name] for c in columns})
    last = max((len(c.parser.steps) for c in columns), default=0)
    for left in reversed(range(last)):  # all end together: until then a column is its raw text only
        live = {*carried, *_live(columns, left)}
        work = _run_step(work, columns, left, as_of, live)

    outcome: dict[str, ir.Value] = {}
    findings: list[ir.ArrayValue] = []
    for column in columns:
        scratch = Scratch(work, column.name, as_of)
        parsed = column.parser.finish(scratch)
        outcome[column.name] = parsed.value.cast(column.parser.type)
        for suffix, companion in parsed.companions.items():
            outcome[f"{column.name}_{suffix}"] = companion.cast(column.parser.companions[suffix])
        if parsed.findings:
            findings.append(finding_array(column.name, scratch.raw, parsed.findings, severity_of))
    outcome["findings"] = concat_findings(findings)
    return work.select(*carried, **outcome)


def finding_array(
    column: str,
    value: ir.StringValue,
    conditions: Mapping[str, ir.BooleanValue],
    severity_of: Mapping[str, str],
) -> ir.ArrayValue:
    """The findings of one column as an array; empty, and nearly free, for a row without any."""
    holds = {rule: condition.fill_null(False) for rule, condition in conditions.items()}
    codes = ibis.array(
        [ibis.ifelse(condition, rule, ibis.null("string")) for rule, condition in holds.items()]
    ).filter(lambda code: code.notnull())
    # Structs are made of the rules that are broken only: three times as fast as one for each rule.
    found = codes.map(
        lambda rule: ibis.struct(
            {
                "column": column,
                "rule": rule,
                "severity": _severity(rule, {code: severity_of[code] for code in conditions}),
                "value": value,
            }
        ).cast(FINDING_TYPE)
    )
    return ibis.ifelse(ibis.or_(*holds.values()), found, no_findings())


def _severity(rule: ir.StringValue, severity_of: Mapping[str, str]) -> ir.StringValue:
    """The severity of a rule; an expression as long as there are severities, not rules."""
    codes: dict[str, list[str]] = {}
    for code, severity in severity_of.items():
        codes.setdefault(severity, []).append(code)
    branches = ((rule.isin(members), severity) for severity, members in codes.items())
    return ibis.cases(*branches, else_=ibis.null("string"))


def no_findings() -> ir.ArrayValue:
    """An empty array of findings."""
    return ibis.literal([], type=f"array<{FINDING_TYPE}>")


def concat_findings(arrays: Sequence[ir.ArrayValue]) -> ir.ArrayValue:
    """One array out of many; the order of the arguments is kept."""
    if not arrays:
        return no_findings()
    first, *rest = arrays
    return first.concat(*rest) if rest else first


def _run_step(
    work: ir.Table, columns: Sequence[ColumnToParse], left: int, as_of: date, live: Set[str]
) -> ir.Table:
    """One step of every column that has begun, after which as many steps as ``left`` follow.

    Afterwards the table has the ``live`` columns only.
    """
    derived: dict[str, ir.Value] = {}
    lookups: list[tuple[str, Lookup]] = []
    for column in columns:
        if left >= len(column.parser.steps):
            continue
        step = column.parser.steps[-1 - left]
        if isinstance(step, Lookup):
            lookups.append((column.name, step))
        else:
            made = step.compute(Scratch(work, column.name, as_of))
            derived |= {_scratch(column.name, name): value for name, value in made.items()}
    still = [live | {_scratch(n, look.on) for n, look in lookups[i:]} for i in range(len(lookups))]
    keep, *after = *still, live
    kept = [name for name in work.columns if name in keep - derived.keys()]
    work = work.select(*kept, **{name: derived[name] for name in derived if name in keep})
    for (name, lookup), keep in zip(lookups, after, strict=True):
        work = _join_reference(work, name, lookup, keep)
    return work


def _live(columns: Sequence[ColumnToParse], left: int) -> Iterator[str]:
    """What is read in the last ``left`` steps; the delivered text always is, for findings."""
    for column in columns:
        after = column.parser.live_after
        names = after[-1 - left] if left < len(after) else frozenset()
        yield from (_scratch(column.name, name) for name in names | {"raw"})


def _reads(parser: Parser) -> list[set[str]]:
    """Which intermediate values each step reads, and last the outcome."""
    column, day = ColumnToParse("dry", "dry", parser), date(2000, 1, 1)
    work: ir.Table = ibis.table({_scratch("dry", "raw"): "string"}, name="dry")
    read: list[set[str]] = []
    for done, step in enumerate(parser.steps):
        recorder = _Recorder(work, "dry", day)
        made = step.fields if isinstance(step, Lookup) else step.compute(recorder)
        read.append({step.on} if isinstance(step, Lookup) else _Recorder.asked(recorder))
        everything = {*work.columns, *(_scratch("dry", name) for name in made)}
        work = _run_step(work, [column], len(parser.steps) - 1 - done, day, everything)
    recorder = _Recorder(work, "dry", day)
    parser.finish(recorder)
    return [*read, _Recorder.asked(recorder)]


def _join_reference(work: ir.Table, column: str, lookup: Lookup, live: Set[str]) -> ir.Table:
    reference = ibis.memtable(dict(lookup.rows()), schema=ibis.schema(lookup.schema))
    key = _scratch(column, f"key_of_{lookup.key}")
    fields = {_scratch(column, name): reference[field] for name, field in lookup.fields.items()}
    reference = reference.select(**{key: reference[lookup.key]}, **fields)
    joined = work.left_join(reference, work[_scratch(column, lookup.on)] == reference[key])
    return joined.select([name for name in (*work.columns, *fields) if name in live])


def _scratch(column: str, name: str) -> str:
    return f"__{column}__{name}"
