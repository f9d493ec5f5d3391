"""Small worlds of records with a known truth, resolved together so that none may touch another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.identity import resolve
from pipelines.libraries import load_library

KEY = "k" * 32


@dataclass
class World:
    """Records by a short name, and which of them are one entity."""

    claim: str
    records: Mapping[str, Mapping[str, object]]
    entities: set[frozenset[str]]
    rules: Mapping[str, str] = field(default_factory=dict)


def same(*groups: str) -> set[frozenset[str]]:
    """One entity per argument: the names of its records."""
    return {frozenset(group.split()) for group in groups}


def plain(con, table):
    """The rows of a table that is in no order."""
    rows = con.to_pyarrow(table).to_pylist()
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def resolve_worlds(con, records_of, library_name: str, worlds: Sequence[World]):
    """Resolve all worlds at once; ``source_key`` is ``<place of the world>/<name>``."""
    rows = [
        {**row, "source_key": f"{place}/{name}"}
        for place, world in enumerate(worlds)
        for name, row in world.records.items()
    ]
    library = load_library(library_name)
    found = resolve(con, records_of(library, rows), library, key=KEY, run="run-1")
    return {
        "record": con.to_pyarrow(found.record).to_pylist(),
        "event": con.to_pyarrow(found.event).to_pylist(),
        "conflicting": con.to_pyarrow(found.conflicting).to_pylist(),
        "question": con.to_pyarrow(found.question).to_pylist(),
    }


def partition_and_rules(resolved, world: World, place: int):
    """The entities that have a record of this world, and the rule of each of its records."""
    parts: dict[str, set[str]] = {}
    rules = {}
    for row in resolved["record"]:
        at, name = row["source_key"].split("/")
        here = int(at) == place
        parts.setdefault(row["entity_id"], set()).add(name if here else f"{at}/{name}")
        if here:
            rules[name] = row["rule"]
    return {frozenset(part) for part in parts.values() if part & world.records.keys()}, rules


def ids_of(resolved) -> Mapping[str, str]:
    """Entity id by source key."""
    return {row["source_key"]: row["entity_id"] for row in resolved["record"]}
