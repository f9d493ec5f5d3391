"""Answers of an owner against what he delivered: a verdict for each, and what a person reads of it.

``judge`` gives a table with a row for each answer and column that it is about: the columns of
``quality.answers.first_verdicts``, a final ``verdict``, ``because`` (the rule or slip that speaks
against it), the guards of the ledger, and ``record, old, new, differ`` for people, masked as in the
sheet.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.batch import batch_date
from pipelines.clean.masking import hide_numbers, mask
from pipelines.contracts.source import Source
from pipelines.flows.owner.agreement import agreement_with_others
from pipelines.flows.owner.patterns import expanded
from pipelines.flows.shared.batches import raw_batch
from pipelines.flows.shared.corrections import ledger_table
from pipelines.flows.shared.parsing import matched_ledger, parsed_rows
from pipelines.flows.shared.session import Session
from pipelines.flows.shared.site_keys import digest_key
from pipelines.keyed_digests import value_digest, with_site_key
from pipelines.quality.answers import (
    ANSWERED_ISSUE_SCHEMA,
    ROUTED_SCHEMA,
    first_verdicts,
    judge_corrections,
    row_findings,
)
from pipelines.quality.slips import Typed, suspected_slips
from pipelines.quality.two_columns import route_answers
from pipelines.records import batch_order
from pipelines.report.difference import how_they_differ
from pipelines.report.owner.bad_rows import coded_columns, column_masks, key_mask, shown_value
from pipelines.stage import applicable, delivered_name, overlay, rename_delivered
from pipelines.warehouse.people.corrections import find_issues, read_ledger

_JUDGED = {
    "fingerprint": "string",
    "target": "string",
    "verdict": "string",
    "because": "string",
    "guard": "string",
    "stated_guard": "string",
    "record_shown": "string",
    "old": "string",
    "new": "string",
    "differ": "string",
    "delivered": "string",
}
DOUBTFUL = "doubtful"


def judge(
    session: Session, answers: pa.Table, sources: Mapping[str, Source], *, checked: bool = False
) -> pa.Table:
    """Every answer with its verdict, in the order of the sheets.

    Args:
        session: Where the batches are.
        answers: ``quality.answers.ANSWER_SCHEMA``.
        sources: The contracts.
        checked: Somebody has looked: what may have slipped is judged like anything else.
    """
    answers = expanded(session.warehouse, answers)
    named = sorted(set(answers.column("fingerprint").to_pylist()))
    asked = find_issues(session.warehouse, named)
    routed = route_answers(answers, asked, sources)
    first = first_verdicts(
        ibis.memtable(routed, schema=ibis.schema(ROUTED_SCHEMA)),
        ibis.memtable(asked, schema=ibis.schema(ANSWERED_ISSUE_SCHEMA)),
    )
    with session.materialised(first) as rows, ExitStack() as stack:
        about = rows.filter(_looked_at(rows)).select("source", "batch").distinct()
        about = about.order_by("source", batch_order(about.batch))
        judged = [
            stack.enter_context(
                _judged_batch(session, rows, sources[each["source"]], each["batch"])
            )
            for each in session.con.to_pyarrow(about).to_pylist()
            if each["source"] in sources
        ]
        done = rows.left_join(_union(judged), ["fingerprint", "target"], rname="seen_{name}")
        verdict = ibis.coalesce(done.verdict, done.seen_verdict, "overtaken")
        filled = done.mutate(verdict=verdict).drop(
            "seen_fingerprint", "seen_target", "seen_verdict"
        )
        table = session.con.to_pyarrow(filled.order_by(["position", "target"]))
    return (table if checked else _with_slips(table, sources)).drop_columns(["delivered"])


def _looked_at(rows: ir.Table) -> ir.BooleanValue:
    """Whether an answer needs a look at the delivered row: to judge it, or to say whose it is."""
    return rows.verdict.isnull() | (rows.verdict != "unchanged") | rows.stated.notnull()


def _with_slips(judged: pa.Table, sources: Mapping[str, Source]) -> pa.Table:
    """Corrections that would be accepted, and may have slipped, are doubtful."""
    elements = {
        (source.name, column.name): column.element or ""
        for source in sources.values()
        for column in source.columns
    }
    names = ("fingerprint", "sheet", "position", "source", "target", "delivered", "correction")
    typed = [
        Typed(issue, sheet, row, f"{source}/{target}", elements.get((source, target), ""), old, new)
        for issue, sheet, row, source, target, old, new in zip(
            *(judged.column(name).to_pylist() for name in names), strict=True
        )
        if old is not None
    ]
    slipped = suspected_slips(typed)
    if not slipped:
        return judged
    issues = judged.column("fingerprint").to_pylist()
    columns = {name: judged.column(name).to_pylist() for name in ("verdict", "because")}
    for at, issue in enumerate(issues):
        if issue in slipped and columns["verdict"][at] == "accepted":
            columns["verdict"][at], columns["because"][at] = DOUBTFUL, slipped[issue]
    for name, values in columns.items():
        judged = judged.set_column(
            judged.column_names.index(name), name, pa.array(values, pa.string())
        )
    return judged


@contextmanager
def _judged_batch(
    session: Session, rows: ir.Table, source: Source, batch: str
) -> Iterator[ir.Table]:
    """Answers about one batch against the rows that it delivered: ``_JUDGED``.

    Rows of the sheet without an answer are there with what was delivered, and nothing else.
    """
    ours = rows.filter(rows.source == source.name, rows.batch == batch)
    candidates = ours.filter(ours.verdict.isnull())
    asked = ours.filter(_looked_at(ours))
    as_of, key = batch_date(batch), digest_key(session.settings)
    raw = rename_delivered(raw_batch(session, source.name, batch), source)
    with ExitStack() as stack:
        texts = stack.enter_context(session.materialised(_delivered(_lines(raw, ours), source)))
        lines = stack.enter_context(session.materialised(_lines(raw, asked)))
        entries = applicable(ledger_table(read_ledger(session.warehouse, source.name)), batch)
        old = stack.enter_context(matched_ledger(session, lines, entries, source, as_of))
        new = stack.enter_context(session.materialised(_as_matched(old, candidates)))
        # Both in one go: what parsing costs of a few rows is the same for twice as many.
        before, after = (
            overlay(lines, matched, source.columns).mutate(_corrected=ibis.literal(is_new))
            for is_new, matched in enumerate((old, new))
        )
        both = parsed_rows(session, before.union(after), source, as_of, also=["_corrected"])
        rows_of_both = stack.enter_context(both).rows
        was, now = (rows_of_both.filter(rows_of_both["_corrected"] == is_new) for is_new in (0, 1))
        keys = was.select(
            file="_file",
            line=was["_line"].cast("int64"),
            source_key="source_key",
            has_key=was.source_key.notnull(),
        )
        delivered = _left(texts, keys, ["file", "line"])
        verdicts = judge_corrections(
            candidates,
            delivered,
            row_findings(was),
            row_findings(now),
            agreement_with_others(session, source, candidates, now),
        )
        answer = ["fingerprint", "target"]
        shown = _shown(_once(ours), delivered, source)
        judged = _left(shown, _guards(asked, texts, "target", key), answer)
        of_stated = _guards(asked, texts, "stated", key).rename(stated_guard="guard")
        judged = _left(_left(judged, of_stated, answer), verdicts, answer)
        yield stack.enter_context(session.materialised(judged.select(*_JUDGED)))


def _once(rows: ir.Table) -> ir.Table:
    """One row for each answer and column, the one that is judged: a sheet may have a line twice."""
    order = [_looked_at(rows).desc(), rows.position]
    place = ibis.row_number().over(group_by=["fingerprint", "target"], order_by=order)
    ranked = rows.mutate(place_of_many=place)
    return ranked.filter(ranked.place_of_many == 0).drop("place_of_many")


def _lines(raw: ir.Table, rows: ir.Table) -> ir.Table:
    spots = rows.select(_file=rows.file, _line=rows.line).distinct()
    return raw.semi_join(spots, ["_file", "_line"])


def _left(left: ir.Table, right: ir.Table, on: Sequence[str]) -> ir.Table:
    """A left join whose keys are there once."""
    return left.left_join(right, list(on), rname="{name}_").drop(*(f"{name}_" for name in on))


def _shown(ours: ir.Table, delivered: ir.Table, source: Source) -> ir.Table:
    """``fingerprint, target, record_shown, old, new, differ, delivered``."""
    spots = ours.select(
        *("fingerprint", "target", "file", "line", "rule", "shared", "correction"),
        column_name="target",
    )
    there = _left(spots, delivered, ["file", "line", "column_name"])
    masks = column_masks(source)
    rows = there.mutate(column=there.column_name, value=there.text.strip())
    coded = coded_columns(source)
    told = [name for name, kind in masks.items() if kind != "none" and name not in coded]
    hidden = rows["column"].isin(told)
    differ = how_they_differ(rows["value"], rows.correction, source.reporting.language)
    return rows.select(
        *("fingerprint", "target"),
        record_shown=hide_numbers(mask(rows.source_key, key_mask(source))),
        old=shown_value(rows, "value", source),
        new=shown_value(rows, "correction", source),
        differ=ibis.ifelse(hidden & rows.correction.notnull(), differ, ibis.null("string")),
        delivered=rows.text.fill_null(""),
    )


def _guards(asked: ir.Table, texts: ir.Table, column: str, key: str) -> ir.Table:
    """``fingerprint, target, guard``: digest of what was delivered in the column named there."""
    spots = asked.select("fingerprint", "target", "file", "line", column_name=column)
    guarded = with_site_key(spots.filter(spots.column_name.notnull()), key)
    guards = guarded.left_join(texts, ["file", "line", "column_name"])
    digest = value_digest(guards.site_key, guards.text.fill_null(""))
    return guards.select("fingerprint", "target", guard=digest)


def _as_matched(old: ir.Table, candidates: ir.Table) -> ir.Table:
    """The ledger's live entries with the new corrections in their place."""
    spot = ["_file", "_line", "column_name"]
    new = candidates.select(
        _file=candidates.file,
        _line=candidates.line.cast(old["_line"].type()),
        column_name=candidates.target,
        rule=candidates.rule,
        kind=ibis.literal("correction"),
        new_value=candidates.correction,
        holds=ibis.literal(True),
    ).distinct()
    kept = old.anti_join(new, spot)
    return kept.select(*new.columns).union(new)


def _delivered(lines: ir.Table, source: Source) -> ir.Table:
    """``file, line, column_name, text``: every mapped value as it was delivered."""
    parts = [
        lines.select(
            file="_file",
            line=lines["_line"].cast("int64"),
            column_name=ibis.literal(column.name),
            text=lines[delivered_name(column)],
        )
        for column in source.columns
    ]
    return parts[0].union(*parts[1:], distinct=False) if len(parts) > 1 else parts[0]


def _union(tables: Sequence[ir.Table]) -> ir.Table:
    if not tables:
        return ibis.memtable({name: [] for name in _JUDGED}, schema=ibis.schema(_JUDGED))
    return tables[0].union(*tables[1:], distinct=False) if len(tables) > 1 else tables[0]
