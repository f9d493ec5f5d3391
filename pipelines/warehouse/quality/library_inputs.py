"""What the last run of a library was made of, and until when its comparison holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from pipelines.warehouse.quality.tables import quality_table, record_columns


@dataclass(frozen=True)
class LibraryInput:
    """``digest`` of everything that a run depends on; ``finished_at`` when it had all been done."""

    library: str
    run: str
    digest: str
    finished_at: datetime | None


@dataclass(frozen=True)
class ComparisonDue:
    """The first later date of a source's data on which a library may be compared otherwise."""

    library: str
    source: str
    day: date


LIBRARY_INPUT = quality_table("library_input", LibraryInput)
COMPARISON_DUE = quality_table("comparison_due", ComparisonDue)


def read_library_inputs(engine: Engine) -> Mapping[str, LibraryInput]:
    """The last run of every library."""
    query = select(*record_columns(LIBRARY_INPUT, LibraryInput))
    with engine.connect() as connection:
        found = connection.execute(query).mappings()
        return {row["library"]: LibraryInput(**row) for row in found}


def begin_library_run(engine: Engine, library: str, run: str, digest: str) -> None:
    """Note what a run that begins is made of; it is not finished."""
    row = upsert(LIBRARY_INPUT).values(library=library, run=run, digest=digest, finished_at=None)
    changed = {name: row.excluded[name] for name in ("run", "digest", "finished_at")}
    with engine.begin() as connection:
        connection.execute(row.on_conflict_do_update(index_elements=["library"], set_=changed))


def finish_library_run(engine: Engine, library: str, run: str) -> None:
    """Note that everything of a run has been done; of a run that was replaced, nothing is noted."""
    t = LIBRARY_INPUT.c
    ours = update(LIBRARY_INPUT).where(t.library == library, t.run == run)
    with engine.begin() as connection:
        connection.execute(ours.values(finished_at=func.now()))


def record_comparison_dues(engine: Engine, library: str, days: Mapping[str, date]) -> None:
    """Replace the days on which a library may be compared otherwise, by source."""
    rows = [{"library": library, "source": source, "day": day} for source, day in days.items()]
    with engine.begin() as connection:
        connection.execute(delete(COMPARISON_DUE).where(COMPARISON_DUE.c.library == library))
        if rows:
            connection.execute(insert(COMPARISON_DUE), rows)


def add_comparison_dues(engine: Engine, library: str, days: Mapping[str, date]) -> None:
    """Add days that another library's publication brought; of two for a source, the earlier."""
    rows = [{"library": library, "source": source, "day": day} for source, day in days.items()]
    if not rows:
        return
    row = upsert(COMPARISON_DUE)
    earlier = {"day": func.least(COMPARISON_DUE.c.day, row.excluded.day)}
    statement = row.on_conflict_do_update(index_elements=["library", "source"], set_=earlier)
    with engine.begin() as connection:
        connection.execute(statement, rows)


def read_comparison_due(engine: Engine, source: str) -> date | None:
    """The earliest such day of a source, in any library; None: there is none."""
    query = select(func.min(COMPARISON_DUE.c.day)).where(COMPARISON_DUE.c.source == source)
    with engine.connect() as connection:
        day: date | None = connection.execute(query).scalar()
        return day
