"""Id stability, ``quality.id_*``: comparison with the published ids, approvals, resolutions.

A comparison is replaced when its run is repeated, unless somebody approved its candidate on it; an
approval is added and never changed. It is for one candidate, by the digest of its content: if
the run gives another result, it must be approved again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from pipelines.identity.ids.id_changes import Budget, IdChange, IdStability, SourceLoss
from pipelines.warehouse.quality.tables import quality_table, record_columns
from pipelines.warehouse.server.locks import take_lock


@dataclass(frozen=True)
class IdComparison:
    """How many published ids a run's candidate would change, and whether that is within budget."""

    library: str
    run: str
    published_run: str | None  # None: nothing was published before
    id_stability: IdStability
    budget: Budget
    is_within: bool
    candidate: str  # digest of its content


@dataclass(frozen=True)
class Approval:
    """Approval of a run that is over its budget."""

    library: str
    run: str
    candidate: str
    changed_ids: int
    approved_by: str
    reason: str
    approved_at: datetime


@dataclass(frozen=True)
class ResolutionRecord:
    """What a run resolved, when, and by which rules.

    ``rules``: digest of declarations, model and code; a replay with others proves nothing.
    """

    library: str
    run: str
    records: int
    rules: str
    resolved_at: datetime | None = None  # by the database's clock


_CANDIDATE = {"library": str, "run": str, "candidate": str}
ID_COMPARISON = quality_table(
    "id_comparison",
    **_CANDIDATE,
    published_run=str | None,
    published_ids=int,
    changed_ids=int,
    vanished_ids=int,
    id_budget=float,
    deletion_budget=float,
    is_within=bool,
    compared_at=datetime,
)
ID_CHANGE = quality_table("id_change", IdChange, **_CANDIDATE)
ID_LOSS = quality_table("id_loss", SourceLoss, **_CANDIDATE)
ID_APPROVAL = quality_table("id_approval", Approval, id=int, login=str)
RESOLUTION = quality_table("resolution", ResolutionRecord, resolved_at=datetime)


def record_comparison(engine: Engine, comparison: IdComparison) -> None:
    """Keep what a comparison found, in place of what an earlier attempt at the run found.

    What somebody approved a candidate on stays as he saw it, whatever is compared later.
    """
    key = {
        "library": comparison.library,
        "run": comparison.run,
        "candidate": comparison.candidate,
    }
    found = comparison.id_stability
    changes = [{**key, **asdict(change)} for change in found.changes]
    losses = [{**key, **asdict(loss)} for loss in found.losses]
    with engine.begin() as connection:
        take_lock(connection, f"replace {ID_COMPARISON.name}")
        approved = _delete_unapproved(connection, comparison)
        if comparison.candidate in approved:
            return
        connection.execute(insert(ID_COMPARISON), {**key, **_measured(comparison)})
        if changes:
            connection.execute(insert(ID_CHANGE), changes)
        if losses:
            connection.execute(insert(ID_LOSS), losses)


def _delete_unapproved(connection: Connection, comparison: IdComparison) -> set[str]:
    """Forget the run's comparisons that nobody approved; the candidates of the others."""
    given, kept = ID_APPROVAL.c, ID_COMPARISON.c
    approved = set(
        connection.execute(
            select(given.candidate).where(
                given.library == comparison.library, given.run == comparison.run
            )
        ).scalars()
    )
    connection.execute(
        delete(ID_COMPARISON).where(
            kept.library == comparison.library,
            kept.run == comparison.run,
            kept.candidate.not_in(approved),
        )
    )
    return approved


def _measured(comparison: IdComparison) -> dict[str, object]:
    found = comparison.id_stability
    return {
        "published_run": comparison.published_run,
        "published_ids": found.ids,
        "changed_ids": found.changed,
        "vanished_ids": found.vanished,
        "id_budget": comparison.budget.ids,
        "deletion_budget": comparison.budget.deletions,
        "is_within": comparison.is_within,
    }


def read_comparisons(
    engine: Engine, library: str | None = None, run: str | None = None
) -> list[IdComparison]:
    """Comparisons of all runs, or of a library, or of one run; oldest first."""
    table = ID_COMPARISON
    query = select(table)
    if library is not None:
        query = query.where(table.c.library == library)
    if run is not None:
        query = query.where(table.c.run == run)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(table.c.compared_at)).mappings().all()
        return [
            IdComparison(
                library=row["library"],
                run=row["run"],
                published_run=row["published_run"],
                id_stability=IdStability(
                    row["published_ids"],
                    _changes(connection, row["library"], row["run"], row["candidate"]),
                    _losses(connection, row["library"], row["run"], row["candidate"]),
                ),
                budget=Budget(row["id_budget"], row["deletion_budget"]),
                is_within=row["is_within"],
                candidate=row["candidate"],
            )
            for row in rows
        ]


def approve(engine: Engine, comparison: IdComparison, *, by: str, reason: str) -> None:
    """Approve this candidate, and no other."""
    with engine.begin() as connection:
        connection.execute(
            insert(ID_APPROVAL),
            {
                "library": comparison.library,
                "run": comparison.run,
                "candidate": comparison.candidate,
                "changed_ids": comparison.id_stability.changed,
                "approved_by": by,
                "reason": reason,
            },
        )


def read_approvals(engine: Engine, library: str, run: str | None = None) -> list[Approval]:
    """Approvals of a library, or of one run of it; oldest first."""
    table = ID_APPROVAL
    query = select(*record_columns(table, Approval)).where(table.c.library == library)
    if run is not None:
        query = query.where(table.c.run == run)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(table.c.id)).mappings()
        return [Approval(**row) for row in rows]


def is_approved(engine: Engine, comparison: IdComparison) -> bool:
    """Whether exactly this candidate is approved."""
    given = read_approvals(engine, comparison.library, comparison.run)
    return any(each.candidate == comparison.candidate for each in given)


def record_resolution(engine: Engine, resolution: ResolutionRecord) -> None:
    """Store how a run was resolved; a repeat replaces it."""
    names = [name for name in ResolutionRecord.__dataclass_fields__ if name != "resolved_at"]
    new = upsert(RESOLUTION).values({name: getattr(resolution, name) for name in names})
    changed = {name: new.excluded[name] for name in names if name not in ("library", "run")}
    with engine.begin() as connection:
        connection.execute(
            new.on_conflict_do_update(
                index_elements=["library", "run"], set_=changed | {"resolved_at": func.now()}
            )
        )


def read_resolutions(engine: Engine, library: str | None = None) -> list[ResolutionRecord]:
    """How each run was resolved, oldest first."""
    table = RESOLUTION
    query = select(*record_columns(table, ResolutionRecord))
    if library is not None:
        query = query.where(table.c.library == library)
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(table.c.resolved_at)).mappings()
        return [ResolutionRecord(**row) for row in rows]


def _changes(connection: Connection, library: str, run: str, candidate: str) -> Sequence[IdChange]:
    t = ID_CHANGE.c
    query = select(*record_columns(ID_CHANGE, IdChange)).where(
        t.library == library, t.run == run, t.candidate == candidate
    )
    rows = connection.execute(query.order_by(t.ids.desc(), t.kind, t.rule))
    return [IdChange(*row) for row in rows]


def _losses(connection: Connection, library: str, run: str, candidate: str) -> Sequence[SourceLoss]:
    t = ID_LOSS.c
    query = select(*record_columns(ID_LOSS, SourceLoss)).where(
        t.library == library, t.run == run, t.candidate == candidate
    )
    return [SourceLoss(*row) for row in connection.execute(query.order_by(t.source))]
