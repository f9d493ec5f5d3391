"""Resolve a year run by run, and follow every id that was ever given."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from benchmarks.identity.year.life import Key, Life, begin, live, rows
from pipelines.identity import resolve
from pipelines.identity.ids.redirects import current_ids
from pipelines.libraries import load_library
from pipelines.records import LINEAGE

SECRET = "benchmark-of-identity-not-a-secret"


@dataclass(frozen=True)
class Year:
    """What became of the ids.

    ``first``: ids of the first run; ``kept``: those of them that are still in force for the same
    person. ``given``: ids ever given; ``ended``: those that are no entity's any more and whose
    records are still there; ``resolved``: those of them that lead to an entity, ``right`` to that
    of the person whose id it was. ``merges``: pairs of persons that shared an entity after a run;
    ``stayed``: those that do after the last.
    """

    happened: Mapping[str, int]
    runs: int
    first: int
    kept: int
    given: int
    ended: int
    resolved: int
    right: int
    merges: int
    stayed: int

    def as_markdown(self) -> str:
        """A table, with the events before it."""
        events = ", ".join(f"{kind} {n}" for kind, n in sorted(self.happened.items()))
        figures = {
            "ids of the first day": self.first,
            "… in force for the same person after the year": self.kept,
            "ids ever given": self.given,
            "… that ended, with records that are still there": self.ended,
            "… … and lead to an entity": self.resolved,
            "… … to that of the same person": self.right,
            "pairs of persons that shared an entity after some run": self.merges,
            "… and still do after the last": self.stayed,
        }
        lines = ["| | |", "|---|--:|", *(f"| {name} | {n:,} |" for name, n in figures.items())]
        return f"{self.runs} runs; {events}.\n\n" + "\n".join(lines)


def a_year(persons: int, days: int, every: int, seed: int) -> Year:
    """Live through so many working days and resolve after each ``every``."""
    con = ibis.duckdb.connect(threads=2)
    life, coming = begin(persons, seed)
    past: list[pa.Table] = []  # the ledger, and all events
    owners: dict[str, Counter[int]] = defaultdict(Counter)
    shared: set[tuple[int, int]] = set()
    first: dict[str, int] = {}
    found: dict[str, Counter[int]] = {}
    days_of_runs = [day for day in range(days + 1) if day % every == 0 or day == days]
    for day in range(days + 1):
        if day:
            live(life, coming, day)
        if day not in days_of_runs:
            continue
        past = _run(con, life, day, past)
        found = _entities(life, past[0])
        shared |= {pair for people in found.values() for pair in _pairs(people)}
        for entity, people in found.items():
            owners[entity] += people
        first = first or {entity: _owner(people) for entity, people in found.items()}
    events = ibis.memtable(past[1])
    alive = ibis.memtable({"entity_id": list(found)})
    leads = con.to_pyarrow(current_ids(con, events, alive)).to_pylist()
    to = {row["entity_id"]: row["current_id"] for row in leads}
    return _counted(life, len(days_of_runs), first, owners, found, shared, to)


def _run(con: Backend, life: Life, day: int, past: list[pa.Table]) -> list[pa.Table]:
    """The ledger and all events after a run over the records of the day."""
    library = load_library("population")
    schema = {**LINEAGE, **library.record_columns}
    today = rows(life)
    columns = {name: pa.array([_text(row.get(name)) for row in today], pa.string())
               for name in schema}  # fmt: skip
    previous, events = (ibis.memtable(table) for table in past) if past else (None, None)
    made = resolve(
        con, ibis.memtable(pa.table(columns)).cast(schema), library,
        key=SECRET, run=f"day-{day:03d}", previous=previous, events=events,
    )  # fmt: skip
    told = con.to_pyarrow(made.event)
    return [con.to_pyarrow(made.record), pa.concat_tables([past[1], told]) if past else told]


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _entities(life: Life, ledger: pa.Table) -> dict[str, Counter[int]]:
    """Per entity, whose records it has."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for row in ledger.to_pylist():
        key: Key = (row["source"], row["source_key"])
        found[row["entity_id"]][life.whose[key]] += 1
    return found


def _owner(people: Counter[int]) -> int:
    return people.most_common(1)[0][0]


def _pairs(people: Counter[int]) -> Sequence[tuple[int, int]]:
    several = sorted(people)
    return [(a, b) for place, a in enumerate(several) for b in several[place + 1 :]]


def _counted(
    life: Life,
    runs: int,
    first: Mapping[str, int],
    owners: Mapping[str, Counter[int]],
    found: Mapping[str, Counter[int]],
    shared: set[tuple[int, int]],
    leads: Mapping[str, str | None],
) -> Year:
    here = set(life.whose.values())
    ended = [e for e in owners if e not in found and _owner(owners[e]) in here]
    resolved = [e for e in ended if leads.get(e) in found]
    still = {pair for people in found.values() for pair in _pairs(people)}
    return Year(
        happened=life.happened,
        runs=runs,
        first=len(first),
        kept=sum(e in found and _owner(found[e]) == owner for e, owner in first.items()),
        given=len(owners),
        ended=len(ended),
        resolved=len(resolved),
        right=sum(_owner(owners[e]) in found[str(leads[e])] for e in resolved),
        merges=len(shared),
        stayed=len(still),
    )
