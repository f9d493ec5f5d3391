"""Lower bounds for precision and recall of a run, from the audited pairs, and the gate on them."""

from collections import Counter
from dataclasses import asdict

import ibis

from pipelines.flows.shared.session import Session
from pipelines.flows.steward.queue import asked_by_run, linked_pairs
from pipelines.identity.review.accuracy import Accuracy, Stratum, accuracy
from pipelines.identity.review.decisions import Decision, review_states
from pipelines.identity.review.errors import AccuracyNotProven
from pipelines.identity.review.questions import beside_entities, stratum
from pipelines.identity.scores.model import model_digest
from pipelines.libraries import Library
from pipelines.warehouse.people.decisions import read_decisions
from pipelines.warehouse.quality.accuracy import record_accuracy

LINKED = "linked:"


def check_accuracy(session: Session, library: Library, run: str) -> Accuracy | None:
    """Measure the run and keep the result in ``quality.identity_accuracy``.

    Nothing is measured where nobody audited the model that is in use, unless the library's
    declaration demands it (``accuracy``).

    Raises:
        AccuracyNotProven: a bound is below what the library demands.
    """
    audited = audited_pairs(session, library)
    if not audited and not library.accuracy:
        return None
    strata = _strata(session, library, audited)
    measured = accuracy(strata)
    record_accuracy(
        session.warehouse,
        library=library.name,
        run=run,
        model=model_digest(library),
        measured=measured,
        strata=[asdict(each) for each in strata],
    )
    bounds = {"precision": measured.precision_lower, "recall": measured.recall_lower}
    short = {
        name: (bounds[name], wanted)
        for name, wanted in library.accuracy.items()
        if bounds[name] < wanted
    }
    if short:
        raise AccuracyNotProven(f"{library.title} ({library.name}), run {run}", [], measured, short)
    return measured


def audited_pairs(session: Session, library: Library) -> list[Decision]:
    """The verdicts on pairs that were drawn by lot from what today's model did."""
    model = model_digest(library)
    decided = review_states(read_decisions(session.warehouse, library.name)).values()
    return [
        each.decision
        for each in decided
        if each.decision
        and any(one.cause == "audit" and one.model == model for one in each.opinions)
    ]


def _strata(session: Session, library: Library, audited: list[Decision]) -> list[Stratum]:
    sizes = _sizes(session, library)
    sampled = Counter(each.stratum for each in audited)
    right = Counter(
        each.stratum
        for each in audited
        if each.verdict == ("same" if each.stratum.startswith(LINKED) else "different")
    )
    return [
        Stratum(name, name.startswith(LINKED), sizes[name], sampled[name], right[name])
        for name in sorted(sizes)
    ]


def _sizes(session: Session, library: Library) -> dict[str, int]:
    """How many pairs of the run are in each stratum."""
    pairs = asked_by_run(session, library).union(linked_pairs(session, library), distinct=True)
    record = session.lake.read(session.con, f"identity.{library.entity}_record")
    sides = beside_entities(pairs, record)
    together = sides.left_entity == sides.right_entity
    strong = library.identity.strong_claim
    named = sides.mutate(stratum=stratum(together, sides.probability, sides.rule, strong))
    counted = named.group_by("stratum").agg(size=named.count())
    rows = session.con.to_pyarrow(counted.filter(ibis._.stratum.notnull())).to_pylist()
    return {row["stratum"]: int(row["size"]) for row in rows}
