"""Publications of one library: what each changed, and which run waits for an approval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from pipelines.flows.desk.city import built_from
from pipelines.libraries import Library, load_library
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.settings import Settings
from pipelines.warehouse import PublicationRecord, connect, read_expectations, read_publications
from pipelines.warehouse.quality.id_changes import (
    Approval,
    IdComparison,
    is_approved,
    read_approvals,
    read_comparisons,
)
from pipelines.warehouse.quality.runs import content_run, restorable_runs

SHOWN = 30
_CHANGED = text("""
    SELECT change.publication, change.op, count(*) AS entities FROM serve.change AS change
    WHERE change.library = :library GROUP BY 1, 2
""")


@dataclass(frozen=True)
class PublicationView:
    """Everything on the page, newest first.

    ``changed``: publication to how many entities were created, changed, merged … by it.
    ``restorable``: runs to which it is possible to go back, the newest first. ``waiting``: the
    comparison of the last run, if that run is over its budget and nobody approved it.
    ``gate``: expectations of the last run that do not hold.
    """

    library: Library
    publications: Sequence[PublicationRecord]
    changed: Mapping[int, Mapping[str, int]]
    restorable: Sequence[str]
    comparison: IdComparison | None
    waiting: bool
    approvals: Sequence[Approval]
    built_from: Mapping[str, str | None]
    gate: Sequence[ExpectationOutcome]
    runs: Mapping[int, str]

    def run_of(self, publication: int) -> str:
        """The run of a publication, by its number."""
        return self.runs.get(publication, "")


def look_at_publications(settings: Settings, library_name: str) -> PublicationView:
    """What is known of a library's publications.

    Raises:
        UnknownLibrary: none is called so.
    """
    library = load_library(library_name)
    engine = connect(settings)
    try:
        return _view(settings, engine, library)
    finally:
        engine.dispose()


def _view(settings: Settings, engine: Engine, library: Library) -> PublicationView:
    published = read_publications(engine, library.name)
    compared = read_comparisons(engine, library.name)
    last = compared[-1] if compared else None
    over = last is not None and not last.is_within and not is_approved(engine, last)
    run = last.run if last else ""
    judged = read_expectations(engine, subject=library.name, run=run) if run else []
    return PublicationView(
        library,
        published[::-1][:SHOWN],
        _changed(engine, library),
        restorable_runs(published)[:SHOWN],
        last,
        over,
        read_approvals(engine, library.name)[::-1],
        built_from(settings, library, content_run(published)) if published else {},
        [one for one in judged if not one.success],
        {one.id: one.run for one in published},
    )


def _changed(engine: Engine, library: Library) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    with engine.connect() as connection:
        for number, op, entities in connection.execute(_CHANGED, {"library": library.name}):
            found.setdefault(number, {})[op] = entities
    return found
