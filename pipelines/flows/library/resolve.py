"""Resolve a run, and keep the digest of its rules: a replay by other rules proves nothing."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import ibis.expr.types as ir

import pipelines
from pipelines.flows.shared.identity_ledger import ledger_before
from pipelines.flows.shared.session import Session
from pipelines.flows.shared.site_keys import identity_key
from pipelines.identity.resolve import Resolved, resolve
from pipelines.identity.scores.model import model_digest
from pipelines.libraries import Library
from pipelines.warehouse.quality.id_changes import ResolutionRecord


@dataclass(frozen=True)
class Resolution:
    """What a run found, what it stood on, and what ``quality.resolution`` keeps of it.

    ``events``: those of all earlier runs, or None.
    """

    resolved: Resolved
    events: ir.Table | None
    record: ResolutionRecord


def resolve_run(
    session: Session, library: Library, run: str, records: ir.Table, decisions: ir.Table | None
) -> Resolution:
    """Resolve all records, on the ledger of the runs before."""
    previous, events = ledger_before(session, library, run)
    resolved = resolve(
        session.con,
        records,
        library,
        key=identity_key(session.settings),
        run=run,
        previous=previous,
        events=events,
        decisions=decisions,
    )
    count = int(session.con.execute(resolved.record.count()))
    record = ResolutionRecord(library.name, run, count, rules_digest(library))
    return Resolution(resolved, events, record)


def rules_digest(library: Library) -> str:
    """Changes when anything does that decides who is who: declaration, model, code, engine."""
    parts = (repr(library), model_digest(library), _code_digest(), version("duckdb"))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@cache
def _code_digest() -> str:
    """Of the modules that decide who is who; not of clerical review, which only asks."""
    (root,) = map(Path, pipelines.__path__)
    files = [
        *(root / "identity").rglob("*.py"),
        *(root / "compare").rglob("*.py"),
        root / "records.py",
    ]
    deciding = sorted(file for file in files if "review" not in file.relative_to(root).parts)
    return hashlib.sha256(b"\x1f".join(file.read_bytes() for file in deciding)).hexdigest()
