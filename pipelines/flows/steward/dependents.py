"""What hangs on an entity: its records, and the licences, firms and others that are linked to it.

The libraries' ``links`` say by which values another library's record found its entity here. When
records leave, the links whose value they carry, and nobody who stays does, go with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import ibis
import ibis.expr.types as ir

from pipelines.contracts import load_sources
from pipelines.flows.shared.run_inputs import latest_run, records_of_run
from pipelines.flows.shared.session import Workplace
from pipelines.identity.review.decisions import Record
from pipelines.identity.review.errors import UnknownSubject
from pipelines.libraries import Library, Link, load_libraries

Fate = Literal["follows", "stays", "undecided"]


@dataclass(frozen=True)
class Follower:
    """A record of another library that is linked to the entity, and where its link will lead.

    ``undecided``: the value that linked it is with those who leave and with those who stay, or with
    nobody any more; the next run decides.
    """

    library: str
    entity_id: str
    link: str
    rule: str
    fate: Fate


def find_entity(place: Workplace, subject: str | Record) -> tuple[Library, str]:
    """The library and today's id of an entity, by its id of any time or by one of its records.

    Raises:
        UnknownSubject: nothing of that name is in the ledger.
    """
    for library in _libraries_of(place, subject):
        if found := _entity_of(place, library, subject):
            return library, found
    raise UnknownSubject(f"{subject.source}:…" if isinstance(subject, Record) else subject)


def entity_records(place: Workplace, library: Library, entity_id: str) -> list[Record]:
    """The records of an entity, the one that founded it first."""
    ledger = place.lake.read(place.con, f"identity.{library.entity}_record")
    mine = ledger.filter(ledger.entity_id == entity_id)
    head = ibis.ifelse(mine.linked_source.isnull(), 0, 1)
    ordered = mine.order_by(head, "since_batch", "source", "source_key")
    rows = place.con.to_pyarrow(ordered.select("source", "source_key")).to_pylist()
    return [Record(row["source"], row["source_key"]) for row in rows]


def followers(
    place: Workplace, library: Library, entity_id: str, leaving: Sequence[Record]
) -> list[Follower]:
    """Everything published that is linked to the entity, and whether it follows the records."""
    ledger = place.lake.read(place.con, f"identity.{library.entity}_record")
    mine = ledger.filter(ledger.entity_id == entity_id).select("source", "source_key")
    gone = ibis.memtable(
        {"source": [r.source for r in leaving], "source_key": [r.key for r in leaving]},
        schema={"source": "string", "source_key": "string"},
    ).mutate(leaves=ibis.literal(True))
    records = records_of_run(place, library, latest_run(place, library))
    own = records.semi_join(mine, ["source", "source_key"])
    marked = own.left_join(gone, ["source", "source_key"])
    with place.materialised(marked.mutate(leaves=marked.leaves.fill_null(False))) as members:
        return [
            follower
            for other in load_libraries().values()
            for link in other.links
            if link.library == library.name and place.lake.has(f"core.{other.entity}")
            for follower in _of_link(place, other, link, entity_id, members)
        ]


def _of_link(
    place: Workplace, other: Library, link: Link, entity_id: str, members: ir.Table
) -> list[Follower]:
    golden = place.lake.read(place.con, f"core.{other.entity}")
    rule = f"{link.name}_rule"
    if link.column not in golden.columns or rule not in golden.columns:
        return []
    linked = golden.filter(golden[link.column] == entity_id, golden[rule] == link.claim)
    here = list(link.equal)
    there = [link.equal[column] for column in here]
    said = members.filter(*(members[column].notnull() for column in there))
    sides = said.group_by(there).agg(going=said.leaves.any(), remaining=(~said.leaves).any())
    met = linked.left_join(sides, [linked[h] == sides[t] for h, t in zip(here, there, strict=True)])
    going, remaining = met.going.fill_null(False), met.remaining.fill_null(False)
    fate = ibis.cases(
        (going & ~remaining, "follows"), (remaining & ~going, "stays"), else_="undecided"
    )
    rows = met.select(entity_id=met.entity_id, fate=fate).order_by("entity_id")
    return [
        Follower(other.name, row["entity_id"], link.name, link.claim, row["fate"])
        for row in place.con.to_pyarrow(rows).to_pylist()
    ]


def _libraries_of(place: Workplace, subject: str | Record) -> list[Library]:
    known = load_libraries().values()
    if isinstance(subject, Record):
        source = load_sources(place.settings).get(subject.source)
        return [each for each in known if source and each.name == source.library]
    return [each for each in known if subject.startswith(each.id_prefix)]


def _entity_of(place: Workplace, library: Library, subject: str | Record) -> str | None:
    table = f"identity.{library.entity}_record"
    if not place.lake.has(table):
        return None
    ledger = place.lake.read(place.con, table)
    if isinstance(subject, Record):
        mine = (ledger.source == subject.source) & (ledger.source_key == subject.key)
    else:
        mine = ledger.entity_id == _current(place, library, subject)
    found = place.con.to_pyarrow(ledger.filter(mine).select("entity_id").limit(1)).to_pylist()
    return str(found[0]["entity_id"]) if found else None


def _current(place: Workplace, library: Library, entity_id: str) -> str:
    """Where an id of the past leads today."""
    table = f"core.{library.entity}_redirect"
    if not place.lake.has(table):
        return entity_id
    redirect = place.lake.read(place.con, table)
    mine = redirect.filter(redirect.entity_id == entity_id, redirect.current_id.notnull())
    found = place.con.to_pyarrow(mine.select("current_id")).to_pylist()
    return str(found[0]["current_id"]) if found else entity_id
