"""Import of repair sheets: owners' answers about their issues are judged, then kept."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis
import pyarrow as pa

from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.errors import QualityGateFailed
from pipelines.extract.connections.secrets import attachment_passwords
from pipelines.extract.returned.answers import Answer, read_answers
from pipelines.extract.returned.sheets import AnswersUnreadable
from pipelines.flows.owner.dispute import DISPUTED_BY_USER
from pipelines.flows.owner.judging import judge
from pipelines.flows.owner.receipt import send_receipts
from pipelines.flows.shared.session import Session, moment, open_session
from pipelines.flows.source.ingest import check, stage
from pipelines.flows.source.track import track
from pipelines.quality.answers import ANSWER_SCHEMA, APPLIED, STATED
from pipelines.report.owner.answered import AnsweredLine, answered_lines
from pipelines.settings import Settings
from pipelines.warehouse import read_batches
from pipelines.warehouse.people.corrections import (
    APPLIED_ANSWER_SCHEMA,
    record_answers,
    record_import,
)
from pipelines.warehouse.people.disputes import Ending, end_answered


@dataclass(frozen=True)
class ImportResult:
    """How many rows of a sheet came to which verdict, and what was staged again."""

    rows: Sequence[AnsweredLine]
    counts: Mapping[str, int]
    applied: bool
    staged_again: Sequence[tuple[str, str]]  # source and batch
    receipts: int = 0  # mails to owners that tell what became of it


def import_answers(
    settings: Settings,
    files: Sequence[Path],
    who: str,
    *,
    apply: bool = False,
    checked: bool = False,
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
        checked: Somebody has looked at what seemed to have slipped: take that, too.
        stage_again: With ``apply``, stage the batches at once and not with their next run.

    Raises:
        AnswersUnreadable: a file is no repair sheet; nothing of any file is kept.
    """
    sources = load_sources(settings)
    answers = _read(files, sources)
    when = moment(settings)
    with open_session(settings) as session:
        judged = judge(session, answers, sources, checked=checked)
        rows = answered_lines(judged, sources)
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
        digest = _digest(files)
        record_import(session.warehouse, digest, who, when, json.dumps(counts))
        names = [file.name for file in files]
        mailed = send_receipts(
            settings, session.warehouse, rows, sources, digest=digest, files=names, who=who
        )
        again = sorted(
            {
                (row["source"], row["since_batch"])
                for row in kept.select(["source", "since_batch", "verdict"]).to_pylist()
                if row["verdict"] != "promised"
            }
        )
        told = kept.filter(pa.compute.equal(kept.column("verdict"), STATED))
        opening = {(row["source"], row["since_batch"]) for row in told.to_pylist()}
    for name, batch in again if stage_again else ():
        _stage_again(settings, sources[name], batch)
        if (name, batch) in opening:
            track(settings, sources[name], batch)
    done = again if stage_again else ()
    return ImportResult(rows, counts, applied=True, staged_again=done, receipts=mailed)


def _stage_again(settings: Settings, source: Source, batch: str) -> None:
    """Stage a batch, and check it where other rules judge it by now; status tells what stops it."""
    stage(settings, source, batch)
    with open_session(settings) as session:
        (record,) = read_batches(session.warehouse, source.name, batch)
    if record.awaits_check:
        with suppress(QualityGateFailed):
            check(settings, source, batch)


def _read(files: Sequence[Path], sources: Mapping[str, Source]) -> pa.Table:
    passwords = attachment_passwords(sources.values())
    delimiters = sorted({source.server.delimiter for source in sources.values()})
    rows: list[Answer] = []
    for file in files:
        rows += read_answers(file, passwords, delimiters)
    if not rows:
        raise AnswersUnreadable(
            "、".join(file.name for file in files), "没有填写任何答复。", "请填好后再交回。"
        )
    kinds = {"string": pa.string(), "boolean": pa.bool_(), "int64": pa.int64()}
    columns = {
        name: pa.array([getattr(row, name) for row in rows], kinds[kind])
        for name, kind in ANSWER_SCHEMA.items()
    }
    columns["position"] = pa.array(range(len(rows)), pa.int64())  # of all files, in their order
    return pa.table(columns)


def _to_keep(session: Session, judged: pa.Table) -> pa.Table:
    """``source`` and ``APPLIED_ANSWER_SCHEMA`` of what is applied."""
    rows = ibis.memtable(judged)
    taken = rows.filter(rows.verdict.isin(APPLIED))
    correction = ibis.ifelse(taken.verdict == "accepted", taken.correction, ibis.null("string"))
    about = {"since_batch": taken.batch, "reason": taken.note}
    kept = taken.select(
        *("source", "fingerprint", "record", "rule", "verdict"),
        column_name=taken.target,
        guard=taken.guard.fill_null(""),
        new_value=correction,
        **about,
    )
    # What he says of another column is an issue there, until the source delivers another value.
    stated = taken.mutate(**about).filter(taken.stated.notnull(), taken.stated_guard.notnull())
    statements = stated.select(
        *("source", "fingerprint", "record", "rule"),
        verdict=ibis.literal(STATED),
        column_name=stated.stated,
        guard=stated.stated_guard,
        new_value=ibis.null("string"),
        since_batch=stated.since_batch,
        reason=stated.reason,
    )
    return session.con.to_pyarrow(kept.union(statements.select(kept.columns)))


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


def _digest(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
