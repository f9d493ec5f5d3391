"""Clerical review: decide a question, take it back, take records out of an entity, move one.

Everything becomes decisions in the ledger and nothing else; the next ``resolve`` brings it about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import ibis

from pipelines.flows.shared.run_inputs import latest_run, records_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.shared.site_keys import question_key
from pipelines.flows.steward.dependents import Dependent, dependents, entity_records, find_entity
from pipelines.flows.steward.queue import Question, find_question
from pipelines.flows.steward.shown import shown_record
from pipelines.identity.review.admission import Admission, check_revocation
from pipelines.identity.review.decisions import (
    Cause,
    Decision,
    Judgement,
    Opinion,
    Record,
    Verdict,
    pair_of,
)
from pipelines.identity.review.errors import RegroupingRefused, UnknownAct
from pipelines.identity.review.questions import question_name
from pipelines.libraries import Library
from pipelines.report.steward.side_by_side import shown_records
from pipelines.settings import Settings
from pipelines.warehouse.people.decisions import open_ledger

MOST_LABELS = 100  # records that a preview lists
MOST_PAIRS = 2_000  # an entity this large was joined by a value, which is mended at its parser


@dataclass(frozen=True)
class Act:
    """What one command wrote, or would write: ``act`` is what is revoked."""

    act: str
    library: str
    decisions: Sequence[Judgement]


@dataclass(frozen=True)
class Regrouping(Act):
    """Records leave an entity, perhaps for another one; ``dependents``: what is linked to it.

    ``labels``: of each record department, data set, masked key and what it says of whom it is
    about, masked; ``joined``: the records that it will be with, where it is moved.
    """

    entity_id: str
    leaving: Sequence[Record]
    staying: Sequence[Record]
    dependents: Sequence[Dependent]
    labels: Mapping[Record, str] = field(default_factory=dict)
    joined: Sequence[Record] = ()


def decide(
    settings: Settings,
    question: str,
    verdict: Verdict,
    *,
    reason: str,
    by: str,
    second: bool = False,
) -> Act:
    """Answer a question; ``second`` gives a second opinion on one that somebody else answered.

    Raises:
        UnknownQuestion: nobody asks it.
        DecisionRefused: it is answered, or earlier decisions say the opposite.
    """
    library, asked = find_question(settings, question)
    with open_session(settings) as session, open_ledger(session.warehouse, library.name) as ledger:
        admission = Admission(list(ledger.decisions))
        opinion = admission.opinion(asked.pair, second=second)
        judged = judgement_of(asked, opinion, verdict, reason, by)
        admission.check(judged)
        return Act(judged.act, library.name, ledger.add([judged]))


def judgement_of(
    asked: Question,
    opinion: Opinion,
    verdict: Verdict,
    reason: str,
    by: str,
    cause: Cause | None = None,
) -> Judgement:
    """A steward's answer, with what the machine held of the pair when he gave it."""
    return Judgement(
        act=new_act(),
        question=asked.question,
        pair=asked.pair,
        opinion=opinion,
        verdict=verdict,
        reason=reason,
        by=by,
        cause=cause or asked.cause,
        basis=asked.basis,
        probability=asked.probability,
        stratum=asked.stratum,
        model=asked.model,
    )


def revoke(settings: Settings, act: str, *, reason: str, by: str) -> Act:
    """Take back every decision of an act; the next run is as if it had never been made.

    Raises:
        UnknownAct: no decision in force was made by it.
        DecisionContradicts: a first opinion that comes back disagrees with what is in force.
    """
    from pipelines.libraries import load_libraries

    with open_session(settings) as session:
        for library in load_libraries().values():
            with open_ledger(session.warehouse, library.name) as ledger:
                mine = [each for each in ledger.decisions if each.act == act and not each.revoked]
                if mine:
                    ledger.revoke(mine, act=new_act(), reason=reason, by=by)
                    check_revocation(ledger.decisions, act)
                    return Act(act, library.name, mine)
    raise UnknownAct(act)


def unmerge(
    settings: Settings,
    entity_id: str,
    records: Sequence[Record],
    *,
    reason: str,
    by: str,
    preview: bool = False,
) -> Regrouping:
    """Take records out of an entity: each is ``different`` from every record that stays.

    About the records that leave among themselves nothing is said: the rules group them.

    Raises:
        UnknownSubject: no such entity.
        RegroupingRefused: a record is not of this entity, none would stay, or it is too large.
        DecisionContradicts: a decision in force says they belong together.
    """
    with open_session(settings) as session:
        library, entity = find_entity(session, entity_id)
        members = entity_records(session, library, entity)
        staying = _staying(entity, members, records)
        pairs = [(one, other) for one in records for other in staying]
        judged = _judged(session, library, pairs, "different", "unmerge", reason, by)
        act, written = judged[0].act, _write(session, library, judged, preview=preview)
        linked = dependents(session, library, entity, records)
        labels = _labels(session, library, [*records, *staying])
        return Regrouping(
            act, library.name, written, entity, tuple(records), staying, linked, labels
        )


def move(
    settings: Settings, record: Record, to: str, *, reason: str, by: str, preview: bool = False
) -> Regrouping:
    """Put a record into another entity: ``different`` from those it leaves, ``same`` as that one.

    It is tied to the record that founded the other entity, and so goes where that one goes.

    Raises:
        UnknownSubject: no such record or entity.
        RegroupingRefused: it is there already, or in another library.
        DecisionContradicts: a decision in force says otherwise.
    """
    with open_session(settings) as session:
        library, entity = find_entity(session, record)
        other_library, target = find_entity(session, to)
        if other_library != library or target == entity:
            problem = "the record is there already" if target == entity else "another library"
            raise RegroupingRefused(to, f"{problem}: name an entity that it can be moved to.")
        members = entity_records(session, library, entity)
        staying = [each for each in members if each != record]
        _refuse_large(entity, len(staying))
        joined = entity_records(session, library, target)
        anchor = joined[0]
        act = new_act()
        pairs = [(record, other) for other in staying]
        judged = _judged(session, library, pairs, "different", "move", reason, by, act)
        judged += _judged(session, library, [(record, anchor)], "same", "move", reason, by, act)
        written = _write(session, library, judged, preview=preview)
        linked = dependents(session, library, entity, [record])
        labels = _labels(session, library, [record, *staying, *joined])
        return Regrouping(
            act, library.name, written, entity, (record,), staying, linked, labels, joined
        )


def _labels(session: Session, library: Library, records: Sequence[Record]) -> Mapping[Record, str]:
    """Where each of the first records is from, and what it says of whom it is about, masked."""
    few = list(dict.fromkeys(records))[:MOST_LABELS]
    keys = ibis.memtable(
        {"source": [r.source for r in few], "source_key": [r.key for r in few]},
        schema={"source": "string", "source_key": "string"},
    )
    every = records_of_run(session, library, latest_run(session, library))
    wanted = every.semi_join(keys, ["source", "source_key"])
    rows = session.con.to_pyarrow(shown_records(wanted, library)).to_pylist()
    said = {Record(row["source"], row["source_key"]): row for row in rows}
    names = dict.fromkeys([*library.identity.about, *library.identity.known_by])
    titles = {name: library.columns[name].title for name in names if name in library.columns}
    return {
        each: "　".join(
            [
                shown_record(session, each),
                *(f"{title} {said[each][name]}" for name, title in titles.items()
                  if each in said and said[each][name]),
            ]
        )
        for each in few
    }  # fmt: skip


def new_act() -> str:
    """A name for what one command writes."""
    return uuid4().hex[:12]


def _staying(
    entity_id: str, members: Sequence[Record], leaving: Sequence[Record]
) -> Sequence[Record]:
    unknown = len(set(leaving) - set(members))
    if unknown:
        problem = f"{unknown} of the records named are not in it"
        raise RegroupingRefused(entity_id, f"{problem}: see `baselib identity explain {entity_id}`")
    staying = [each for each in members if each not in set(leaving)]
    if not staying or not leaving:
        raise RegroupingRefused(entity_id, "name some of its records, and leave at least one")
    _refuse_large(entity_id, len(staying) * len(leaving))
    return staying


def _refuse_large(entity_id: str, pairs: int) -> None:
    if pairs > MOST_PAIRS:
        raise RegroupingRefused(
            entity_id,
            f"that takes {pairs:,} decisions, more than {MOST_PAIRS:,}. So many records were joined"
            " by a value that is no identifier: make its parser refuse it as a placeholder.",
        )


def _judged(
    session: Session,
    library: Library,
    pairs: Sequence[tuple[Record, Record]],
    verdict: Verdict,
    cause: Cause,
    reason: str,
    by: str,
    act: str | None = None,
) -> list[Judgement]:
    key, act = question_key(session.settings), act or new_act()
    named = [pair_of(*pair) for pair in pairs]
    return [
        Judgement(
            *(act, question_name(pair, library, key), pair, "first", verdict, reason, by, cause)
        )
        for pair in named
    ]


def _write(
    session: Session, library: Library, judged: Sequence[Judgement], *, preview: bool
) -> Sequence[Judgement]:
    """Admit all or none. A pair that is decided that way already needs no second decision."""
    with open_ledger(session.warehouse, library.name) as ledger:
        admission = Admission(list(ledger.decisions))
        wanted = [each for each in judged if not admission.holds(each)]
        for each in wanted:
            admission.check(each)
        return wanted if preview else ledger.add(wanted)


__all__ = ["Act", "Decision", "Regrouping", "decide", "move", "revoke", "unmerge"]
