"""Where a replay begins: with the first batch, or with the ledger that an erasure left.

What was before an erasure, or before batches were dropped because they had been kept long enough,
follows from raw no more. So the ledger and the published tables of that moment are taken as given.
"""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from pipelines.flows.shared.session import Session
from pipelines.libraries import Library, load_libraries
from pipelines.runtime.files import link_or_copy


def ledger_now(session: Session) -> dict[str, dict[str, Any]]:
    """Snapshot and properties of the tables with which a replay begins from now on."""
    found = {}
    for library in load_libraries().values():
        for name in _ledger_tables(library):
            snapshot = session.lake.snapshot_id(name)
            if snapshot is not None:
                by_batch = bool(session.lake.batches(name))
                properties = {} if by_batch else session.lake.properties(name, None)
                found[name] = {"snapshot": snapshot, "properties": properties}
    return found


def copy_ledger(session: Session, replay: Session, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the tables, as ``ledger_now`` named them, into the lake of a replay."""
    replay.settings.scratch_dir.mkdir(parents=True, exist_ok=True)
    for name, kept in tables.items():
        snapshot = int(kept["snapshot"])
        batches: list[str | None] = [*session.lake.batches(name, snapshot_id=snapshot)]
        for batch in batches or [None]:
            copies = []
            for file in session.lake.files(name, batch, snapshot_id=snapshot):
                copy = replay.settings.scratch_dir / f"{uuid4().hex}.parquet"
                copies.append(link_or_copy(file, copy))
            properties = kept["properties"]
            replay.lake.write_files(copies, name, batch=batch, properties=properties)


def _ledger_tables(library: Library) -> list[str]:
    """The tables of a library on which its next run stands."""
    entity = library.entity
    core = [f"core.{entity}{suffix}" for suffix in ("", "_source", "_redirect", "_identifier")]
    return [f"identity.{entity}_record", f"identity.{entity}_event", *core]
