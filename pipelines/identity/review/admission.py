"""Which judgement the ledger takes: the rules of entry, one judgement at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.identity.review.decisions import (
    Decision,
    Inference,
    Judgement,
    Opinion,
    Pair,
    ReviewState,
    contradictions,
    in_force,
    infer,
    review_states,
)
from pipelines.identity.review.errors import AlreadyDecided, DecisionContradicts, OpinionRefused


@dataclass
class Admission:
    """The state of the ledger against which the next judgement is held."""

    decisions: list[Decision]
    _states: dict[Pair, ReviewState] = field(init=False)
    _graph: Inference = field(init=False)

    def __post_init__(self) -> None:
        self._states = dict(review_states(self.decisions))
        self._graph = infer(in_force(self.decisions))

    def opinion(self, pair: Pair, *, second: bool) -> Opinion:
        """Which opinion on the pair comes next."""
        state = self._states.get(pair)
        if state and state.verdict is None:
            return "final"
        return "second" if second else "first"

    def check(self, judged: Judgement) -> None:
        """Admit a judgement, or raise why not.

        Raises:
            AlreadyDecided: the question has an answer, and the records have not changed since one
                that could not tell.
            OpinionRefused: a second opinion without a first, a third, or one by the same steward.
            DecisionContradicts: earlier decisions say the opposite.
        """
        state = self._states.get(judged.pair)
        if judged.opinion == "second":
            _check_second(judged, state)
            return  # agreeing it adds nothing to what is in force, disagreeing it takes away
        if judged.opinion == "first" and state:
            _check_again(judged, state)
        if chain := self._graph.contradiction(judged):
            raise DecisionContradicts(judged.question, judged.verdict, chain)

    def holds(self, judged: Judgement) -> bool:
        """Whether the pair has this very verdict already, by a decision of its own."""
        state = self._states.get(judged.pair)
        return state is not None and state.verdict == judged.verdict

    def note(self, decision: Decision) -> None:
        """Take a decision into account for the judgements that follow."""
        self.decisions.append(decision)
        if decision.opinion == "first" and decision.pair not in self._states:
            self._states[decision.pair] = ReviewState((decision,))
            self._graph.add(decision)
        else:
            self.__post_init__()


def check_revocation(remaining: Iterable[Decision], about: str) -> None:
    """Whether what is in force after a revocation still agrees with itself.

    A revoked second opinion may bring back a first one that other decisions have overtaken.

    Raises:
        DecisionContradicts: it does not.
    """
    for found in contradictions(in_force(remaining)):
        raise DecisionContradicts(about, "revoked", [*found.chain, found.against])


def _check_again(judged: Judgement, state: ReviewState) -> None:
    decision = state.decision
    if decision is None:
        raise OpinionRefused(judged.question, "two opinions disagree: a final one is wanted")
    undecided = decision.verdict == "cannot_tell"
    if not (undecided and decision.basis != judged.basis):
        raise AlreadyDecided(judged.question, decision)


def _check_second(judged: Judgement, state: ReviewState | None) -> None:
    if state is None:
        raise OpinionRefused(judged.question, "there is no first")
    if len(state.opinions) > 1:
        raise AlreadyDecided(judged.question, state.opinions[-1])
    if state.opinions[0].by.casefold() == judged.by.casefold():
        raise OpinionRefused(judged.question, f"{judged.by} gave the first")
