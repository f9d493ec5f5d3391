"""The steward's tray: a handful of questions, claimed for one person and laid out side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.steward.facts import Facts, question_facts
from pipelines.flows.steward.queue import Question, open_questions
from pipelines.flows.steward.sheet import question_values
from pipelines.flows.steward.shown import shown_record
from pipelines.libraries import Library, load_library
from pipelines.report.steward.question_sheet import why_asked
from pipelines.report.steward.side_by_side import shown_columns
from pipelines.settings import Settings
from pipelines.warehouse.people.decisions import read_decisions
from pipelines.warehouse.quality.question_claims import claim_questions, claimed_by_others

SIZE = 10  # one load of the ledgers serves so many; more would keep them from a second person


@dataclass(frozen=True)
class ShownQuestion:
    """A question as a steward sees it: values masked, marks made from the values themselves.

    ``rows``: title, left value, right value, mark and difference of every column of which one side
    says something. ``why``: the reason of the question; ``facts``: what is known beside the values.
    """

    asked: Question
    left: str
    right: str
    rows: Sequence[tuple[str, str, str, str, str]]
    why: str
    facts: Facts


@dataclass(frozen=True)
class Tray:
    """What one person has before him; ``waiting``: all open questions; ``elsewhere``: of others."""

    library: Library
    questions: Sequence[ShownQuestion]
    waiting: int
    elsewhere: int


def take_tray(settings: Settings, library_name: str, by: str, size: int = SIZE) -> Tray:
    """Claim the next questions of a library for a person, most harm first.

    Raises:
        UnknownLibrary: none is called so.
        TableMissing: the library has never been resolved.
    """
    library = load_library(library_name)
    with open_session(settings) as session:
        asked = open_questions(session, library, read_decisions(session.warehouse, library.name))
        names = [each.question for each in asked]
        mine = set(claim_questions(session.warehouse, library.name, names, by, size))
        shown = _shown(session, library, [each for each in asked if each.question in mine])
        elsewhere = claimed_by_others(session.warehouse, library.name, by)
        return Tray(library, shown, len(asked), elsewhere)


def _shown(session: Session, library: Library, asked: Sequence[Question]) -> list[ShownQuestion]:
    values = {row["question"]: row for row in question_values(session, library, asked)}
    facts = question_facts(session, library, asked, values)
    return [
        ShownQuestion(
            each,
            shown_record(session, each.pair.left),
            shown_record(session, each.pair.right),
            _rows(library, values[each.question]),
            why_asked(each.rule, each.cause, each.probability, library),
            facts[each.question],
        )
        for each in asked
        if each.question in values
    ]


def _rows(
    library: Library, values: Mapping[str, str | None]
) -> Sequence[tuple[str, str, str, str, str]]:
    rows = [
        (
            column.title,
            values[f"left_{column.name}"] or "",
            values[f"right_{column.name}"] or "",
            values[f"mark_{column.name}"] or "",
            values[f"differ_{column.name}"] or "",
        )
        for column in shown_columns(library)
    ]
    return [row for row in rows if row[1] or row[2]]
