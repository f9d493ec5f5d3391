"""The whole job without Airflow: every source of the libraries, then the libraries themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipelines.contracts import Source
from pipelines.errors import BaselibError, GateClosed
from pipelines.flows.compare import compare
from pipelines.flows.delivery import check_mail, deliver
from pipelines.flows.digest import digest
from pipelines.flows.ingest import check, land, stage
from pipelines.flows.library import check_library, merge, publish, resolve
from pipelines.flows.reporting import report
from pipelines.flows.score import score, score_library
from pipelines.flows.tidy import tidy
from pipelines.flows.track import track
from pipelines.libraries import Library, libraries_in_order
from pipelines.settings import Settings

Announce = Callable[[str], None]


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
        settings: Where to work.
        libraries: In any order; each is built after those that it links to.
        sources: Of these libraries.
        batch: Batch of the sources, and run id of the libraries.
        announce: Told what begins, for a progress display.
    """
    outcome = RunOutcome()
    for source in sources:
        _ingest(settings, source, batch, announce, outcome)
    for library in libraries_in_order({library.name: library for library in libraries}):
        if any(source.library == library.name for source in sources):
            _build(settings, library.name, batch, announce, outcome)
    announce("deliver quality reports")
    _deliver(settings, outcome)
    return outcome


def _ingest(
    settings: Settings, source: Source, batch: str, announce: Announce, outcome: RunOutcome
) -> None:
    try:
        for verb in (land, stage):
            announce(f"{verb.__name__} {source.name}")
            verb(settings, source, batch)
    except BaselibError as failure:
        outcome.failures[source.name] = failure
        return
    # The owner hears of a batch that failed its gate, too: each is done whatever came of another.
    for follow in (check, score, track, report):
        try:
            announce(f"{follow.__name__} {source.name}")
            follow(settings, source, batch)
        except BaselibError as failure:
            outcome.failures.setdefault(source.name, failure)


def _deliver(settings: Settings, outcome: RunOutcome) -> None:
    try:
        digest(settings)
        deliver(settings)
        tidy(settings)
        check_mail(settings)
    except BaselibError as failure:
        outcome.failures["mail"] = failure


def _build(
    settings: Settings, library: str, run: str, announce: Announce, outcome: RunOutcome
) -> None:
    try:
        for verb in (resolve, merge, check_library, publish, compare, score_library):
            announce(f"{verb.__name__} {library}")
            verb(settings, library, run)
    except BaselibError as failure:
        outcome.failures[library] = failure


def exit_code(outcome: RunOutcome) -> int:
    """0 if all is done, 1 if only gates stopped something, 3 if an input was missing or broken."""
    if not outcome.failures:
        return 0
    gates = all(isinstance(error, GateClosed) for error in outcome.failures.values())
    return 1 if gates else 3
