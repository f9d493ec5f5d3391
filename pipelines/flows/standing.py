"""How a batch stands: its score beside those of the batches before, for the report."""

from sqlalchemy import Engine

from pipelines.report.model import Dimension, Score
from pipelines.standards.scores import load_scoring
from pipelines.warehouse.scores import read_score_news


def read_standing(warehouse: Engine, source: str, batch: str, batches: int) -> Score | None:
    """The score of a batch of a source; None if it was not scored.

    Args:
        warehouse: Where scores are kept.
        source: Name of the source.
        batch: The batch; later ones are not looked at.
        batches: How many the history has at most.
    """
    news = read_score_news(warehouse, scope="source", subject=source, run=batch, runs=batches)
    if news is None:
        return None
    before = news.previous.dimensions if news.previous else {}
    return Score(
        value=news.latest.score,
        grade=news.latest.grade,
        history=[(record.run, record.score) for record in news.trend],
        dimensions=[
            Dimension(each.title, news.latest.dimensions.get(number), before.get(number))
            for number, each in load_scoring().dimensions.items()
        ],
    )
