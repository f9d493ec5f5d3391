"""The steward's queue: which pairs wait for a person, most harm first.

Questions come from the last run's ledger (``identity.<entity>_question``: scores between the
thresholds, and pairs that must link and cannot link at once) and from two opinions that disagree.
What follows from decisions in force is not asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import ibis
import ibis.expr.types as ir

from pipelines.flows.shared.run_inputs import latest_run, published_crosswalk, records_of_run
from pipelines.flows.shared.session import Session, open_session
from pipelines.flows.shared.site_keys import question_key
from pipelines.identity.review.decisions import (
    Cause,
    Decision,
    Pair,
    Record,
    in_force,
    review_states,
)
from pipelines.identity.review.errors import UnknownQuestion
from pipelines.identity.review.questions import (
    PAIR,
    by_harm,
    changed_pairs,
    in_order,
    named,
    pair_basis,
    stratum,
    unanswered,
    with_basis,
)
from pipelines.identity.scores.model import model_digest
from pipelines.libraries import Library, load_libraries, load_library
from pipelines.settings import Settings
from pipelines.warehouse.people.decisions import read_decisions
from pipelines.warehouse.quality.id_changes import is_approved, read_comparisons

_COLUMNS = {**dict.fromkeys(PAIR, "string"), "cause": "string", "probability": "float64"}
ASKED = {**_COLUMNS, "rule": "string"}


@dataclass(frozen=True)
class Question:
    """One question: are these two records the same entity? ``harm`` orders the queue.

    ``basis`` is a digest of the two records today, ``stratum`` and ``probability`` what the machine
    holds of them, ``together`` whether they are one entity as things stand.
    """

    question: str
    pair: Pair
    cause: Cause
    probability: float | None
    rule: str | None
    left_entity: str
    right_entity: str
    together: bool
    reach: int
    harm: float
    stratum: str
    basis: str
    model: str


def queue(settings: Settings, library_name: str, limit: int | None = None) -> list[Question]:
    """The questions of a library that wait for a steward, most harm first.

    Raises:
        TableMissing: the library has never been resolved.
    """
    library = load_library(library_name)
    with open_session(settings) as session:
        return open_questions(
            session, library, read_decisions(session.warehouse, library.name), limit
        )


def open_questions(
    session: Session, library: Library, decisions: Sequence[Decision], limit: int | None = None
) -> list[Question]:
    """As ``queue``, in a session that is open."""
    asked = unanswered(candidates(session, library), in_force(decisions))
    disputed = _rows(
        replace(each.opinions[-1], cause="conflict")
        for each in review_states(decisions).values()
        if each.verdict is None
    )
    # a pair that the ledger cannot tell about waits until its records change
    decisions_without_verdict = [
        s.decision for s in review_states(decisions).values() if s.verdict == "cannot_tell"
    ]
    undecided = {(each.question, each.basis) for each in decisions_without_verdict if each}
    everything = asked.union(disputed, distinct=False)
    most = None if limit is None else limit + len(undecided)
    found = described(session, library, _once(everything), most)
    unanswered_questions = [each for each in found if (each.question, each.basis) not in undecided]
    return unanswered_questions[:limit]


def candidates(session: Session, library: Library) -> ir.Table:
    """The pairs that the last run asks about, and those that stop its publication: ASKED."""
    asked = asked_by_run(session, library)
    over = _over_budget(session, library)
    return asked if over is None else asked.union(over, distinct=False)


def _over_budget(session: Session, library: Library) -> ir.Table | None:
    """The pairs on which it hangs that published ids change beyond the budget."""
    compared = read_comparisons(session.warehouse, library.name)
    published = published_crosswalk(session, library)
    if not compared or published is None:
        return None
    last = compared[-1]
    if last.is_within or last.run != latest_run(session, library):
        return None
    if is_approved(session.warehouse, last):
        return None
    record = session.lake.read(session.con, f"identity.{library.entity}_record")
    pairs = changed_pairs(published, record)
    return pairs.select(
        *PAIR, cause=ibis.literal("budget"), probability=ibis.null("float64"), rule=pairs.rule
    )


def asked_by_run(session: Session, library: Library) -> ir.Table:
    """The pairs that the resolver of the last run could not decide: ASKED."""
    table = f"identity.{library.entity}_question"
    disputed = _disputed_numbers(session, library)
    if not session.lake.has(table):
        return disputed
    asked = session.lake.read(session.con, table)
    undecided = asked.select(
        *PAIR, cause=asked.kind, probability=asked.probability.cast("float64"), rule=asked.rule
    )
    return undecided.union(disputed, distinct=False)


def _disputed_numbers(session: Session, library: Library) -> ir.Table:
    """A record kept out of its number's group, against the record that founded that group."""
    table = f"identity.{library.entity}_dispute"
    if not session.lake.has(table):
        return _rows([])
    disputed = session.lake.read(session.con, table)
    record = session.lake.read(session.con, f"identity.{library.entity}_record")
    founders = record.filter(record.linked_source.isnull())
    representative = founders.select(
        other_entity_id="entity_id", right_source="source", right_key="source_key"
    )
    joined = disputed.filter(disputed.other_entity_id.notnull()).inner_join(
        representative, "other_entity_id"
    )
    return joined.select(
        left_source=joined.source,
        left_key=joined.source_key,
        right_source=joined.right_source,
        right_key=joined.right_key,
        cause=ibis.literal("conflict"),
        probability=ibis.null("float64"),
        rule=joined.reason,
    )


def find_question(settings: Settings, question: str) -> tuple[Library, Question]:
    """The library that asks, or asked, a question, and the question as it stands today.

    Raises:
        UnknownQuestion: no library does.
    """
    for library in load_libraries().values():
        if question.startswith(f"{library.id_prefix.rstrip('-')}Q-"):
            with open_session(settings) as session:
                for found in look_up(session, library, [question]):
                    return library, found
    raise UnknownQuestion(question)


def look_up(session: Session, library: Library, questions: Sequence[str]) -> list[Question]:
    """Questions by name, open or answered, as they stand today; unknown ones are left out."""
    decisions = read_decisions(session.warehouse, library.name)
    pairs = _once(
        candidates(session, library)
        .union(_rows(decisions), distinct=False)
        .union(linked_pairs(session, library), distinct=False)
    )
    wanted = ibis.memtable({"question": list(questions)}, schema={"question": "string"})
    keyed = named(pairs, library, question_key(session.settings))
    return described(session, library, keyed.semi_join(wanted, "question").drop("question"))


def linked_pairs(session: Session, library: Library) -> ir.Table:
    """The links of the last run, as pairs that could be asked about: ASKED."""
    record = session.lake.read(session.con, f"identity.{library.entity}_record")
    linked = record.filter(record.linked_source.notnull())
    scored = "probability" in record.columns
    return linked.select(
        left_source=linked.source,
        left_key=linked.source_key,
        right_source=linked.linked_source,
        right_key=linked.linked_key,
        cause=ibis.literal("audit"),
        probability=linked.probability.cast("float64") if scored else ibis.null("float64"),
        rule=linked.rule,
    )


def audit_sample(
    session: Session, library: Library, decisions: Sequence[Decision], size: int
) -> list[Question]:
    """So many pairs that the machine decided alone, as many of each stratum, none decided yet.

    Which ones follows from their names, whose digests are as good as drawn by lot.
    """
    key = question_key(session.settings)
    asked = asked_by_run(session, library)
    pairs = _once(asked.union(linked_pairs(session, library), distinct=False))
    record = session.lake.read(session.con, f"identity.{library.entity}_record")
    judged = by_harm(named(pairs, library, key), record, no_reach())
    strong = library.identity.strong_claim
    strata = stratum(judged.together, judged.probability, judged.rule, strong)
    done = ibis.memtable(
        {"question": [each.question for each in decisions]}, schema={"question": "string"}
    )
    open_ = judged.mutate(stratum=strata).anti_join(done, "question")
    with session.materialised(open_) as drawn:
        order = ibis.row_number().over(group_by="stratum", order_by="question")
        ranked = drawn.mutate(rank=order)
        chosen = ranked.order_by("rank", "stratum").limit(size)
        return described(session, library, chosen.select(*ASKED))


def described(
    session: Session, library: Library, pairs: ir.Table, limit: int | None = None
) -> list[Question]:
    """Everything about some pairs that a question says, most harm first."""
    key = question_key(session.settings)
    record = session.lake.read(session.con, f"identity.{library.entity}_record")
    judged = by_harm(named(pairs, library, key), record, reach(session, library))
    strong = library.identity.strong_claim
    strata = stratum(judged.together, judged.probability, judged.rule, strong)
    with session.materialised(judged.mutate(stratum=strata).limit(limit)) as asked:
        based = _beside_basis(asked, _basis(session, library, asked))
        rows = session.con.to_pyarrow(based.order_by(ibis.desc("harm"), "question")).to_pylist()
    model = model_digest(library)
    return [_question(row, model) for row in rows]


def reach(session: Session, library: Library) -> ir.Table:
    """``entity_id, reach``: every published entity, counted with what is linked to it."""
    published = f"core.{library.entity}"
    if not session.lake.has(published):
        return no_reach()
    ids = session.lake.read(session.con, published).select("entity_id")
    counted = ids.mutate(n=ibis.literal(1, "int64"))
    for target, column in linking_columns(session, library):
        links = session.lake.read(session.con, target)
        named_ = links.filter(links[column].notnull()).select(entity_id=links[column])
        counted = counted.union(named_.mutate(n=ibis.literal(1, "int64")), distinct=False)
    alive = counted.semi_join(ids, "entity_id")
    return alive.group_by("entity_id").agg(reach=alive.n.sum())


def no_reach() -> ir.Table:
    """As ``reach``, of a library of which nothing is published."""
    schema = ibis.schema({"entity_id": "string", "reach": "int64"})
    return ibis.memtable({"entity_id": [], "reach": []}, schema=schema)


def linking_columns(session: Session, library: Library) -> list[tuple[str, str]]:
    """Published tables and their columns that hold entity ids of this library."""
    return [
        (f"core.{other.entity}", column)
        for other in load_libraries().values()
        for column, target in other.link_columns.items()
        if target == library.name and _has_column(session, f"core.{other.entity}", column)
    ]


def _has_column(session: Session, table: str, column: str) -> bool:
    return session.lake.has(table) and column in session.lake.read(session.con, table).columns


def _basis(session: Session, library: Library, pairs: ir.Table) -> ir.Table:
    """``source, source_key, basis`` of the records of some pairs."""
    sides = [
        pairs.select(source=pairs[f"{side}_source"], source_key=pairs[f"{side}_key"])
        for side in ("left", "right")
    ]
    records = records_of_run(session, library, latest_run(session, library))
    wanted = records.semi_join(sides[0].union(sides[1], distinct=True), ["source", "source_key"])
    based = with_basis(wanted, library, question_key(session.settings))
    return based.select("source", "source_key", "basis")


def _beside_basis(pairs: ir.Table, basis: ir.Table) -> ir.Table:
    for side in ("left", "right"):
        of = basis.rename(
            {f"{side}_source": "source", f"{side}_key": "source_key", f"{side}_basis": "basis"}
        )
        pairs = pairs.inner_join(of, [f"{side}_source", f"{side}_key"])
    return pairs.mutate(basis=pair_basis(pairs.left_basis, pairs.right_basis))


def _once(pairs: ir.Table) -> ir.Table:
    """One row per pair, whoever asks; the queue's own question before an audit's."""
    pairs = in_order(pairs)
    rank = ibis.cases((pairs.cause == "conflict", 0), (pairs.cause == "audit", 2), else_=1)
    first = ibis.row_number().over(group_by=list(PAIR), order_by=[rank, pairs.rule])
    ranked = pairs.mutate(rank=first)
    return ranked.filter(ranked["rank"] == 0).drop("rank")


def _rows(decisions: Iterable[Decision]) -> ir.Table:
    rows = [
        (*each.pair.left, *each.pair.right, each.cause, each.probability, None)
        for each in decisions
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(ASKED)
    data = {name: list(values) for name, values in zip(ASKED, columns, strict=True)}
    return ibis.memtable(data, schema=ibis.schema(ASKED))


def _question(row: dict[str, object], model: str) -> Question:
    left, right = (
        Record(str(row[f"{side}_source"]), str(row[f"{side}_key"])) for side in ("left", "right")
    )
    return Question(
        question=str(row["question"]),
        pair=Pair(left, right),
        cause=cast(Cause, row["cause"]),
        probability=cast("float | None", row["probability"]),
        rule=cast("str | None", row["rule"]),
        left_entity=str(row["left_entity"]),
        right_entity=str(row["right_entity"]),
        together=bool(row["together"]),
        reach=cast(int, row["reach"]),
        harm=cast(float, row["harm"]),
        stratum=str(row["stratum"]),
        basis=str(row["basis"]),
        model=model,
    )
