"""Parsers: steps that turn text into a clean value and findings, and how columns are parsed.

A parser turns a text into a clean value, companion columns and findings. It is written as *steps*:
each step sees what earlier ones made and adds more, and becomes one SELECT, so nothing is computed
twice however often it is used.

Nine texts in ten are plain: a parser may declare a *plain form*, a cheap condition and the value it
implies, which is evaluated in the row itself. The other texts repeat themselves. So the parser is
given every text that is not plain once, whatever columns and rows it stands in, and its outcome is
looked up for each row.

Everything is an Ibis expression: the same parser runs on DuckDB and on Spark.
"""

import sys
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, reduce

import ibis
import ibis.expr.types as ir

from pipelines.clean.cell_states import state_of, without_values_of_states
from pipelines.clean.mojibake import judged, without_values_of_mojibake
from pipelines.clean.parsing.findings import (
    broken_rules,
    concat_findings,
    name_findings,
    no_findings,
)

# Ibis would otherwise put the steps back into one SELECT and write every intermediate value out
# again wherever it is used: exponentially long SQL, and everything computed many times.
ibis.options.sql.fuse_selects = False

# sqlglot writes SQL by recursion, some ten frames for every SELECT within a SELECT.
_NESTING = 20_000
_CARRIED = "__"  # before a column that steps do not know; none of theirs begins so


class Scratch:
    """Intermediate values of a text: ``s.raw`` (the text), ``s.as_of`` (date), results of steps."""

    def __init__(self, table: ir.Table, as_of: date) -> None:
        self._table = table
        self.as_of = ibis.literal(as_of)
        self.as_of_date = as_of

    def __getattr__(self, name: str) -> ir.Value:
        return self._table[name]

    @property
    def raw(self) -> ir.StringValue:
        """The text as delivered; NULL where the source has none."""
        return self._table["raw"]


class _Recorder(Scratch):
    """A scratch that records which intermediate values are read."""

    def __init__(self, table: ir.Table, as_of: date) -> None:
        super().__init__(table, as_of)
        self._names_read: set[str] = set()

    def __getattr__(self, name: str) -> ir.Value:
        self._names_read.add(name)
        return super().__getattr__(name)

    @staticmethod
    def names_read(recorder: "_Recorder") -> set[str]:
        """The names that were read; no property, a step may have a value of any name."""
        return recorder._names_read


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


def _no_companions(_text: ir.StringValue) -> Mapping[str, ir.Value]:
    return {}


@dataclass(frozen=True)
class PlainForm:
    """The usual form of a text: a cheap condition, and the outcome that it implies.

    It has no findings. The steps of the parser say the same, at ten times the cost; a law in the
    tests holds that the two agree. A text that is NULL or empty needs no mention: it is plain, and
    implies NULL everywhere. The expressions are also evaluated, and ignored, for other texts, so
    they must not fail on any; companions left out are NULL. ``until`` is as a parser's ``due``.
    """

    applies: Callable[[ir.StringValue, date], ir.BooleanValue]  # text, date of the data
    value: Callable[[ir.StringValue], ir.Value] = lambda text: text
    companions: Callable[[ir.StringValue], Mapping[str, ir.Value]] = _no_companions
    until: Callable[[date], date | None] = lambda _as_of: None


@dataclass(frozen=True, eq=False)
class Parser:
    """Steps, then the outcome. ``companions`` declares suffix -> Ibis type of what it adds.

    A parser equals itself only, and so can be the key of what it made; the functions that make
    parsers therefore give the same one every time. ``plain`` is left out where a test of the usual
    form would cost as much as the steps. ``words`` says that its texts are words, which somebody
    may have read in a wrong encoding before they were delivered. ``due`` is the first later date of
    the data on which a text may be judged otherwise, NULL for never; left out where none ever is.
    """

    steps: Sequence[Step]
    finish: Callable[[Scratch], Parsed]
    type: str = "string"
    companions: Mapping[str, str] = field(default_factory=dict)
    plain: PlainForm | None = None
    words: bool = False
    due: Callable[[Scratch], ir.DateValue] | None = None

    @cached_property
    def live_after(self) -> Sequence[frozenset[str]]:
        """Per step, the intermediate values that any later step or the outcome still reads.

        Found out by running the steps once on a table without rows. What nobody reads any more is
        not carried on: the SQL would otherwise grow with the square of the intermediate values, and
        take longer to write than the rows to parse.
        """
        read = _reads(self)
        return [frozenset().union(*read[done + 1 :]) for done in range(len(self.steps))]


@dataclass(frozen=True)
class ColumnToParse:
    """One column of the result: its name, the column of text it comes from, and how.

    Findings quote the column ``quoted``, where the text was rewritten before it is parsed.
    """

    name: str
    physical_name: str
    parser: Parser
    quoted: str = ""


def parse_columns(
    table: ir.Table,
    columns: Sequence[ColumnToParse],
    as_of: date,
    severity_of: Mapping[str, str],
    parsed: Mapping[Parser, ir.Table] | None = None,
) -> ir.Table:
    """Add to ``table`` every parsed column, its companions and one ``findings`` array.

    Args:
        table: Any shape; the physical columns are strings.
        columns: What to parse. Names must not collide with columns of ``table``.
        as_of: The date of the data; "future" is judged against it, not against the clock.
        severity_of: Rule code to ``error``, ``warning`` or ``info``.
        parsed: What ``parse_texts`` made of ``delivered_texts``, by parser, if that has been
            computed already; otherwise it becomes part of the expression. A parser may be left out
            if all texts are plain.

    Returns:
        ``table`` plus, per column, ``<name>`` and ``<name>_<suffix>``; ``findings`` is
        ``array<struct<column, rule, severity, value>>`` and never NULL.
    """
    if parsed is None:
        parsed = {
            parser: parse_texts(texts, parser, as_of, severity_of)
            for parser, texts in delivered_texts(table, columns, as_of).items()
        }
    work = table
    looked_up = [column for column in columns if column.parser in parsed]
    for column in looked_up:
        work = _look_up(work, column, parsed[column.parser])
    broken_rules = [(column, work[_broken(column)]) for column in looked_up]
    findings = concat_findings(
        [_as_findings(work, column, rules) for column, rules in broken_rules]
    )
    has_findings = ibis.or_(ibis.literal(False), *(rules.notnull() for _, rules in broken_rules))
    outcomes = {name: v for column in columns for name, v in _outcome(work, column).items()}
    return work.select(
        *table.columns, **outcomes, findings=ibis.ifelse(has_findings, findings, no_findings())
    )


def delivered_texts(
    table: ir.Table, columns: Sequence[ColumnToParse], as_of: date
) -> dict[Parser, ir.Table]:
    """For every parser the texts that its columns hold and that are not plain: ``raw``, each once.

    NULL is among them where the parser has no plain form.
    """
    texts: dict[Parser, dict[str, ir.Table]] = {}
    for column in columns:
        of_parser = texts.setdefault(column.parser, {})
        delivered = table.select(raw=table[column.physical_name])
        if column.parser.plain:
            delivered = delivered.filter(~_is_plain(delivered.raw, column.parser.plain, as_of))
        of_parser[column.physical_name] = delivered
    return {
        parser: reduce(ir.Table.union, columns_of_text.values()).distinct()
        for parser, columns_of_text in texts.items()
    }


def parse_texts(
    texts: ir.Table,
    parser: Parser,
    as_of: date,
    severity_of: Mapping[str, str],
    judge: Callable[[ir.Table], ir.Table] | None = judged,
) -> ir.Table:
    """What a parser makes of texts.

    Args:
        texts: ``raw``, any strings.
        parser: The parser.
        as_of: The date of the data.
        severity_of: Rule code to severity.
        judge: What makes of words what ``mojibake.judged`` does; None: they need no judgement.

    Returns:
        ``raw``, ``value``, ``value_<suffix>`` per companion, and ``broken``: an array of rule and
        severity, in the order in which the parser names its rules; NULL if none; ``due``, if any.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _NESTING))
    if not parser.words or judge is None:
        return _parse(texts.select("raw"), parser, as_of, severity_of)
    made = _parse(judge(texts), parser, as_of, severity_of, also=("delivered", "misread"))
    made = made.drop("raw").rename(raw="delivered")
    return without_values_of_mojibake(made, severity_of)


def _parse(
    work: ir.Table,
    parser: Parser,
    as_of: date,
    severity_of: Mapping[str, str],
    also: Sequence[str] = (),
) -> ir.Table:
    """The outcomes for ``raw``; the columns ``also`` are carried along."""
    carried = {_CARRIED + name: work[name] for name in also}
    work = work.select("raw", **carried)
    for step, live in zip(parser.steps, parser.live_after, strict=True):
        work = _run_step(work, step, as_of, live | {"raw", *carried})
    parsed = parser.finish(Scratch(work, as_of))
    due = {"due": parser.due(Scratch(work, as_of)).cast("date")} if parser.due else {}
    companions = {
        f"value_{suffix}": companion.cast(parser.companions[suffix])
        for suffix, companion in parsed.companions.items()
    }
    made = work.select(
        "raw",
        value=parsed.value.cast(parser.type),
        **companions,
        broken=broken_rules(parsed.findings, severity_of),
        state=state_of(work["raw"]),
        **{name: work[_CARRIED + name] for name in also},
        **due,
    )
    return without_values_of_states(made, severity_of, also)


def _run_step(work: ir.Table, step: Step, as_of: date, live: Set[str]) -> ir.Table:
    """One step; afterwards the table has the ``live`` columns only."""
    if isinstance(step, Lookup):
        return _join_reference(work, step, live)
    derived = step.compute(Scratch(work, as_of))
    kept = [name for name in work.columns if name in live - derived.keys()]
    return work.select(*kept, **{name: derived[name] for name in derived if name in live})


def _reads(parser: Parser) -> list[set[str]]:
    """Which intermediate values each step reads, and last the outcome."""
    day = date(2000, 1, 1)
    work: ir.Table = ibis.table({"raw": "string"}, name="dry")
    read: list[set[str]] = []
    for step in parser.steps:
        recorder = _Recorder(work, day)
        if isinstance(step, Lookup):
            read.append({step.on})
            nothing = {name: ibis.null(step.schema[its]) for name, its in step.fields.items()}
            work = work.mutate(**nothing)
        else:
            work = work.mutate(**step.compute(recorder))
            read.append(_Recorder.names_read(recorder))
    recorder = _Recorder(work, day)
    parser.finish(recorder)
    if parser.due:
        parser.due(recorder)
    return [*read, _Recorder.names_read(recorder)]


def _join_reference(work: ir.Table, lookup: Lookup, live: Set[str]) -> ir.Table:
    reference = ibis.memtable(dict(lookup.rows()), schema=ibis.schema(lookup.schema))
    key = f"key_of_{lookup.key}"
    fields = {name: reference[field] for name, field in lookup.fields.items()}
    reference = reference.select(**{key: reference[lookup.key]}, **fields)
    joined = work.left_join(reference, work[lookup.on] == reference[key])
    return joined.select([name for name in (*work.columns, *fields) if name in live])


def _is_plain(text: ir.StringValue, plain: PlainForm, as_of: date) -> ir.BooleanValue:
    """Whether the text has the plain form; never NULL."""
    return text.isnull() | (text == "") | plain.applies(text, as_of).fill_null(False)


def _plain_outcome(text: ir.StringValue, parser: Parser, plain: PlainForm) -> dict[str, ir.Value]:
    """``value`` and ``value_<suffix>`` of a plain text; meaningless for every other."""
    given = text.nullif("")
    companions = plain.companions(given)
    outcome = {"value": plain.value(given).cast(parser.type)}
    for suffix, kind in parser.companions.items():
        companion = companions.get(suffix, ibis.null(kind)).cast(kind)
        outcome[f"value_{suffix}"] = ibis.ifelse(given.notnull(), companion, ibis.null(kind))
    return outcome


def _look_up(work: ir.Table, column: ColumnToParse, parsed: ir.Table) -> ir.Table:
    """Join the outcomes of the texts of one column. A row without a text has an outcome, too."""
    text = f"__{column.name}__raw"
    fields = {name: parsed[its] for its, name in _names(column).items()}
    marks = {_broken(column): parsed["broken"], _is_parsed(column): ibis.literal(True)}
    outcomes = parsed.select(**{text: parsed["raw"]}, **fields, **marks)
    return work.left_join(outcomes, work[column.physical_name].identical_to(outcomes[text]))


def _outcome(work: ir.Table, column: ColumnToParse) -> dict[str, ir.Value]:
    """Value and companions of a column: looked up, or those that its plain form implies."""
    names = _names(column)
    if not column.parser.plain:
        return {name: work[name] for name in names.values()}
    plain = _plain_outcome(work[column.physical_name], column.parser, column.parser.plain)
    if _is_parsed(column) not in work.columns:
        return {name: plain[its] for its, name in names.items()}
    parsed = work[_is_parsed(column)].notnull()
    return {name: ibis.ifelse(parsed, work[name], plain[its]) for its, name in names.items()}


def _as_findings(work: ir.Table, column: ColumnToParse, broken: ir.ArrayValue) -> ir.ArrayValue:
    quoted = work[column.quoted or column.physical_name]
    named = name_findings(column.name, quoted, broken)
    return ibis.ifelse(broken.notnull(), named, no_findings())


def _names(column: ColumnToParse) -> dict[str, str]:
    """Columns of ``parse_texts`` to columns of the result."""
    companions = column.parser.companions
    return {"value": column.name} | {f"value_{s}": f"{column.name}_{s}" for s in companions}


def _broken(column: ColumnToParse) -> str:
    return f"__{column.name}__broken"


def _is_parsed(column: ColumnToParse) -> str:
    return f"__{column.name}__is_parsed"
