"""Linkage accuracy, ``quality.identity_accuracy``: precision and recall per library and run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine, func
from sqlalchemy.dialects.postgresql import insert as upsert

from pipelines.identity.review.accuracy import Accuracy
from pipelines.warehouse.quality.tables import Json, quality_table

IDENTITY_ACCURACY = quality_table(
    "identity_accuracy",
    Accuracy,
    library=str,
    run=str,
    model=str,
    strata=Json,
    measured_at=datetime,
)


def record_accuracy(
    engine: Engine,
    *,
    library: str,
    run: str,
    model: str,
    measured: Accuracy,
    strata: Sequence[Mapping[str, object]],
) -> None:
    """Store the accuracy of a run; a repetition replaces it."""
    facts = {**asdict(measured), "model": model, "strata": list(strata), "measured_at": func.now()}
    new = upsert(IDENTITY_ACCURACY).values(library=library, run=run, **facts)
    changed = {name: new.excluded[name] for name in facts}
    with engine.begin() as connection:
        connection.execute(
            new.on_conflict_do_update(index_elements=["library", "run"], set_=changed)
        )
