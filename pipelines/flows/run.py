"""``baselib run``, the whole job without Airflow: every source, then the libraries themselves.

What need not wait for one another is done side by side, by as many processes as the settings allow:
sources, and the comparison of a published library beside the building of the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipelines.contracts.source import Source
from pipelines.errors import BaselibError, DatabaseLost, GateClosed
from pipelines.flows.erasure.retention import expire
from pipelines.flows.library.build import check_library, merge, publish, resolve
from pipelines.flows.library.compare import compare
from pipelines.flows.library.unchanged import library_is_unchanged
from pipelines.flows.mail.deliver import check_mail, deliver
from pipelines.flows.mail.digest import digest
from pipelines.flows.mail.tidy import tidy
from pipelines.flows.source.ingest import check, land, stage
from pipelines.flows.source.report.write import report
from pipelines.flows.source.score import score, score_library
from pipelines.flows.source.track import track
from pipelines.flows.source.unchanged import what_to_tell
from pipelines.libraries import Library, libraries_in_order, libraries_linking_to
from pipelines.runtime.faults import explain_error
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

    Returns:
        What could not be done and why; whoever is killed or fails takes along what needs it only.
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
    builds, ingests, compares, reports = {}, {}, {}, {}
    share = settings.shared_by(settings.jobs)
    # Of libraries there are few, and each waits for another: a processor is often free beside one.
    large = share.model_copy(update={"threads": settings.threads})
    for library in libraries_in_order(built):
        linked = {link.library for link in library.links} & built.keys()
        linking = {each.name for each in libraries_linking_to(library.name)} & built.keys()
        ours = [source for source in sources if source.library == library.name]
        before = {f"ingest {each.name}" for each in ours} | {f"build {name}" for name in linked}
        builds[f"build {library.name}"] = Part(partial(_build, large, library.name, batch), before)
        for source in ours:
            ingests[f"ingest {source.name}"] = Part(partial(_ingest, share, source, batch))
            # After the comparisons that say something of it, so that a mail tells of today's
            # disagreements; an owner hears of his batch whatever became of the libraries.
            reports[f"report {source.name}"] = Part(
                partial(_report, share, source, batch),
                after={f"ingest {source.name}", f"compare {library.name}"}
                | {f"compare {each}" for each in linking},
            )
        compares[f"compare {library.name}"] = Part(
            partial(_compare, large, library.name, batch),
            after={f"compare {name}" for name in linked},  # which this one amends
            needs={f"build {library.name}"},
        )
    return builds | ingests | compares | reports


def _ingest(settings: Settings, source: Source, batch: str) -> BaselibError | None:
    landed, failure = _attempt(land, settings, source.name, source, batch)
    if failure or getattr(landed, "unchanged", False):
        return failure  # all that would follow is known: the day ends here for this source
    _, failure = _attempt(stage, settings, source.name, source, batch)
    return failure or _whatever_fails((check, score, track), settings, source, batch)


def _report(settings: Settings, source: Source, batch: str) -> BaselibError | None:
    """Follow the issues again, for those that only the library shows, and write to the owner.

    Of a batch that says what the last one said, only if a comparison has brought news.
    """
    left, failure = _attempt(what_to_tell, settings, source.name, source, batch)
    if failure or left == "nothing":
        return failure
    if left == "news":
        tracked, failure = _attempt(track, settings, source.name, source, batch)
        if failure or not getattr(tracked, "has_news", True):
            return failure
        return _whatever_fails((report,), settings, source, batch)
    return _whatever_fails((track, report), settings, source, batch)


def _whatever_fails(
    verbs: Sequence[Callable[[Settings, Source, str], object]],
    settings: Settings,
    source: Source,
    batch: str,
) -> BaselibError | None:
    """Each verb, for the owner hears of a batch that failed its gate, too; the first failure."""
    failures = [_attempt(verb, settings, source.name, source, batch)[1] for verb in verbs]
    return next((failure for failure in failures if failure), None)


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
    """Each verb until one fails; none where the last run came to what this one would come to."""
    unchanged, failure = _attempt(library_is_unchanged, settings, library, library, run)
    if unchanged or failure:
        return failure
    for verb in verbs:
        _, failure = _attempt(verb, settings, library, library, run)
        if failure:
            return failure
    return None


def _attempt(
    verb: Callable[..., object], settings: Settings, subject: str, *about: Source | str
) -> tuple[object, BaselibError | None]:
    """Run one verb; whatever it raises ends this verb and what depends on it, and nothing else.

    Answers what it came to, and why it failed.
    """
    announce_step(f"{verb.__name__} {subject}")
    return _tried_again(
        verb, settings, *about, doing=f"{subject}, batch {about[-1]}, {verb.__name__}"
    )


def _tried_again(
    verb: Callable[..., object], settings: Settings, *about: Source | str, doing: str
) -> tuple[object, BaselibError | None]:
    """Every verb is idempotent, so one that lost its database is tried once more.

    The embedded server is started again by whoever needs it next. A message that was handed over
    when the database went is in doubt, and is not sent again.
    """
    failure: BaselibError | None = None
    for _ in range(2):
        try:
            return verb(settings, *about), None
        except Exception as error:  # noqa: BLE001 - the one place where an unexpected error may end
            failure = explain_error(error, doing, settings.home)
            if not isinstance(failure, DatabaseLost):
                break
    return None, failure


def _deliver(settings: Settings, outcome: RunOutcome) -> None:
    for verb in (digest, deliver, tidy, expire, check_mail):
        failure = _tried_again(verb, settings, doing=f"mail, {verb.__name__}")[1]
        if failure:
            outcome.failures["mail"] = failure
            return


def exit_code(outcome: RunOutcome) -> int:
    """0 if all is done, 1 if only gates stopped something, 3 if anything else did."""
    if not outcome.failures:
        return 0
    gates = all(isinstance(error, GateClosed) for error in outcome.failures.values())
    return 1 if gates else 3
