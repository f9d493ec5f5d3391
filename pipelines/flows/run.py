"""``baselib run``, the whole job without Airflow: every source, then the libraries themselves.

What need not wait for one another is done side by side, by as many processes as the settings allow:
sources, and the comparison of a published library beside the building of the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipelines.contracts.source import Source
from pipelines.errors import BaselibError, GateClosed
from pipelines.flows.library.build import check_library, merge, publish, resolve
from pipelines.flows.library.compare import compare
from pipelines.flows.mail.deliver import check_mail, deliver
from pipelines.flows.mail.digest import digest
from pipelines.flows.mail.tidy import tidy
from pipelines.flows.source.ingest import check, land, stage
from pipelines.flows.source.report import report
from pipelines.flows.source.score import score, score_library
from pipelines.flows.source.track import track
from pipelines.libraries import Library, libraries_in_order
from pipelines.runtime.worker_pool import Announce, Part, announce_step, work_through
from pipelines.settings import Settings


@dataclass
class RunOutcome:
    """What could not be done: subject (source or library) to the error; the rest is done."""

    failures: dict[str, BaselibError] = field(default_factory=dict)


def run_libraries(
    settings: Settings,
    libraries: Sequence[Library],
    sources: Sequence[Source],
    batch: str,
    announce: Announce,
) -> RunOutcome:
    """Ingest every source, then build every library; a failure stops only what depends on it.

    Args:
        settings: Where to work, and how many jobs to do at once.
        libraries: In any order; each is built after those that it links to.
        sources: Of these libraries.
        batch: Batch of the sources, and run id of the libraries.
        announce: Told what begins, for a progress display.

    Raises:
        WorkerDied: a process was killed; a repeated run goes on from there.
    """
    outcome = RunOutcome()
    parts = _parts(settings, libraries, sources, batch)
    for part, failure in work_through(parts, settings.jobs, announce).items():
        outcome.failures.setdefault(part.split()[1], failure)
    announce("deliver quality reports")
    _deliver(settings, outcome)
    return outcome


def _parts(
    settings: Settings, libraries: Sequence[Library], sources: Sequence[Source], batch: str
) -> Mapping[str, Part]:
    """Building is most urgent, for other libraries wait for it; then sources, in that order."""
    fed = {source.library for source in sources}
    built = {library.name: library for library in libraries if library.name in fed}
    builds, ingests, compares = {}, {}, {}
    share = settings.shared_by(settings.jobs)
    # Of libraries there are few, and each waits for another: a processor is often free beside one.
    large = share.model_copy(update={"threads": settings.threads})
    for library in libraries_in_order(built):
        linked = {link.library for link in library.links} & built.keys()
        ours = [source for source in sources if source.library == library.name]
        before = {f"ingest {each.name}" for each in ours} | {f"build {name}" for name in linked}
        builds[f"build {library.name}"] = Part(partial(_build, large, library.name, batch), before)
        for source in ours:
            ingests[f"ingest {source.name}"] = Part(partial(_ingest, share, source, batch))
        compares[f"compare {library.name}"] = Part(
            partial(_compare, large, library.name, batch),
            after={f"compare {name}" for name in linked},  # which this one amends
            needs={f"build {library.name}"},
        )
    return builds | ingests | compares


def _ingest(settings: Settings, source: Source, batch: str) -> BaselibError | None:
    try:
        for verb in (land, stage):
            announce_step(f"{verb.__name__} {source.name}")
            verb(settings, source, batch)
    except BaselibError as failure:
        return failure
    # The owner hears of a batch that failed its gate, too: each is done whatever came of another.
    first: BaselibError | None = None
    for follow in (check, score, track, report):
        try:
            announce_step(f"{follow.__name__} {source.name}")
            follow(settings, source, batch)
        except BaselibError as failure:
            first = first or failure
    return first


def _build(settings: Settings, library: str, run: str) -> BaselibError | None:
    return _in_turn((resolve, merge, check_library, publish), settings, library, run)


def _compare(settings: Settings, library: str, run: str) -> BaselibError | None:
    return _in_turn((compare, score_library), settings, library, run)


def _in_turn(
    verbs: Sequence[Callable[[Settings, str, str], object]],
    settings: Settings,
    library: str,
    run: str,
) -> BaselibError | None:
    for verb in verbs:
        announce_step(f"{verb.__name__} {library}")
        try:
            verb(settings, library, run)
        except BaselibError as failure:
            return failure
    return None


def _deliver(settings: Settings, outcome: RunOutcome) -> None:
    try:
        digest(settings)
        deliver(settings)
        tidy(settings)
        check_mail(settings)
    except BaselibError as failure:
        outcome.failures["mail"] = failure


def exit_code(outcome: RunOutcome) -> int:
    """0 if all is done, 1 if only gates stopped something, 3 if an input was missing or broken."""
    if not outcome.failures:
        return 0
    gates = all(isinstance(error, GateClosed) for error in outcome.failures.values())
    return 1 if gates else 3
