"""Questions out to a spreadsheet and its answers back in: masked, sealed, refused row by row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

import ibis
import ibis.expr.types as ir

from pipelines.extract.returned.sheets import (
    AnswersUnreadable,
    is_workbook,
    returned_bytes,
    workbook_sheets,
)
from pipelines.flows.shared.run_inputs import latest_run, records_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.shared.site_keys import question_key
from pipelines.flows.steward.decide import judgement_of
from pipelines.flows.steward.facts import question_facts
from pipelines.flows.steward.queue import Question, audit_sample, look_up, open_questions
from pipelines.flows.steward.shown import shown_record
from pipelines.identity.review.admission import Admission
from pipelines.identity.review.decisions import Cause, Decision, Judgement, review_states
from pipelines.identity.review.errors import (
    DecisionRefused,
    RecordsChanged,
    RowRefused,
    SheetUnreadable,
)
from pipelines.identity.review.questions import PAIR
from pipelines.libraries import Library, load_libraries, load_library
from pipelines.report.steward.question_sheet import (
    BASIS,
    PURPOSE,
    QUESTION,
    REASON,
    SPELLINGS,
    STRATUM,
    VERDICT,
    VERDICTS,
    AnsweredRow,
    SheetRow,
    answered_rows,
    write_questions,
)
from pipelines.report.steward.side_by_side import side_by_side
from pipelines.settings import Settings
from pipelines.warehouse.people.decisions import open_ledger, read_decisions

Purpose = Literal["queue", "second", "audit"]
MOST_QUESTIONS = 500  # what one person answers in a week; the rest comes in the next sheet


@dataclass(frozen=True)
class RefusedRow:
    """Why a row was not taken: ``kind`` stale, malformed, already decided or contradictory."""

    line: int
    kind: str
    problem: str


@dataclass(frozen=True)
class ImportResult:
    """``rows = accepted + unanswered + refused``; ``applied`` is False for a preview."""

    library: str
    rows: int
    accepted: Sequence[Judgement]
    unanswered: int
    refused: Sequence[RefusedRow]
    applied: bool

    @property
    def refused_by_kind(self) -> Counter[str]:
        """How many rows were refused, by kind."""
        return Counter(each.kind for each in self.refused)


def export_questions(
    settings: Settings,
    library_name: str,
    to: Path,
    *,
    limit: int = MOST_QUESTIONS,
    second_opinion: float | None = None,
    audit: int | None = None,
) -> int:
    """Write questions to a workbook and return how many.

    Args:
        settings: Where to work.
        library_name: Whose questions.
        to: The ``.xlsx`` file.
        limit: At most so many of the queue, most harm first.
        second_opinion: Instead of the queue, this share of what one steward has answered, without
            his answer. Which questions these are follows from their names, so that neither steward
            chooses them.
        audit: Instead of the queue, so many links of the last run that nobody asked about, drawn by
            stratum; with the answers, accuracy gets its bounds.

    Raises:
        TableMissing: the library has never been resolved.
    """
    library = load_library(library_name)
    with open_session(settings) as session:
        decisions = read_decisions(session.warehouse, library.name)
        purpose: Purpose = "queue"
        if second_opinion is not None:
            names = _sampled(decisions, second_opinion, question_key(settings))
            purpose, asked = "second", look_up(session, library, names)
        elif audit is not None:
            purpose, asked = "audit", audit_sample(session, library, decisions, audit)
        else:
            asked = open_questions(session, library, decisions, limit)
        rows = _sheet_rows(session, library, asked, purpose)
        write_questions(to, rows, library, question_key(settings))
        return len(rows)


def import_answers(settings: Settings, file: Path, *, by: str, apply: bool = False) -> ImportResult:
    """Take the answers of a sheet into the ledger, or with ``apply=False`` say what would be.

    Each row is taken or refused by itself, against the ledger as the rows before it leave it.

    Raises:
        SheetUnreadable: it is not a sheet of questions, or of several libraries.
    """
    rows = _read(file)
    library = _library_of(rows, file)
    answered = [row for row in rows if row.is_answered]
    with open_session(settings) as session:
        names = [row.cells[QUESTION] for row in answered]
        today = {each.question: each for each in look_up(session, library, names)}
        with open_ledger(session.warehouse, library.name) as ledger:
            desk = _Desk(Admission(list(ledger.decisions)), today, question_key(settings), by)
            accepted, refused = desk.judge_all(answered)
            if apply:
                ledger.add(accepted)
    unanswered = len(rows) - len(answered)
    return ImportResult(library.name, len(rows), accepted, unanswered, refused, apply)


def _read(file: Path) -> list[AnsweredRow]:
    """The questions of a workbook of any kind.

    Raises:
        SheetUnreadable: it is none, or lacks a column.
    """
    try:
        content = returned_bytes(file)
        sheets = workbook_sheets(file.name, content) if is_workbook(content) else {}
    except AnswersUnreadable as wrong:
        raise SheetUnreadable(file, f"{wrong.problem} {wrong.remedy}") from None
    return answered_rows(file, sheets)


@dataclass(frozen=True)
class _Desk:
    """Where the rows of a sheet are judged one after the other."""

    admission: Admission
    today: dict[str, Question]
    key: str
    by: str

    def judge_all(self, rows: Sequence[AnsweredRow]) -> tuple[list[Judgement], list[RefusedRow]]:
        accepted: list[Judgement] = []
        refused: list[RefusedRow] = []
        for row in rows:
            try:
                judged = self.judge(row)
            except DecisionRefused as problem:
                refused.append(RefusedRow(row.line, problem.kind, str(problem)))
            else:
                accepted.append(judged)
                self.admission.note(_provisional(judged, len(accepted), self.admission))
        return accepted, refused

    def judge(self, row: AnsweredRow) -> Judgement:
        question = row.cells[QUESTION]
        if not row.is_genuine(self.key):
            raise RowRefused(
                question, "the row was altered beyond verdict and reason; export again"
            )
        if row.cells[VERDICT] not in SPELLINGS:
            raise RowRefused(question, f"结论 must be one of {', '.join(VERDICTS)}")
        if not row.cells[REASON]:
            raise RowRefused(question, "理由 is empty: say what the verdict rests on")
        asked = self.today.get(question)
        if asked is None or asked.basis != row.cells[BASIS]:
            raise RecordsChanged(question)
        purpose, verdict = row.cells[PURPOSE], SPELLINGS[row.cells[VERDICT]]
        opinion = self.admission.opinion(asked.pair, second=purpose == "second")
        cause: Cause | None = "audit" if purpose == "audit" else None
        judged = judgement_of(asked, opinion, verdict, row.cells[REASON], self.by, cause)
        self.admission.check(judged)
        return judged.in_stratum(row.cells[STRATUM])  # as it stood when the sheet was written


def _provisional(judged: Judgement, number: int, admission: Admission) -> Decision:
    """The decision as the ledger will have it, for judging the rows that follow."""
    last = max((each.id for each in admission.decisions), default=0)
    return Decision(**vars(judged), id=last + number, at=datetime.now(UTC))


def _sampled(decisions: Sequence[Decision], share: float, key: str) -> list[str]:
    """Questions with one opinion whose keyed digest falls below the share."""
    answered_once = [
        s.opinions[0] for s in review_states(decisions).values() if len(s.opinions) == 1
    ]
    return [
        each.question
        for each in answered_once
        if int(sha256(f"{key}\x1fsecond\x1f{each.question}".encode()).hexdigest()[:8], 16)
        < share * 2**32
    ]


def _sheet_rows(
    session: Session, library: Library, asked: Sequence[Question], purpose: Purpose
) -> list[SheetRow]:
    shown = {row["question"]: row for row in question_values(session, library, asked)}
    facts = question_facts(session, library, asked, shown)
    return [
        SheetRow(
            question=each.question,
            cause="audit" if purpose == "audit" else each.cause,
            purpose=purpose,
            stratum=each.stratum,
            basis=each.basis,
            probability=each.probability,
            rule=each.rule,
            records={
                side: shown_record(session, record)
                for side, record in zip(("left", "right"), each.pair, strict=True)
            },
            values=shown[each.question],
            facts=facts[each.question].text,
        )
        for each in asked
    ]


def question_values(
    session: Session, library: Library, asked: Sequence[Question]
) -> list[dict[str, str]]:
    """The records of each question side by side, masked; see ``side_by_side``."""
    pairs = pairs_table(asked)
    sides = [
        pairs.select(source=pairs[f"{side}_source"], source_key=pairs[f"{side}_key"])
        for side in ("left", "right")
    ]
    wanted = sides[0].union(sides[1], distinct=True)
    records = records_of_run(session, library, latest_run(session, library))
    with session.materialised(
        records.semi_join(wanted, ["source", "source_key"])
    ) as wanted_records:
        rows: list[dict[str, str]] = session.con.to_pyarrow(
            side_by_side(pairs, wanted_records, library)
        ).to_pylist()
        return rows


def pairs_table(asked: Sequence[Question]) -> ir.Table:
    """``question`` and the pair of each question, as a table."""
    rows = [(each.question, *each.pair.left, *each.pair.right) for each in asked]
    names = ("question", *PAIR)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    data = {name: list(values) for name, values in zip(names, columns, strict=True)}
    return ibis.memtable(data, schema=ibis.schema(dict.fromkeys(names, "string")))


def _library_of(rows: Sequence[AnsweredRow], file: Path) -> Library:
    found = {
        library.name: library
        for row in rows
        for library in load_libraries().values()
        if row.cells[QUESTION].startswith(f"{library.id_prefix.rstrip('-')}Q-")
    }
    if len(found) != 1:
        raise SheetUnreadable(file, "it must hold questions of one library.")
    return next(iter(found.values()))
