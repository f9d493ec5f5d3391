"""Whether a run resolves everything or only what changed: decided here, and kept with the run.

An increment stands on what the last run left, and is made only where that is certain to be what a
full run would have left: same declaration, model and code, and no table touched since.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path

import ibis.expr.types as ir

import pipelines.resolve
from pipelines.flows.ledger import ledger_before
from pipelines.flows.workplace import Workplace, identity_key
from pipelines.libraries import Library
from pipelines.resolve.conclusion import Resolved
from pipelines.resolve.increment import Before, resolve_increment
from pipelines.resolve.model import model_digest
from pipelines.resolve.resolve import resolve
from pipelines.warehouse.survival import ResolutionRecord, read_resolutions, record_resolution

STATE_TABLES = ("record", "index")
FIRST_RUN = "first_run"
SMALL = "small_enough_to_be_resolved_whole"
NO_INDEX = "last_run_left_no_index"
REPEATED = "run_is_repeated"
OTHER_RULES = "declaration_model_or_code_changed"
OTHER_STATE = "ledger_is_not_as_the_last_run_left_it"
TOO_MUCH = "too_much_changed"
AS_IT_WAS = "same_rules_and_few_changes"


@dataclass(frozen=True)
class Resolution:
    """What a run found, what it stood on, and how it went about it.

    ``events``: those of all earlier runs, or None.
    """

    resolved: Resolved
    events: ir.Table | None
    record: ResolutionRecord


def resolve_run(
    place: Workplace, library: Library, run: str, records: ir.Table, decisions: ir.Table | None
) -> Resolution:
    """Resolve in full, or only what changed since the last run where that gives the same."""
    previous, events = ledger_before(place, library, run)
    told = ResolutionRecord(library.name, run, "full", "", 0, None, 0, rules_digest(library))
    key = identity_key(place.settings)
    last = next(reversed(read_resolutions(place.warehouse, library.name)), None)
    is_small = _count(place, records) < place.settings.increments_from
    why_full = _why_full(place, library, run, last, is_small=is_small)
    if why_full is None and last and previous is not None and events is not None:
        index = place.lake.read(place.con, f"identity.{library.entity}_index")
        before = Before(previous, events, index)
        part = resolve_increment(
            place.con, records, library, before, key=key, run=run, decisions=decisions
        )
        if part is not None:
            told = replace(
                told,
                mode="increment",
                reason=AS_IT_WAS,
                records=_count(place, part.resolved.record),
                changed=part.changed,
                looked_at=part.looked_at,
            )
            return Resolution(part.resolved, events, told)
        why_full = TOO_MUCH
    resolved = resolve(
        place.con,
        records,
        library,
        key=key,
        run=run,
        previous=previous,
        events=events,
        decisions=decisions,
        indexed=not is_small,
    )
    count = _count(place, resolved.record)
    told = replace(told, reason=why_full or FIRST_RUN, records=count, looked_at=count)
    return Resolution(resolved, events, told)


def note_resolution(place: Workplace, library: Library, resolution: Resolution) -> None:
    """Keep how the run was resolved, once its ledger is written: the next one may stand on it.

    It may not where there are few records, for then the index is none of this run's.
    """
    indexed = resolution.resolved.index is not None
    state = _state_digest(place, library) if indexed else ""
    record_resolution(place.warehouse, replace(resolution.record, state=state))


def rules_digest(library: Library) -> str:
    """Changes when anything does that decides who is who: declaration, model, code, engine."""
    parts = (repr(library), model_digest(library), _code_digest(), version("duckdb"))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


@cache
def _code_digest() -> str:
    (folder,) = pipelines.resolve.__path__
    files = sorted(Path(folder).rglob("*.py"))
    return hashlib.sha256(b"\x1f".join(file.read_bytes() for file in files)).hexdigest()


def _why_full(
    place: Workplace, library: Library, run: str, last: ResolutionRecord | None, *, is_small: bool
) -> str | None:
    table = f"identity.{library.entity}_record"
    if last is None or not place.lake.has(table):
        return FIRST_RUN
    if is_small:
        return SMALL
    if run in (last.run, place.lake.properties(table, None)["run"]):
        return REPEATED
    if last.rules != rules_digest(library):
        return OTHER_RULES
    if not last.state:
        return NO_INDEX
    return None if last.state == _state_digest(place, library) else OTHER_STATE


def _state_digest(place: Workplace, library: Library) -> str:
    """Of the tables that an increment stands on; files in the lake are named by their content."""
    names = [
        file.name
        for table in STATE_TABLES
        if place.lake.has(f"identity.{library.entity}_{table}")
        for file in place.lake.files(f"identity.{library.entity}_{table}")
    ]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _count(place: Workplace, table: ir.Table) -> int:
    return int(place.con.execute(table.count()))
