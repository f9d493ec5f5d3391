"""Ask a person whether a run may be published, and keep the answer as every approval is kept."""

from dataclasses import dataclass

from sqlalchemy import Engine

from pipelines.flows.library.consequences.blast_radius import told_readers
from pipelines.flows.library.consequences.id_changes import approve_run, is_held
from pipelines.flows.shared.errors import AnotherCandidate
from pipelines.libraries import Library, load_library
from pipelines.report.approval import render_question
from pipelines.settings import Settings
from pipelines.warehouse import connect, read_publications
from pipelines.warehouse.quality.id_changes import IdComparison, is_approved, read_comparisons

_SHOWN = 16  # characters of a candidate's digest: enough to tell two results of a run apart


@dataclass(frozen=True)
class ApprovalQuestion:
    """What a person is asked. ``candidate``: which result of the run it is about."""

    library: str
    run: str
    candidate: str
    title: str
    text: str  # Markdown


def open_question(settings: Settings, library_name: str, run: str) -> ApprovalQuestion | None:
    """The question that this run of a library puts to people; None where it may be published.

    Raises:
        UnknownLibrary: none is called so.
    """
    library = load_library(library_name)
    warehouse = connect(settings)
    try:
        comparison = _waiting(warehouse, library, run)
        return _question(warehouse, library, comparison) if comparison else None
    finally:
        warehouse.dispose()


def approve_shown(
    settings: Settings, library_name: str, run: str, candidate: str, *, by: str, reason: str
) -> None:
    """Approve the result of a run that was shown, and no other one that took its place since.

    Args:
        settings: Of the site.
        library_name: Of the run.
        run: That waits.
        candidate: Digest of the result that was shown, or its first characters.
        by: Who answers for it.
        reason: Why the ids may change; kept for ever.

    Raises:
        AnotherCandidate: the run has come to another result since, or another run was compared.
    """
    library = load_library(library_name)
    warehouse = connect(settings)
    try:
        last = _last(warehouse, library)
    finally:
        warehouse.dispose()
    shown = candidate[:_SHOWN]
    if last is None or last.run != run or last.candidate[:_SHOWN] != shown or not shown:
        raise AnotherCandidate(f"{library.title} ({library.name})", run)
    approve_run(settings, run, by=by, reason=reason, library_name=library.name)


def _waiting(warehouse: Engine, library: Library, run: str) -> IdComparison | None:
    last = _last(warehouse, library)
    if last is None or last.run != run or last.is_within or is_approved(warehouse, last):
        return None
    return last


def _last(warehouse: Engine, library: Library) -> IdComparison | None:
    compared = read_comparisons(warehouse, library.name)
    return compared[-1] if compared else None


def _question(warehouse: Engine, library: Library, comparison: IdComparison) -> ApprovalQuestion:
    text = render_question(
        comparison.id_stability,
        comparison.budget,
        told_readers(warehouse, comparison),
        held=is_held(read_publications(warehouse, library.name)),
    )
    title = f"{library.title}：运行 {comparison.run} 等待批准（awaits approval）"
    return ApprovalQuestion(
        library.name, comparison.run, comparison.candidate[:_SHOWN], title, text
    )
