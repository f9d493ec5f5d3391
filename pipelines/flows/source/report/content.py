"""Content of the report about one batch, and its repair sheets; ``report`` mails them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.batch import CHINA
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.engines.duck import arrow_reader
from pipelines.errors import CalendarUnknown
from pipelines.extract.connections.secrets import named_secret
from pipelines.flows.shared.batches import has_rows, staged_batch
from pipelines.flows.shared.session import Session, moment
from pipelines.flows.shared.site_keys import digest_key
from pipelines.flows.source.report.history import HISTORY, History, read_history
from pipelines.flows.source.report.missing import missing_records
from pipelines.flows.source.report.patterns import find_patterns
from pipelines.flows.source.report.score_news import read_months, read_score
from pipelines.flows.source.requirements import failed_requirements
from pipelines.libraries import load_library
from pipelines.quality.discrepancy import DISAGREES
from pipelines.report.codes import all_codes, named_code
from pipelines.report.owner.bad_rows import (
    ORDER,
    affected_entities,
    bad_rows,
    examples,
    impact,
    masked,
)
from pipelines.report.owner.model import (
    Counts,
    Example,
    FindingKey,
    Impact,
    Repairs,
    SourceReport,
    group_findings,
)
from pipelines.report.owner.pattern_sheet import pattern_lines, shared_values
from pipelines.report.owner.standing import Standing, standing_corrections
from pipelines.report.repair_sheet.csv import csv_encoding
from pipelines.report.repair_sheet.guide import sheet_guide
from pipelines.report.repair_sheet.rows import Line, SheetWords, sheet_lines
from pipelines.report.repair_sheet.write import (
    SheetFile,
    SheetPlan,
    Sheets,
    as_file_name,
    write_locked,
    write_sheets,
)
from pipelines.report.titles import UNKNOWN_CODE, column_title, element_of
from pipelines.report.words import vocabulary
from pipelines.runtime.files import move_file
from pipelines.runtime.scratch import scratch_folder
from pipelines.standards.rules import Language
from pipelines.warehouse import (
    BatchRecord,
    Told,
    read_findings,
)
from pipelines.warehouse.people.corrections import confirmed_issues
from pipelines.warehouse.quality.issues.news import IssueNews, read_issue_news
from pipelines.warehouse.quality.issues.owner_months import refresh_owner_months

CHUNK_ROWS = 20_000
NO_SHEETS = Sheets((), rows=0, replaced=0)
_TEXT_SHARE = 0.7  # of a mail's bytes, what a file of that size takes before it is written as text


@dataclass(frozen=True)
class Composed:
    """What to say about a batch, and the files to attach."""

    report: SourceReport
    files: Sequence[SheetFile]
    last_event: int | None = None  # of its issues, until which the report tells

    @property
    def told(self) -> Told:
        """What the next report compares with."""
        score = self.report.score
        measured = score.dimensions if score else ()
        return Told(
            source=self.report.source.name,
            batch=self.report.batch,
            score=score.value if score else None,
            dimensions={e.number: e.score for e in measured if e.score is not None},
            last_event=self.last_event,
        )


def has_report(session: Session, source: Source, batch: str) -> bool:
    """Whether a batch was staged; one that was not has no report but a failed task."""
    return has_rows(session, source.name, batch)


def compose(session: Session, source: Source, batch: str) -> Composed:
    """The report and the sheets of a batch; the sheets are in the outbox folder afterwards."""
    language = source.reporting.language
    others = {
        n: _data_set_name(each, language) for n, each in usable_sources(session.settings).items()
    }
    words = SheetWords(source, others)
    # As ``track`` left them, but for what was told or answered since.
    with suppress(CalendarUnknown):  # it has complained already
        refresh_owner_months(session.warehouse, _today(session), source.name)
    history = read_history(session, source, batch)
    news = _news(session, source, history)
    with _rows(session, source, history.record) as rows:
        report = _source_report(session, rows, words, history, news)
        # Nobody repairs line by line what is to be delivered again as a whole.
        listed = report.problems and not report.blocked
        sheets = _write(session, rows, words, history.record) if listed else NO_SHEETS
    remarks = [*report.remarks]
    if sheets.replaced:
        w = vocabulary(words.language).words
        remarks.append(w["replaced"].format(characters=f"{sheets.replaced:,}"))
    locked = source.reporting.protection == "password"
    shared = sheets.patterns
    report = replace(report, remarks=remarks, listed=sheets.rows, locked=locked, shared=shared)
    return Composed(report, sheets.files, news.last_event)


@contextmanager
def _rows(session: Session, source: Source, record: BatchRecord) -> Iterator[ir.Table]:
    batch = record.batch
    staged, quarantined = staged_batch(session, source.name, batch)
    table = f"identity.{load_library(source.library).entity}_finding"
    compared = session.lake.read(session.con, table) if session.lake.has(table) else None
    mapped = {column.physical_name for column in source.columns}
    columns = len(mapped) + len(record.unmapped_columns)
    key = digest_key(session.settings)
    found = bad_rows(staged, quarantined, source, key, compared, columns)
    # A parser notes a confirmed value as such; a comparison finds it again, and its owner has said
    # already that he stands by it.
    confirmed = ibis.memtable(confirmed_issues(session.warehouse, source.name))
    found = found.anti_join(confirmed, "fingerprint")
    with session.materialised(found) as rows:
        yield rows


def _write(session: Session, rows: ir.Table, words: SheetWords, record: BatchRecord) -> Sheets:
    """Written in the scratch folder and moved: the outbox never has a sheet that is not locked yet.

    A process that dies leaves it in the scratch folder, where the next one sweeps it up.
    """
    outbox = session.settings.outbox_dir
    outbox.mkdir(parents=True, exist_ok=True)
    with scratch_folder(session.settings.scratch_dir, "sheets") as folder:
        sheets = _write_into(folder, session, rows, words, record)
        files = [
            replace(each, path=move_file(each.path, outbox / each.path.name))
            for each in sheets.files
        ]
        return replace(sheets, files=files)


def _write_into(
    folder: Path, session: Session, rows: ir.Table, words: SheetWords, record: BatchRecord
) -> Sheets:
    source, password = words.source, None
    if source.reporting.protection == "password" and source.reporting.secret is not None:
        password = named_secret(source, source.reporting.secret)
    patterns = pattern_lines(session.con.to_pyarrow(shared_values(rows)).to_pylist(), source)
    plan = SheetPlan(
        folder=folder,
        stem=f"{source.name}-{record.batch}",
        title=as_file_name(
            f"{source.title}_{record.batch}_{vocabulary(words.language).words['list']}"
        ),
        guide=sheet_guide(
            source,
            record.batch,
            session.settings.report_contact,
            patterns=bool(patterns),
            codes=_long_lists(session, rows, source),
        ),
        encoding=csv_encoding(record.encoding),
        largest=int(session.settings.mail_size_limit * 1_000_000 * _TEXT_SHARE),
        password=password,
        patterns=patterns,
    )
    shown = _lines(session, masked(rows, source), words)
    if password is None:
        return write_sheets(plan, shown)
    return write_locked(plan, _lines(session, masked(rows, source, original=True), words), shown)


def _long_lists(session: Session, rows: ir.Table, source: Source) -> Mapping[str, str]:
    """Columns with an unknown code whose codes fit into no cell: title to all of them."""
    wrong = rows.filter(rows["rule"] == UNKNOWN_CODE).select("column").distinct()
    names = sorted(session.con.to_pyarrow(wrong)["column"].drop_null().to_pylist())
    language = source.reporting.language
    listed = {
        column_title(source, name): all_codes(element_of(source, name), language) for name in names
    }
    return {title: codes for title, codes in listed.items() if codes}


def _lines(session: Session, rows: ir.Table, words: SheetWords) -> Iterator[Line]:
    """Read only when asked for the first line: one connection has one open result."""
    reader = arrow_reader(session.con, rows.order_by(list(ORDER)), CHUNK_ROWS)
    yield from sheet_lines(reader, words)


def _source_report(
    session: Session,
    rows: ir.Table,
    words: SheetWords,
    past: History,
    news: IssueNews,
) -> SourceReport:
    source, record, before = words.source, past.record, past.before
    batch = record.batch
    counts = Counts(
        landed=record.landed or 0,
        staged=record.staged or 0,
        superseded=record.superseded or 0,
        quarantined=record.quarantined or 0,
    )
    history = _shares(session, source, [*before, record])
    records = _identity(session, source)
    return SourceReport(
        source=source,
        batch=batch,
        counts=counts,
        groups=group_findings(
            source,
            counts,
            [Impact(**row) for row in session.con.to_pyarrow(impact(rows, records)).to_pylist()],
            _examples(session, words, rows),
            history[past.against] if past.against else None,
        ),
        failed=failed_requirements(session, source, record, before),
        remarks=[
            *missing_records(session, source, batch, before),
            *_remarks(record, words.language),
        ],
        affected_entities=int(session.con.execute(affected_entities(rows, records))),
        score=read_score(session.warehouse, source.name, batch, HISTORY, words.language, past.told),
        repairs=Repairs(**vars(news)) if before or past.told else None,
        months=read_months(session.warehouse, source, _today(session)),
        history=[(name, sum(shares.values())) for name, shares in history.items()],
        files=record.files,
        patterns=find_patterns(session, source, record, rows),
        standing=_standing(session, source, batch),
        against=past.against if counts.landed else "",  # nothing got better where nothing came
        against_told=past.against_told,
    )


def _shares(
    session: Session, source: Source, records: Sequence[BatchRecord]
) -> Mapping[str, Mapping[FindingKey, float]]:
    """Share of each batch's rows that break each rule in each column."""
    shares: dict[str, dict[FindingKey, float]] = {record.batch: {} for record in records}
    landed = {record.batch: record.landed or 1 for record in records}
    for found in read_findings(session.warehouse, source.name):
        if found.batch in shares and found.severity != "info":
            key = (found.column_name or None, found.rule)
            shares[found.batch][key] = found.row_count / landed[found.batch]
    return shares


def _news(session: Session, source: Source, past: History) -> IssueNews:
    """What became of the issues since the last report."""
    about = source.name, past.record.batch, _today(session)
    return read_issue_news(session.warehouse, *about, past.last_event)


def _standing(session: Session, source: Source, batch: str) -> Sequence[Standing]:
    staged, _ = staged_batch(session, source.name, batch)
    found = session.con.to_pyarrow(standing_corrections(staged, source)).to_pylist()
    return [
        Standing(column_title(source, row["column"]), row["values"], row["records"])
        for row in found
    ]


def _today(session: Session) -> date:
    return moment(session.settings).astimezone(CHINA).date()


def _identity(session: Session, source: Source) -> ir.Table | None:
    """Which entity each of the source's records belongs to, since the last resolution."""
    table = f"identity.{load_library(source.library).entity}_record"
    if not session.lake.has(table):
        return None
    ledger = session.lake.read(session.con, table)
    return ledger.filter(ledger.source == source.name)


def _examples(
    session: Session, words: SheetWords, rows: ir.Table
) -> Mapping[FindingKey, Sequence[Example]]:
    shown: dict[FindingKey, list[Example]] = defaultdict(list)
    few = masked(examples(rows), words.source).order_by(["column", "rule", "file", "line"])
    for row in session.con.to_pyarrow(few).to_pylist():
        other = row["other_source"]
        shown[row["column"], row["rule"]].append(
            Example(
                place=_place(words, row),
                value=_named(words, row, "value"),
                other=words.others.get(other, other) if other else "",
                other_value=_named(words, row, "other_value"),
                differ=row["differ"] or "",
            )
        )
    return shown


def _named(words: SheetWords, row: Mapping[str, Any], name: str) -> str | None:
    """A value of a disagreement, a code with its name; any other as it was delivered."""
    value: str | None = row[name]
    if value is None or row["rule"] != DISAGREES:
        return value
    return named_code(value, element_of(words.source, row["column"]), words.language)


def _place(words: SheetWords, row: Mapping[str, Any]) -> str:
    """Where the owner finds the record: by line in a file that he sent, else by its key."""
    w = vocabulary(words.language).words
    if words.source.server.kind == "file" and row["file"]:
        return f"{row['file']} {w['at_line'].format(line=row['line'])}"
    return w["record"].format(key=row["source_key"] or "—")


def _remarks(record: BatchRecord, language: Language) -> Sequence[str]:
    w = vocabulary(language).words
    remarks = [*record.remarks]
    if record.unmapped_columns:
        names = w["and"].join(record.unmapped_columns)
        remarks.append(w["unmapped"].format(names=names))
    return remarks


def _data_set_name(source: Source, language: Language) -> str:
    department, title = source.owner.department, source.title
    return f"{department}, {title}" if language == "en" else f"{department}《{title}》"
