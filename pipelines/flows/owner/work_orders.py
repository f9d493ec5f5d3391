"""Answers of departments' systems to work orders, taken into the ledgers of issues and disputes."""

from pipelines.flows.owner.dispute import answer
from pipelines.settings import Settings
from pipelines.warehouse import connect
from pipelines.warehouse.people.disputes import DisputeRefused
from pipelines.warehouse.people.work_orders import (
    OrderAnswer,
    answer_issue,
    mark_taken,
    waiting_answers,
)


def take_answers(settings: Settings) -> list[str]:
    """Take what was handed in; says what became of each.

    An explanation leaves a dispute open: its value is not corrected, and nobody confirmed it.
    """
    engine = connect(settings)
    told = []
    try:
        for each in waiting_answers(engine):
            if each.dispute is not None:
                outcome = _end(settings, each, each.dispute)
            else:
                outcome = "answered" if answer_issue(engine, each) else "refused: It is not open."
            mark_taken(engine, each.id, outcome)
            told.append(f"answer {each.id}, {each.order_id}: {outcome}")
    finally:
        engine.dispose()
    return told


def _end(settings: Settings, each: OrderAnswer, number: int) -> str:
    try:
        if each.how == "corrected":
            answer(settings, number, "corrected", who=each.answered_by, note=each.note)
        elif each.how == "confirmed":
            answer(settings, number, "confirmed", who=each.answered_by, note=each.note)
        else:
            return "noted; the dispute stays open"
    except DisputeRefused as refused:
        return f"refused: {refused.problem}"
    return each.how
