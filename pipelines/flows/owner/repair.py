"""Import of repair sheets: owners' answers about their issues are judged, then kept."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from pipelines.batch import batch_date
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.extract.answers import Answer, AnswersUnreadable, read_answers
from pipelines.extract.connections.secrets import attachment_passwords
from pipelines.flows.owner.dispute import DISPUTED_BY_USER
from pipelines.flows.shared.corrections import ledger_table
from pipelines.flows.shared.parsing import parsed_rows
from pipelines.flows.shared.session import Session, identity_key, moment, open_session
from pipelines.flows.source.ingest import stage
from pipelines.keyed_digests import value_digest, with_site_key
from pipelines.quality.answers import (
    ANSWER_SCHEMA,
    ANSWERED_ISSUE_SCHEMA,
    APPLIED,
    first_verdicts,
    judge_corrections,
    row_findings,
)
from pipelines.records import batch_order
from pipelines.settings import Settings
from pipelines.stage import applicable, delivered_name, match_ledger, overlay, rename_delivered
from pipelines.standards.rules import load_rules
from pipelines.warehouse.people.corrections import (
    APPLIED_ANSWER_SCHEMA,
    find_issues,
    read_ledger,
    record_answers,
    record_import,
)
from pipelines.warehouse.people.disputes import Ending, end_answered

_JUDGED = {"fingerprint": "string", "verdict": "string", "because": "string", "guard": "string"}


@dataclass(frozen=True)
class Judged:
    """One row of a sheet and what became of it; carries no value."""

    place: str
    fingerprint: str
    source: str | None
    column: str | None
    verdict: str
    because: str  # in the words of the rule, or of whoever could not read it


@dataclass(frozen=True)
class ImportResult:
    """How many rows of a sheet came to which verdict, and what was staged again."""

    rows: Sequence[Judged]
    counts: Mapping[str, int]
    applied: bool
    staged_again: Sequence[tuple[str, str]]  # source and batch


def import_answers(
    settings: Settings,
    files: Sequence[Path],
    who: str,
    *,
    apply: bool = False,
    stage_again: bool = True,
) -> ImportResult:
    """Judge the repair sheets that an owner sends back, and with ``apply`` keep what can be taken.

    Kept answers go to the correction ledger, and the batches that they are about are staged again,
    so that what is staged is what raw and the ledger say.

    Args:
        settings: Where to work.
        files: Workbooks or CSV files; several parts of one sheet are judged together.
        who: Name of the person and department that answers.
        apply: Keep them; otherwise this is a preview.
        stage_again: With ``apply``, stage the batches at once and not with their next run.

    Raises:
        AnswersUnreadable: a file is no repair sheet; nothing of any file is kept.
    """
    sources = load_sources(settings)
    answers = _read(files, sources)
    when = moment(settings)
    with open_session(settings) as session:
        judged = _judge(session, answers, sources)
        rows = _verdicts(judged)
        counts = Counter(row.verdict for row in rows)
        kept = _to_keep(session, judged)
        if not apply:
            return ImportResult(rows, counts, applied=False, staged_again=())
        names = sorted(set(judged.column("source").drop_null().to_pylist()))
        for name in names:
            mine = kept.filter(pa.compute.equal(kept.column("source"), name))
            if mine.num_rows:
                columns = mine.select(list(APPLIED_ANSWER_SCHEMA))
                record_answers(settings, sources[name], columns, who, when)
        _end_disputes(session, kept, who, when)
        record_import(session.warehouse, _digest(files), who, when, json.dumps(counts))
        again = sorted(
            {
                (row["source"], row["since_batch"])
                for row in kept.select(["source", "since_batch", "verdict"]).to_pylist()
                if row["verdict"] != "promised"
            }
        )
    for name, batch in again if stage_again else ():
        stage(settings, sources[name], batch)
    return ImportResult(rows, counts, applied=True, staged_again=again if stage_again else ())


def _read(files: Sequence[Path], sources: Mapping[str, Source]) -> pa.Table:
    passwords = attachment_passwords(sources.values())
    delimiters = sorted({source.server.delimiter for source in sources.values()})
    rows: list[Answer] = []
    for file in files:
        rows += read_answers(file, passwords, delimiters)
    if not rows:
        raise AnswersUnreadable(
            ", ".join(file.name for file in files), "It has no rows.", "Send the filled-in sheet."
        )
    kinds = {"string": pa.string(), "boolean": pa.bool_()}
    columns = {
        name: pa.array([getattr(row, name) for row in rows], kinds[kind])
        for name, kind in ANSWER_SCHEMA.items()
    }
    return pa.table(columns)


def _judge(session: Session, answers: pa.Table, sources: Mapping[str, Source]) -> pa.Table:
    """``first_verdicts`` with every verdict filled in, ``because`` and ``guard``."""
    named = sorted(set(answers.column("fingerprint").to_pylist()))
    asked = find_issues(session.warehouse, named)
    first = first_verdicts(
        ibis.memtable(answers, schema=ibis.schema(ANSWER_SCHEMA)),
        ibis.memtable(asked, schema=ibis.schema(ANSWERED_ISSUE_SCHEMA)),
    )
    with session.materialised(first) as rows, ExitStack() as stack:
        touched = rows.filter(rows.verdict.isnull() | (rows.verdict == "confirmed"))
        about = touched.select("source", "batch").distinct()
        about = about.order_by("source", batch_order(about.batch))
        judged = [
            stack.enter_context(
                _judged_answers(session, rows, sources[each["source"]], each["batch"])
            )
            for each in session.con.to_pyarrow(about).to_pylist()
            if each["source"] in sources
        ]
        judged_answers = _union(judged)
        done = rows.left_join(judged_answers, "fingerprint", rname="seen_{name}")
        verdict = ibis.coalesce(done.verdict, done.seen_verdict, "overtaken")
        filled = done.mutate(verdict=verdict).drop("seen_fingerprint", "seen_verdict")
        return session.con.to_pyarrow(filled)


@contextmanager
def _judged_answers(
    session: Session, rows: ir.Table, source: Source, batch: str
) -> Iterator[ir.Table]:
    """Answers about one batch against the rows that it delivered: ``_JUDGED``."""
    ours = rows.filter(rows.source == source.name, rows.batch == batch)
    candidates = ours.filter(ours.verdict.isnull())
    asked = ours.filter(ours.verdict.isnull() | (ours.verdict == "confirmed"))
    as_of, key = batch_date(batch), identity_key(session.settings)
    raw = session.lake.read(session.con, f"raw.{source.name}", batch)
    raw = rename_delivered(raw, source)
    spots = asked.select(_file=asked.file, _line=asked.line).distinct()
    wanted = raw.semi_join(spots, ["_file", "_line"])
    with session.materialised(wanted) as lines, ExitStack() as stack:
        entries = applicable(ledger_table(read_ledger(session.warehouse, source.name)), batch)
        old = stack.enter_context(
            session.materialised(match_ledger(lines, entries, source, as_of, key))
        )
        new = stack.enter_context(session.materialised(_as_matched(old, candidates)))
        parsed = [
            stack.enter_context(
                parsed_rows(session, overlay(lines, matched, source.columns), source, as_of)
            )
            for matched in (old, new)
        ]
        texts = _delivered(lines, source)
        keyed = parsed[0].select(
            file="_file",
            line=parsed[0]["_line"].cast("int64"),
            has_key=parsed[0].source_key.notnull(),
        )
        delivered = texts.left_join(keyed, ["file", "line"]).drop("file_right", "line_right")
        verdicts = judge_corrections(
            candidates, delivered, row_findings(parsed[0]), row_findings(parsed[1])
        )
        guarded = with_site_key(asked.select("fingerprint", "file", "line", "column_name"), key)
        guards = guarded.left_join(texts, ["file", "line", "column_name"])
        guards = guards.select(
            "fingerprint", guard=value_digest(guards.site_key, guards.text.fill_null(""))
        )
        judged = guards.left_join(verdicts, "fingerprint").drop("fingerprint_right")
        yield stack.enter_context(session.materialised(judged.select(*_JUDGED)))


def _as_matched(old: ir.Table, candidates: ir.Table) -> ir.Table:
    """The ledger's live entries with the new corrections in their place."""
    spot = ["_file", "_line", "column_name"]
    new = candidates.select(
        _file=candidates.file,
        _line=candidates.line.cast(old["_line"].type()),
        column_name=candidates.column_name,
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


def _to_keep(session: Session, judged: pa.Table) -> pa.Table:
    """``source`` and ``APPLIED_ANSWER_SCHEMA`` of what is applied."""
    rows = ibis.memtable(judged)
    taken = rows.filter(rows.verdict.isin(APPLIED))
    correction = ibis.ifelse(taken.verdict == "accepted", taken.correction, ibis.null("string"))
    kept = taken.select(
        "source",
        *("fingerprint", "record", "column_name", "rule", "verdict"),
        guard=taken.guard.fill_null(""),
        new_value=correction,
        since_batch=taken.batch,
        reason=taken.note,
    )
    return session.con.to_pyarrow(kept)


def _end_disputes(session: Session, kept: pa.Table, who: str, when: datetime) -> None:
    """What was doubted by its users, and is answered now, is doubtful no longer."""
    endings: dict[str, Ending] = {
        row["fingerprint"]: "corrected" if row["verdict"] == "accepted" else "confirmed"
        for row in kept.select(["fingerprint", "verdict", "rule"]).to_pylist()
        if row["rule"] == DISPUTED_BY_USER and row["verdict"] != "promised"
    }
    if endings:
        about = {"who": who, "at": when, "note": "repair sheet"}
        with session.warehouse.begin() as connection:
            end_answered(connection, endings, about)


def _verdicts(judged: pa.Table) -> list[Judged]:
    """Column by column: a sheet may have hundreds of thousands of rows."""
    rules = load_rules()
    because = [
        rules[rule].zh if rule in rules else problem or ""
        for rule, problem in zip(
            judged.column("because").to_pylist(), judged.column("problem").to_pylist(), strict=True
        )
    ]
    shown = ("place", "fingerprint", "source", "column_name", "verdict")
    columns = [judged.column(name).to_pylist() for name in shown]
    return [Judged(*row) for row in zip(*columns, because, strict=True)]


def _digest(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
