"""Whether a run of a library would come to what its last one came to.

Everything that a run depends on has one digest: rows of its sources, people's decisions and
disputes, declarations, code, settings, and the libraries that it refers to. A run notes it when it
begins, and that it is finished when it has been compared and scored. The next run with the same
digest has nothing to do, as long as nothing of what the last one made was lost.
"""

import json
import logging
from collections.abc import Mapping, Sequence

from pipelines.batch import batch_key
from pipelines.contracts import load_sources
from pipelines.contracts.source import Source
from pipelines.flows.library.lacks import lacks_of
from pipelines.flows.shared.judged_by import code_digest, contract_text, digest_of
from pipelines.flows.shared.session import Session, open_session
from pipelines.identity.scores.model import model_digest
from pipelines.libraries import Library, libraries_in_order, load_libraries, load_library
from pipelines.settings import Settings
from pipelines.warehouse import read_batches, read_passed_over_batches
from pipelines.warehouse.people.decisions import read_decisions
from pipelines.warehouse.people.disputes import disputed_values
from pipelines.warehouse.quality.equal_batches import read_equal_batches
from pipelines.warehouse.quality.library_inputs import begin_library_run, read_library_inputs

log = logging.getLogger(__name__)
_SETTINGS = ("id_budget", "deletion_budget")
_MADE = ("identity", "candidate", "core")
_SUFFIXES = (
    *("source", "redirect", "identifier", "record", "event", "dispute", "question"),
    *("input", "decision", "finding", "agreement"),
)


def library_is_unchanged(settings: Settings, library_name: str, run: str) -> bool:
    """Whether this run of the library has nothing to do."""
    with open_session(settings, keeps_sql=True) as session:
        return is_unchanged(session, load_library(library_name), run)


def is_unchanged(session: Session, library: Library, run: str) -> bool:
    """As ``library_is_unchanged``, in a session that is open."""
    last = read_library_inputs(session.warehouse).get(library.name)
    if session.settings.always_rebuild or last is None or last.finished_at is None:
        return False
    same = last.digest == input_digest(session, library)
    if unchanged := same and not _has_lost_files(session, library):
        log.info("%s, run %s: nothing has changed since run %s", library.name, run, last.run)
    return unchanged


def note_run(session: Session, library: Library, run: str) -> None:
    """Note what a run that begins depends on; it is not finished."""
    begin_library_run(session.warehouse, library.name, run, input_digest(session, library))


def input_digest(session: Session, library: Library) -> str:
    """Of everything that a run of the library depends on, now."""
    sources = [s for s in load_sources(session.settings).values() if s.library == library.name]
    return digest_of(
        code_digest(),
        repr(library),
        model_digest(library),
        *(contract_text(source) for source in sources),
        *(str(getattr(session.settings, name)) for name in _SETTINGS),
        json.dumps(_rows_of(session, sources)),
        repr(read_decisions(session.warehouse, library.name)),
        repr(sorted(map(repr, disputed_values(session.warehouse, library)))),
        repr([(each.source, each.state) for each in lacks_of(session, library)]),
        *_others(session, library),
    )


def _rows_of(session: Session, sources: Sequence[Source]) -> Sequence[object]:
    """Files of every batch that is read, and in which order batches of the sources came.

    Not when: a later delivery of the same rows makes no difference, unless it is later than another
    source's, for of two values the newer one stands.
    """
    named = {source.name: _batches(session, source) for source in sources}
    days = {batch_key(batch) for batches in named.values() for batch in batches}
    place = {day: number for number, day in enumerate(sorted(days))}
    return [
        (source, place[batch_key(batch)], files)
        for source, batches in sorted(named.items())
        for batch, files in sorted(batches.items())
    ]


def _batches(session: Session, source: Source) -> Mapping[str, Sequence[str]]:
    """Batches that are read, by the last name under which they came, with the names of files.

    Files of the lake are named by their content. An increment without rows says nothing.
    """
    table = f"staged.{source.name}"
    passed_over = read_passed_over_batches(session.warehouse, source.name)
    if source.delivery == "delta":
        records = read_batches(session.warehouse, source.name)
        passed_over |= {each.batch for each in records if each.staged == 0}
    latest: dict[str, str] = {}
    equal = read_equal_batches(session.warehouse, source.name)
    for batch in sorted(equal, key=batch_key):
        latest[equal[batch]] = batch
    read = [batch for batch in session.lake.batches(table) if batch not in passed_over]
    return {
        latest.get(batch, batch): [file.name for file in session.lake.files(table, batch)]
        for batch in read
    }


def _others(session: Session, library: Library) -> Sequence[str]:
    """What is published of the libraries that this one refers to or is judged by."""
    noted = read_library_inputs(session.warehouse)
    ordered = libraries_in_order(load_libraries())
    before = ordered[: ordered.index(library)]
    wanted = {link.library for link in library.links}
    wanted |= {name for one in library.contradictions for name in (*one.needs, *one.sees)}
    parts = []
    for other in before:
        if other.name in wanted:
            digest = noted[other.name].digest if other.name in noted else ""
            snapshot = session.lake.snapshot_id(f"core.{other.entity}")
            parts.append(f"{other.name} {digest} {snapshot}")
    return parts


def _has_lost_files(session: Session, library: Library) -> bool:
    names = {library.entity, *(f"{library.entity}_{suffix}" for suffix in _SUFFIXES)}
    every = (table for table in session.lake.tables() if table.partition(".")[0] in _MADE)
    ours = [table for table in every if table.partition(".")[2] in names]
    return not ours or any(session.lake.lost_files(table) for table in ours)
