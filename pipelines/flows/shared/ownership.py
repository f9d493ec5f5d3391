"""A run owns what it made: ledger, candidates and publication are of one run, and no other's.

Each of them is one table per library, which the next run replaces. A verb of an older run that is
started again, cleared in Airflow say, would find what a newer one left there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pipelines.contracts.source import Source
from pipelines.errors import MadeByAnotherRun, TableMissing
from pipelines.flows.shared.session import Session
from pipelines.lake.lock import work_lock
from pipelines.libraries import Library, libraries_linking_to


@contextmanager
def working_on(session: Session, subject: Source | Library) -> Iterator[None]:
    """One verb of a source or library at a time, whoever started it; the second waits."""
    kind = "library" if isinstance(subject, Library) else "source"
    with work_lock(session.lake.catalog.engine, f"{kind} {subject.name}"):
        yield


def refuse_ledger_of_another(session: Session, library: Library, run: str) -> None:
    """Go on only if the identity ledger is of this run.

    Raises:
        TableMissing: the library was never resolved.
        MadeByAnotherRun: another run resolved it since.
    """
    _refuse_another(session, library, run, [f"identity.{library.entity}_record"])


def refuse_candidates_of_another(session: Session, library: Library, run: str) -> None:
    """Go on only if ledger and candidates are of this run; raises as for the ledger."""
    refuse_ledger_of_another(session, library, run)
    suffixes = ["", "_source", *(["_identifier"] if libraries_linking_to(library.name) else [])]
    tables = [f"candidate.{library.entity}{suffix}" for suffix in suffixes]
    _refuse_another(session, library, run, tables)


def refuse_publication_of_another(session: Session, library: Library, run: str) -> None:
    """Go on only if what is published is of this run; raises as for the ledger."""
    _refuse_another(session, library, run, [f"core.{library.entity}"])


def _refuse_another(session: Session, library: Library, run: str, tables: Sequence[str]) -> None:
    for table in tables:
        if not session.lake.has(table):
            raise TableMissing(table, None)
        owner = session.lake.owner(table)
        if owner != run:
            raise MadeByAnotherRun(f"{library.title} ({library.name})", run, table, owner)
