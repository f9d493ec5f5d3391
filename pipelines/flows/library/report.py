"""Reports of a library's sources, when its comparison is known.

What an owner reads of his batch should hold minutes later, too: where his records disagree with
others is known only when the library has been built from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.batch import batch_key
from pipelines.contracts import usable_sources
from pipelines.contracts.source import Source
from pipelines.errors import BaselibError
from pipelines.flows.shared.results import LibraryReportResult
from pipelines.flows.shared.run_inputs import inputs_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.source.report.write import report
from pipelines.flows.source.track import track
from pipelines.flows.source.unchanged import ToTell, left_to_tell
from pipelines.libraries import Library, load_library
from pipelines.settings import Settings
from pipelines.warehouse import read_batches, read_stopped_batches, read_told
from pipelines.warehouse.quality.equal_batches import read_equal_batches


@dataclass(frozen=True)
class _ToTell:
    """What is left to tell of a source: its newest batch, why, and the batches that wait."""

    source: Source
    newest: str
    left: ToTell
    waiting: Sequence[str]


def report_library(settings: Settings, library_name: str, run: str) -> LibraryReportResult:
    """Follow the issues of a library's sources again, and write the mails that waited for it.

    Whatever became of the run: an owner hears of his batch though the library was not published. A
    batch that came too late to be read by the run waits for the next one. Sources of the libraries
    that this one points to are followed, too, for its comparison says something of their records.

    Raises:
        BaselibError: the first of what went wrong; everything else is done.
    """
    library = load_library(library_name)
    with open_session(settings) as session:
        left = _left(session, library, run)
    messages, batches, failures = 0, 0, list[BaselibError]()
    for each in left:
        try:
            tracked = track(settings, each.source, each.newest)
        except BaselibError as failed:
            failures.append(failed)
            tracked = None
        due = list(each.waiting)
        if each.left == "news" and tracked is not None and tracked.has_news:
            due.append(each.newest)
        for batch in due:
            try:
                messages += report(settings, each.source, batch).messages
            except BaselibError as failed:
                failures.append(failed)
        batches += len(due)
    if failures:
        raise failures[0]
    return LibraryReportResult(library.name, run, batches, messages)


def has_something_to_tell(session: Session, library: Library, run: str) -> bool:
    """Whether ``report_library`` would follow or write anything."""
    return bool(_left(session, library, run))


def _left(session: Session, library: Library, run: str) -> Sequence[_ToTell]:
    """Sources of which something is left to tell: those of the library, then of linked ones."""
    seen = _batches_read(session, library, run)
    linked = {link.library for link in library.links} - {library.name}
    usable = usable_sources(session.settings).values()
    every = [
        _to_tell(session, source, seen, own=source.library == library.name)
        for source in sorted(usable, key=lambda one: one.library != library.name)
        if source.library == library.name or source.library in linked
    ]
    return [each for each in every if each is not None]


def _to_tell(
    session: Session, source: Source, seen: set[tuple[str, str]] | None, *, own: bool
) -> _ToTell | None:
    counted = _counted(session, source)
    if not counted:
        return None
    left = left_to_tell(session, source, counted[-1])
    waiting = _waiting(session, source, counted, seen) if own else ()
    if left == "nothing":
        return None
    return _ToTell(source, counted[-1], left, waiting)


def _batches_read(session: Session, library: Library, run: str) -> set[tuple[str, str]] | None:
    """Source and batch of everything that the run read; None: it ended before it read anything."""
    if not session.lake.has(f"identity.{library.entity}_input", run):
        return None
    inputs = inputs_of_run(session, library, run)
    return {(row["source"], batch) for row in inputs for batch in row["batches"]}


def _counted(session: Session, source: Source) -> Sequence[str]:
    """Staged batches of a source that no gate stopped, oldest first."""
    stopped = read_stopped_batches(session.warehouse, source.name)
    staged = [
        each.batch
        for each in read_batches(session.warehouse, source.name)
        if each.staged is not None
    ]
    return sorted((batch for batch in staged if batch not in stopped), key=batch_key)


def _waiting(
    session: Session, source: Source, counted: Sequence[str], seen: set[tuple[str, str]] | None
) -> Sequence[str]:
    """Batches that are newer than what was told: of a snapshot the latest, of a delta each."""
    told = max(
        (batch_key(each.batch) for each in read_told(session.warehouse, source.name)), default=""
    )
    equal = read_equal_batches(session.warehouse, source.name)  # told of where there is news
    new = [
        batch
        for batch in counted
        if batch_key(batch) > told
        and batch not in equal
        and (seen is None or (source.name, batch) in seen)
    ]
    return new[-1:] if source.delivery == "snapshot" else new
