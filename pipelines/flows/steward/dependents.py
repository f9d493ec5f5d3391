"""Dependents of an entity: its records, and the licences, firms and others that are linked to it.

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
from pipelines.flows.shared.session import Session
from pipelines.identity.review.decisions import Record
from pipelines.identity.review.errors import UnknownSubject
from pipelines.libraries import Library, Link, load_libraries
from pipelines.records import batch_order

Fate = Literal["follows", "stays", "undecided"]


@dataclass(frozen=True)
class Dependent:
    """A record of another library that is linked to the entity, and where its link will lead.

    ``undecided``: the value that linked it is with those who leave and with those who stay, or with
    nobody any more; the next run decides.
    """

    library: str
    entity_id: str
    link: str
    rule: str
    fate: Fate


def find_entity(session: Session, subject: str | Record) -> tuple[Library, str]:
    """The library and today's id of an entity, by its id of any time or by one of its records.

    Raises:
        UnknownSubject: nothing of that name is in the ledger.
    """
    for library in _libraries_of(session, subject):
        if found := _entity_of(session, library, subject):
            return library, found
    raise UnknownSubject(f"{subject.source}:…" if isinstance(subject, Record) else subject)


def entity_records(session: Session, library: Library, entity_id: str) -> list[Record]:
    """The records of an entity, the one that founded it first."""
    ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
    mine = ledger.filter(ledger.entity_id == entity_id)
    representative_first = ibis.ifelse(mine.linked_source.isnull(), 0, 1)
    ordered = mine.order_by(
        representative_first, batch_order(mine.since_batch), "source", "source_key"
    )
    rows = session.con.to_pyarrow(ordered.select("source", "source_key")).to_pylist()
    return [Record(row["source"], row["source_key"]) for row in rows]


def dependents(
    session: Session, library: Library, entity_id: str, leaving: Sequence[Record]
) -> list[Dependent]:
    """Everything published that is linked to the entity, and whether it follows the records."""
    ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
    mine = ledger.filter(ledger.entity_id == entity_id).select("source", "source_key")
    leaving_records = ibis.memtable(
        {"source": [r.source for r in leaving], "source_key": [r.key for r in leaving]},
        schema={"source": "string", "source_key": "string"},
    ).mutate(leaves=ibis.literal(True))
    records = records_of_run(session, library, latest_run(session, library))
    own = records.semi_join(mine, ["source", "source_key"])
    marked = own.left_join(leaving_records, ["source", "source_key"])
    with session.materialised(marked.mutate(leaves=marked.leaves.fill_null(False))) as members:
        return [
            dependent
            for other in load_libraries().values()
            for link in other.links
            if link.library == library.name and session.lake.has(f"core.{other.entity}")
            for dependent in _of_link(session, other, link, entity_id, members)
        ]


def _of_link(
    session: Session, other: Library, link: Link, entity_id: str, members: ir.Table
) -> list[Dependent]:
    golden = session.lake.read(session.con, f"core.{other.entity}")
    rule = f"{link.name}_rule"
    if link.column not in golden.columns or rule not in golden.columns:
        return []
    linked = golden.filter(golden[link.column] == entity_id, golden[rule] == link.claim)
    here = list(link.equal)
    there = [link.equal[column] for column in here]
    with_values = members.filter(*(members[column].notnull() for column in there))
    sides = with_values.group_by(there).agg(
        going=with_values.leaves.any(), remaining=(~with_values.leaves).any()
    )
    joined = linked.left_join(
        sides, [linked[h] == sides[t] for h, t in zip(here, there, strict=True)]
    )
    going, remaining = joined.going.fill_null(False), joined.remaining.fill_null(False)
    fate = ibis.cases(
        (going & ~remaining, "follows"), (remaining & ~going, "stays"), else_="undecided"
    )
    rows = joined.select(entity_id=joined.entity_id, fate=fate).order_by("entity_id")
    return [
        Dependent(other.name, row["entity_id"], link.name, link.claim, row["fate"])
        for row in session.con.to_pyarrow(rows).to_pylist()
    ]


def _libraries_of(session: Session, subject: str | Record) -> list[Library]:
    libraries = load_libraries().values()
    if isinstance(subject, Record):
        source = load_sources(session.settings).get(subject.source)
        return [each for each in libraries if source and each.name == source.library]
    return [each for each in libraries if subject.startswith(each.id_prefix)]


def _entity_of(session: Session, library: Library, subject: str | Record) -> str | None:
    table = f"identity.{library.entity}_record"
    if not session.lake.has(table):
        return None
    ledger = session.lake.read(session.con, table)
    if isinstance(subject, Record):
        mine = (ledger.source == subject.source) & (ledger.source_key == subject.key)
    else:
        mine = ledger.entity_id == _current(session, library, subject)
    found = session.con.to_pyarrow(ledger.filter(mine).select("entity_id").limit(1)).to_pylist()
    return str(found[0]["entity_id"]) if found else None


def _current(session: Session, library: Library, entity_id: str) -> str:
    """Where an id of the past leads today."""
    table = f"core.{library.entity}_redirect"
    if not session.lake.has(table):
        return entity_id
    redirect = session.lake.read(session.con, table)
    mine = redirect.filter(redirect.entity_id == entity_id, redirect.current_id.notnull())
    found = session.con.to_pyarrow(mine.select("current_id")).to_pylist()
    return str(found[0]["current_id"]) if found else entity_id
