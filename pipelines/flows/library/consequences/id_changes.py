"""Id stability gate: which published ids a run would change, and whether its budget allows it.

Compared are the record-to-entity tables of the last publication and of the candidate.
"""

import hashlib
import logging
from collections.abc import Sequence

from pipelines.flows.library.consequences.blast_radius import note_readers, told_readers
from pipelines.flows.shared.errors import IdBudgetExceeded, NothingToApprove
from pipelines.flows.shared.run_inputs import published_crosswalk
from pipelines.flows.shared.session import Session, open_session
from pipelines.identity.ids.id_changes import Budget, IdStability, changed_ids, id_stability
from pipelines.libraries import Library, load_libraries, load_library
from pipelines.settings import Settings
from pipelines.warehouse import PublicationRecord, read_publications
from pipelines.warehouse.quality.id_changes import (
    IdComparison,
    approve,
    is_approved,
    read_comparisons,
    record_comparison,
)

log = logging.getLogger(__name__)


def budget_of(settings: Settings, library: Library) -> Budget:
    """The site's own budget where the settings have one, else the library's."""
    declared = library.identity
    ids, deletions = settings.id_budget, settings.deletion_budget
    return Budget(
        declared.id_budget if ids is None else ids,
        declared.deletion_budget if deletions is None else deletions,
    )


def compare_with_published(session: Session, library: Library, run: str) -> IdComparison:
    """Count what the candidate would do to the published ids, and keep it in ``quality.id_*``."""
    budget = budget_of(session.settings, library)
    published = published_crosswalk(session, library)
    found = IdStability(0, (), ())
    ids: list[str] = []
    if published is not None:
        candidate = session.lake.read(session.con, f"candidate.{library.entity}_source")
        events = session.lake.read(session.con, f"identity.{library.entity}_event")
        changed = changed_ids(session.con, published, candidate, events)
        found = id_stability(session.con, published, candidate, changed)
        ids = session.con.to_pyarrow(changed.entity_id).to_pylist() if found.changes else []
    last = read_publications(session.warehouse, library.name)
    comparison = IdComparison(
        library=library.name,
        run=run,
        published_run=last[-1].run if last else None,
        id_stability=found,
        budget=budget,
        is_within=budget.allows(found) and not is_held(last),
        candidate=_digest(session, library),
    )
    record_comparison(session.warehouse, comparison)
    note_readers(session, comparison, ids)
    log.info(
        "%s, run %s: of %d published ids %d would change and %d would vanish",
        library.name,
        run,
        found.ids,
        found.changed,
        found.vanished,
    )
    return comparison


def is_held(publications: Sequence[PublicationRecord]) -> bool:
    """Whether somebody went back to an earlier publication, and the next one has to be approved.

    What made him do so may still be in sources, contracts or decisions.
    """
    return bool(publications) and publications[-1].restores is not None


def refuse_over_budget(session: Session, library: Library, comparison: IdComparison) -> None:
    """Stop a run that is over its budget and that nobody approved as it is.

    Raises:
        IdBudgetExceeded: with numbers, rules, and how to approve.
    """
    if comparison.is_within or is_approved(session.warehouse, comparison):
        return
    found = comparison.id_stability
    raise IdBudgetExceeded(
        f"{library.title} ({library.name}), run {comparison.run}",
        library.name,
        comparison.run,
        found.changed,
        found.ids,
        comparison.budget.ids,
        [f"{each.kind}: {each.ids:,} ids by {each.rule}" for each in found.changes],
        [
            f"{loss.source}: {loss.gone:,} of {loss.records:,} published records are gone "
            f"({loss.share:.1%}; the budget is {comparison.budget.deletions:.1%})"
            for loss in comparison.budget.excessive(found)
        ],
        told_readers(session.warehouse, comparison),
        is_held(read_publications(session.warehouse, library.name)),
    )


def refuse_unapproved(session: Session, library: Library, run: str) -> None:
    """Stop the publication of a run whose comparison said no; raises as ``refuse_over_budget``."""
    for comparison in read_comparisons(session.warehouse, library.name, run):
        if comparison.candidate == _digest(session, library):
            refuse_over_budget(session, library, comparison)


def approve_run(
    settings: Settings, run: str, *, by: str, reason: str, library_name: str | None = None
) -> list[IdComparison]:
    """Let exactly this run pass, as it was compared; kept in ``quality.id_approval``.

    Returns:
        What was approved: the comparisons of the run, of one library or of all, over budget.

    Raises:
        NothingToApprove: there is none.
        UnknownLibrary: no library is called so.
    """
    names = [load_library(library_name).name] if library_name else list(load_libraries())
    with open_session(settings) as session:
        # of each library the run as it came out last: what was approved before stays, too
        last = {each.library: each for each in read_comparisons(session.warehouse, run=run)}
        over = [
            comparison
            for comparison in last.values()
            if comparison.library in names and not comparison.is_within
        ]
        if not over:
            raise NothingToApprove(run)
        for comparison in over:
            if not is_approved(session.warehouse, comparison):
                approve(session.warehouse, comparison, by=by, reason=reason)
    return over


def _digest(session: Session, library: Library) -> str:
    """Of the candidate's record-to-entity table; files in the lake are named by their content."""
    files = session.lake.files(f"candidate.{library.entity}_source")
    return hashlib.sha256("\n".join(file.name for file in files).encode()).hexdigest()
