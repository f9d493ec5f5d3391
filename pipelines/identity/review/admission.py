"""Which judgement the ledger takes: the rules of entry, one judgement at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.identity.review.decisions import (
    Decision,
    Inference,
    Judgement,
    Opinion,
    Pair,
    Standing,
    contradictions,
    in_force,
    infer,
    standings,
)
from pipelines.identity.review.errors import AlreadyDecided, DecisionContradicts, OpinionRefused


@dataclass
class Admission:
    """The state of the ledger against which the next judgement is held."""

    decisions: list[Decision]
    _standings: dict[Pair, Standing] = field(init=False)
    _graph: Inference = field(init=False)

    def __post_init__(self) -> None:
        self._standings = dict(standings(self.decisions))
        self._graph = infer(in_force(self.decisions))

    def opinion(self, pair: Pair, *, second: bool) -> Opinion:
        """Which opinion on the pair comes next."""
        standing = self._standings.get(pair)
        if standing and standing.verdict is None:
            return "final"
        return "second" if second else "first"

    def check(self, judged: Judgement) -> None:
        """Let a judgement pass, or say why not.

        Raises:
            AlreadyDecided: the question has an answer, and the records have not changed since one
                that could not tell.
            OpinionRefused: a second opinion without a first, a third, or one by the same steward.
            DecisionContradicts: earlier decisions say the opposite.
        """
        standing = self._standings.get(judged.pair)
        if judged.opinion == "second":
            _check_second(judged, standing)
            return  # agreeing it adds nothing to what is in force, disagreeing it takes away
        if judged.opinion == "first" and standing:
            _check_again(judged, standing)
        if chain := self._graph.contradiction(judged):
            raise DecisionContradicts(judged.question, judged.verdict, chain)

    def holds(self, judged: Judgement) -> bool:
        """Whether the pair has this very verdict already, by a decision of its own."""
        standing = self._standings.get(judged.pair)
        return standing is not None and standing.verdict == judged.verdict

    def note(self, decision: Decision) -> None:
        """Take a decision into account for the judgements that follow."""
        self.decisions.append(decision)
        if decision.opinion == "first" and decision.pair not in self._standings:
            self._standings[decision.pair] = Standing((decision,))
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


def _check_again(judged: Judgement, standing: Standing) -> None:
    decision = standing.decision
    if decision is None:
        raise OpinionRefused(judged.question, "two opinions disagree: a final one is wanted")
    undecided = decision.verdict == "cannot_tell"
    if not (undecided and decision.basis != judged.basis):
        raise AlreadyDecided(judged.question, decision)


def _check_second(judged: Judgement, standing: Standing | None) -> None:
    if standing is None:
        raise OpinionRefused(judged.question, "there is no first")
    if len(standing.opinions) > 1:
        raise AlreadyDecided(judged.question, standing.opinions[-1])
    if standing.opinions[0].by.casefold() == judged.by.casefold():
        raise OpinionRefused(judged.question, f"{judged.by} gave the first")
