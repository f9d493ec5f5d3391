"""Who has which question of the steward's queue before him: ``quality.question_claim``.

A claim ends by itself, so that one who goes home keeps nothing from the others.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from pipelines.warehouse.quality.tables import quality_table

CLAIM = quality_table("question_claim", question=str, library=str, claimed_by=str, until=datetime)
LASTS = timedelta(minutes=30)


def claim_questions(
    engine: Engine, library: str, questions: Sequence[str], by: str, most: int
) -> list[str]:
    """Claim the first so many of these questions that nobody else has; in their order.

    Two who ask at once never get the same one: a row belongs to whoever wrote it first.
    """
    got: list[str] = []
    with engine.begin() as connection:
        for question in questions:
            if len(got) == most:
                break
            until = func.now() + LASTS
            new = upsert(CLAIM).values(
                question=question, library=library, claimed_by=by, until=until
            )
            mine = new.on_conflict_do_update(
                index_elements=["question"],
                set_={"claimed_by": by, "until": until},
                where=(CLAIM.c.claimed_by == by) | (CLAIM.c.until < func.now()),
            )
            if connection.execute(mine.returning(CLAIM.c.question)).first():
                got.append(question)
    return got


def release_question(engine: Engine, question: str) -> None:
    """Give a question back, or forget it when it is answered."""
    with engine.begin() as connection:
        connection.execute(delete(CLAIM).where(CLAIM.c.question == question))


def claimed_by_others(engine: Engine, library: str, by: str) -> int:
    """How many questions of a library others have before them."""
    c = CLAIM.c
    theirs = select(func.count()).where(
        c.library == library, c.claimed_by != by, c.until > func.now()
    )
    with engine.connect() as connection:
        return int(connection.execute(theirs).scalar_one())
