"""Explanation why records are, or are not, one entity, from all that the ledgers hold."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import ibis
import ibis.expr.types as ir

from pipelines.errors import SettingRefused
from pipelines.flows.shared.run_inputs import latest_run, records_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.steward.dependents import dependents, entity_records, find_entity
from pipelines.flows.steward.facts import withheld_numbers
from pipelines.flows.steward.queue import find_question
from pipelines.flows.steward.shown import shown_record
from pipelines.identity.review.decisions import Decision, Pair, Record, in_force, infer, pair_of
from pipelines.identity.review.errors import RegroupingRefused
from pipelines.identity.review.questions import PAIR
from pipelines.identity.scores.model import load_model
from pipelines.identity.scores.waterfall import pair_weights
from pipelines.libraries import Library, load_library
from pipelines.report.steward.explanation import (
    ExplainedDecision,
    ExplainedEvent,
    ExplainedRecord,
    Explanation,
)
from pipelines.report.steward.levels import waterfall_of
from pipelines.report.steward.rule_words import LINKS
from pipelines.report.steward.side_by_side import shown_records, side_by_side
from pipelines.report.steward.waterfall import Waterfall
from pipelines.settings import Settings
from pipelines.warehouse.people.decisions import read_decisions
from pipelines.warehouse.quality.unmasked_access import record_unmasked_reading

MOST_RECORDS = 40  # side by side; more fit no page, and such an entity is an error to be unmerged
MOST_WATERFALLS = 6  # the surest links need no picture, and a page of more is not read
_QUESTION = "Q-"


@dataclass(frozen=True)
class Unmasking:
    """Who wants to see values as they are, and for what; both are kept in ``audit``."""

    by: str
    purpose: str


def explain(
    settings: Settings, subjects: Sequence[str | Record], unmasking: Unmasking | None = None
) -> Explanation:
    """Explain an entity (its id, or one of its records) or a pair (a question, or two records).

    Raises:
        UnknownQuestion, UnknownSubject: nothing of that name.
        RegroupingRefused: more than ``MOST_RECORDS`` records, or records of two libraries.
    """
    if unmasking and not (unmasking.by.strip() and unmasking.purpose.strip()):
        raise SettingRefused("--unmask", "", "Say who looks (--by) and what for (--purpose).")
    subjects, named = _pair_of_question(settings, subjects)
    with open_session(settings) as session:
        found = [find_entity(session, each) for each in subjects]
        library, entities = found[0][0], list(dict.fromkeys(entity for _, entity in found))
        if any(other != library for other, _ in found):
            raise RegroupingRefused(entities[-1], "records of two libraries are never compared.")
        pair = _pair(subjects)
        records = list(pair) if pair else entity_records(session, library, entities[0])
        if len(records) > MOST_RECORDS:
            problem = f"{len(records)} records are too many to lay side by side"
            raise RegroupingRefused(entities[0], f"{problem} (at most {MOST_RECORDS}).")
        if unmasking:
            record_unmasked_reading(
                session.warehouse,
                library=library.name,
                subject=",".join(entities),
                records=len(records),
                purpose=unmasking.purpose,
                by=unmasking.by,
            )
        return _explanation(session, library, named, entities, records, pair, bool(unmasking))


def _pair(subjects: Sequence[str | Record]) -> Pair | None:
    records = [each for each in subjects if isinstance(each, Record)]
    return pair_of(*records) if len(records) == len(subjects) == 2 else None


def _pair_of_question(
    settings: Settings, subjects: Sequence[str | Record]
) -> tuple[Sequence[str | Record], str]:
    first = subjects[0]
    if len(subjects) == 1 and isinstance(first, str) and _QUESTION in first[:4]:
        _, asked = find_question(settings, first)
        return list(asked.pair), first
    return subjects, ""


def _explanation(
    session: Session,
    library: Library,
    named: str,
    entities: Sequence[str],
    records: Sequence[Record],
    pair: Pair | None,
    unmasked: bool,
) -> Explanation:
    decisions = read_decisions(session.warehouse, library.name)
    graph = infer(in_force(decisions))
    shown = _records(session, library, records, unmasked=unmasked)
    numbers = {record: str(n) for n, record in enumerate(records, 1)}
    return Explanation(
        library=library,
        subject=named or "、".join(entities),
        entity_ids=entities,
        records=shown,
        marks=_marks(session, library, pair) if pair else {},
        verdict=(graph.verdict(pair) or "") if pair else "",
        chain=[each.id for each in graph.chain(pair) or ()] if pair else [],
        events=_events(session, library, entities),
        redirects=_redirects(session, library, entities),
        decisions=_decisions(session, decisions, numbers, pair, unmasked=unmasked),
        followers=_dependents(session, library, entities),
        waterfalls=_waterfalls(session, library, records, shown, pair),
        unmasked=unmasked,
    )


def _records(
    session: Session, library: Library, records: Sequence[Record], *, unmasked: bool
) -> list[ExplainedRecord]:
    ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
    keys = _keys(records)
    rows = session.con.to_pyarrow(ledger.semi_join(keys, ["source", "source_key"])).to_pylist()
    lineage = {Record(row["source"], row["source_key"]): row for row in rows}
    all_ = records_of_run(session, library, latest_run(session, library))
    wanted = all_.semi_join(keys, ["source", "source_key"])
    rows = session.con.to_pyarrow(shown_records(wanted, library, unmasked=unmasked)).to_pylist()
    values = {Record(row["source"], row["source_key"]): row for row in rows}
    numbers = {record: n for n, record in enumerate(records, 1)}
    withheld = withheld_numbers(session, library, records)
    strong = library.columns[library.identity.strong].title
    return [
        replace(
            _record(
                session, n, record, lineage[record], values[record], numbers, unmasked=unmasked
            ),
            withheld=withheld.get(record, f"{strong}未采信" if lineage[record]["withheld"] else ""),
        )
        for record, n in numbers.items()
    ]


def _record(
    session: Session,
    number: int,
    record: Record,
    row: Mapping[str, Any],
    values: Mapping[str, str | None],
    numbers: Mapping[Record, int],
    *,
    unmasked: bool,
) -> ExplainedRecord:
    linked = ""
    if row["linked_source"]:
        to = Record(row["linked_source"], row["linked_key"])
        linked = f"→ {numbers.get(to) or _shown(session, to, unmasked=unmasked)}"
    return ExplainedRecord(
        number=number,
        record=_shown(session, record, unmasked=unmasked),
        entity_id=row["entity_id"],
        rule=row["rule"],
        linked=linked,
        probability=row.get("probability"),
        since_batch=row["since_batch"],
        withheld="",
        values=values,
    )


def _shown(session: Session, record: Record, *, unmasked: bool) -> str:
    return f"{record.source}:{record.key}" if unmasked else shown_record(session, record)


def _keys(records: Sequence[Record]) -> ir.Table:
    data = {"source": [r.source for r in records], "source_key": [r.key for r in records]}
    return ibis.memtable(data, schema=ibis.schema({"source": "string", "source_key": "string"}))


def _marks(session: Session, library: Library, pair: Pair) -> dict[str, tuple[str, str]]:
    row = dict(zip(("question", *PAIR), ("", *pair.left, *pair.right), strict=True))
    pairs = ibis.memtable([row], schema=ibis.schema(dict.fromkeys(row, "string")))
    all_ = records_of_run(session, library, latest_run(session, library))
    wanted = all_.semi_join(_keys(list(pair)), ["source", "source_key"])
    (found,) = session.con.to_pyarrow(side_by_side(pairs, wanted, library)).to_pylist()
    return {
        name: (found[f"mark_{name}"] or "", found[f"differ_{name}"] or "")
        for name in library.columns
    }


def _events(session: Session, library: Library, entities: Sequence[str]) -> list[ExplainedEvent]:
    table = f"identity.{library.entity}_event"
    events = session.lake.read(session.con, table)
    mine = events.filter(
        events.entity_id.isin(list(entities)) | events.other_entity_id.isin(list(entities))
    ).order_by("run", "kind", "entity_id")
    fields = ("run", "kind", "entity_id", "other_entity_id", "reason")
    rows = session.con.to_pyarrow(mine.select(*fields)).to_pylist()
    return [ExplainedEvent(*(row[name] or "" for name in fields)) for row in rows]


def _redirects(session: Session, library: Library, entities: Sequence[str]) -> list[str]:
    """Ids of the past that lead to these entities."""
    table = f"core.{library.entity}_redirect"
    if not session.lake.has(table):
        return []
    redirect = session.lake.read(session.con, table)
    mine = redirect.filter(redirect.current_id.isin(list(entities))).order_by("entity_id")
    return [row["entity_id"] for row in session.con.to_pyarrow(mine).to_pylist()]


def _decisions(
    session: Session,
    decisions: Sequence[Decision],
    numbers: Mapping[Record, str],
    pair: Pair | None,
    *,
    unmasked: bool,
) -> list[ExplainedDecision]:
    """Those about the records; for a pair those, too, from which its verdict follows."""
    chain = infer(in_force(decisions)).chain(pair) if pair else None
    followed = {each.id for each in chain or ()}
    return [
        ExplainedDecision(
            each,
            *(numbers.get(r) or _shown(session, r, unmasked=unmasked) for r in each.pair),
        )
        for each in decisions
        if each.id in followed or any(record in numbers for record in each.pair)
    ]


def _dependents(session: Session, library: Library, entities: Sequence[str]) -> dict[str, int]:
    linked = (each for entity in entities for each in dependents(session, library, entity, []))
    return dict(Counter(f"关联的{_link_title(each.library, each.link)}" for each in linked))


def _link_title(library: str, link: str) -> str:
    """Which library's entity is linked, and as what: 法人（法定代表人）."""
    return f"{load_library(library).entity_title}（{LINKS.get(link, link)}）"


def _waterfalls(
    session: Session,
    library: Library,
    records: Sequence[Record],
    shown: Sequence[ExplainedRecord],
    pair: Pair | None,
) -> list[Waterfall]:
    """Of a pair, or of the links of the entity that a score decided, the least sure first."""
    model = load_model(library)
    if model is None:
        return []
    pairs = [pair] if pair else _scored_links(session, library, records, shown)
    if not pairs:
        return []
    involved = list(dict.fromkeys([*records, *(record for each in pairs for record in each)]))
    with _with_related(session, library, involved) as compared:
        weighed = pair_weights(session.con, compared, pairs, library, model)
    numbers = {record: f"记录 {n}" for n, record in enumerate(records, 1)}
    named = {each: [numbers.get(r) or shown_record(session, r) for r in each] for each in pairs}
    return [
        waterfall_of(" 与 ".join(named[each]), weighed[each], library)
        for each in pairs
        if each in weighed
    ]


def _scored_links(
    session: Session, library: Library, records: Sequence[Record], shown: Sequence[ExplainedRecord]
) -> list[Pair]:
    scored = {
        record: each.probability
        for record, each in zip(records, shown, strict=True)
        if each.probability is not None
    }
    ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
    mine = ledger.semi_join(_keys(list(scored)), ["source", "source_key"])
    rows = session.con.to_pyarrow(mine.filter(mine.linked_source.notnull())).to_pylist()
    sides = (("", "source_key"), ("linked_", "linked_key"))
    rows.sort(key=lambda row: (row["probability"], row["source"], row["source_key"]))
    return [
        pair_of(*(Record(row[f"{side}source"], row[key]) for side, key in sides))
        for row in rows[:MOST_WATERFALLS]
    ]


@contextmanager
def _with_related(
    session: Session, library: Library, records: Sequence[Record]
) -> Iterator[ir.Table]:
    """The records and all that share an entity or a strong identifier with one of them."""
    ledger = session.lake.read(session.con, f"identity.{library.entity}_record")
    mine = ledger.semi_join(_keys(records), ["source", "source_key"]).select("entity_id").distinct()
    theirs = ledger.semi_join(mine, "entity_id").select("source", "source_key")
    all_ = records_of_run(session, library, latest_run(session, library))
    strong = library.identity.strong
    related = all_.semi_join(theirs, ["source", "source_key"])
    numbers = related.filter(related[strong].notnull()).select(strong).distinct()
    same_number = all_.semi_join(numbers, strong).select("source", "source_key")
    keys = theirs.union(same_number, distinct=True)
    with session.materialised(all_.semi_join(keys, ["source", "source_key"])) as compared:
        yield compared
