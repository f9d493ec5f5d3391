"""What a report says of a source: its scores, and its issues month by month."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta

from sqlalchemy import Engine

from pipelines.contracts.source import Source
from pipelines.report.owner.figures import COUNTS, OwnerFigures
from pipelines.report.owner.model import Dimension, Score
from pipelines.standards.rules import Language
from pipelines.standards.scores import load_scoring
from pipelines.warehouse import Told
from pipelines.warehouse.quality.issues.owner_months import OwnerMonth, read_owner_months
from pipelines.warehouse.quality.scores import ScoreRecord, read_score_news

MONTHS = 3  # in a mail: this one so far, and those that it is compared with


def read_score(
    warehouse: Engine,
    source: str,
    batch: str,
    batches: int,
    language: Language = "zh",
    told: Sequence[Told] = (),
) -> Score | None:
    """The score of a batch of a source; None if it was not scored.

    Scores of earlier batches are shown as their owner was told of them, though they have been made
    again since; the batch is compared with the last one that he was told of, if there is one.

    Args:
        warehouse: Where scores are kept.
        source: Name of the source.
        batch: The batch; later ones are not looked at.
        batches: How many the history has at most.
        language: In which the dimensions are named.
        told: What reports said of earlier batches, oldest first.
    """
    news = read_score_news(warehouse, scope="source", subject=source, run=batch, runs=batches)
    if news is None:
        return None
    said = {each.batch: each for each in told if each.score is not None}
    last = told[-1] if told and told[-1].batch in said else None
    before: Mapping[str, float] = news.previous.dimensions if news.previous else {}
    value = news.previous.score if news.previous else None
    if last is not None:
        before, value = last.dimensions or {}, last.score
    return Score(
        value=news.latest.score,
        grade=news.latest.grade,
        before=value,
        history=[(record.run, _as_told(record, said, batch)) for record in news.trend],
        dimensions=[
            Dimension(
                each.title_en if language == "en" else each.title,
                news.latest.dimensions.get(number),
                before.get(number),
                number,
            )
            for number, each in load_scoring().dimensions.items()
        ],
    )


def _as_told(record: ScoreRecord, said: Mapping[str, Told], batch: str) -> float:
    """The score that a report gave an earlier batch."""
    told = said.get(record.run) if record.run != batch else None
    return record.score if told is None or told.score is None else told.score


def read_months(
    warehouse: Engine, source: Source, today: date
) -> Sequence[tuple[date, OwnerFigures]]:
    """The last months of a source, in order, without those before its first issue.

    Args:
        warehouse: Where ``track`` and ``digest`` have counted them.
        source: Whose issues.
        today: Its month is the last one.
    """
    this = since = today.replace(day=1)
    for _ in range(MONTHS - 1):
        since = (since - timedelta(days=1)).replace(day=1)
    rows = read_owner_months(warehouse, since, this, source.name)
    months = [(row.month, figures_of(row, source.owner.department, source.title)) for row in rows]
    return [(month, each) for month, each in months if any(getattr(each, n) for n in COUNTS)]


def figures_of(row: OwnerMonth, department: str, dataset: str) -> OwnerFigures:
    """A row of ``quality.owner_month`` with the names that people read."""
    counted = {k: v for k, v in asdict(row).items() if k in OwnerFigures.__dataclass_fields__}
    return OwnerFigures(**{**counted, "department": department, "dataset": dataset})
