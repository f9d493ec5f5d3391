"""What stewards decided about pairs of records, and everything that follows from it.

``same`` is transitive (A=B and B=C: A=C), ``different`` is inherited (A≠B and B=C: A≠C), and
``cannot_tell`` says nothing. A contradiction, two records that are the same by one chain and
different by another, is never averaged: it is refused with the chain that says otherwise.

The ledger is append-only. What is in force is a function of it, ``in_force``; so is everything
here. These are people's decisions, thousands and not millions: Python is the engine for once.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NamedTuple, Self

Verdict = Literal["same", "different", "cannot_tell"]
Opinion = Literal["first", "second", "final"]
Cause = Literal["potential_match", "conflict", "budget", "audit", "unmerge", "move"]


class Record(NamedTuple):
    """A source record, wherever it belongs."""

    source: str
    key: str


class Pair(NamedTuple):
    """Two records, the smaller first: A, B and B, A are one question."""

    left: Record
    right: Record


def pair_of(one: Record, other: Record) -> Pair:
    """The pair of two records, whichever is named first.

    Raises:
        ValueError: it is one record named twice.
    """
    if one == other:
        raise ValueError("a record is not compared with itself")
    return Pair(*sorted((one, other)))


@dataclass(frozen=True)
class Revocation:
    """Who took a decision back, when and why."""

    act: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Judgement:
    """What a steward says about one pair; a ``Decision`` once the ledger has it.

    ``act`` is common to all judgements of one command and is what is revoked. ``cause`` is why the
    question was asked. ``basis`` is a digest of the two records as the steward saw them.
    ``stratum``, ``probability`` and ``model`` are how the run scored the pair at that time.
    """

    act: str
    question: str
    pair: Pair
    opinion: Opinion
    verdict: Verdict
    reason: str
    by: str
    cause: Cause
    basis: str = ""
    probability: float | None = None
    stratum: str = ""
    model: str = ""

    def in_stratum(self, stratum: str) -> Self:
        """The same judgement, of a pair that was drawn from another stratum."""
        return replace(self, stratum=stratum)


@dataclass(frozen=True, kw_only=True)
class Decision(Judgement):
    """A judgement in the ledger; ``id`` is its place there."""

    id: int
    at: datetime
    revoked: Revocation | None = None


@dataclass(frozen=True)
class ReviewState:
    """The state of a question: the opinions of its last round that were not revoked."""

    opinions: Sequence[Decision]

    @property
    def verdict(self) -> Verdict | None:
        """The verdict in force; ``None`` while two opinions disagree and no third settled it."""
        *_, last = self.opinions
        if last.opinion == "final" or len({each.verdict for each in self.opinions}) == 1:
            return last.verdict
        return None

    @property
    def decision(self) -> Decision | None:
        """The decision that carries the verdict in force."""
        return self.opinions[-1] if self.verdict else None


def review_states(ledger: Iterable[Decision]) -> Mapping[Pair, ReviewState]:
    """The state of every pair that was ever decided and not wholly revoked.

    A ``first`` opinion opens a new round of its pair; ``second`` and ``final`` belong to the round
    that is open. Of one kind of opinion the latest counts.
    """
    rounds: dict[Pair, dict[Opinion, Decision]] = {}
    for each in sorted(ledger, key=lambda decision: decision.id):
        if each.revoked:
            continue
        if each.opinion == "first":
            rounds[each.pair] = {}
        rounds.setdefault(each.pair, {})[each.opinion] = each
    return {pair: ReviewState(tuple(opinions.values())) for pair, opinions in rounds.items()}


def in_force(ledger: Iterable[Decision]) -> list[Decision]:
    """Per pair the decision in force, of those that say ``same`` or ``different``."""
    carried = (standing.decision for standing in review_states(ledger).values())
    return [each for each in carried if each and each.verdict != "cannot_tell"]


@dataclass(frozen=True)
class Contradiction:
    """Decisions that cannot all be true: a chain of ``same`` whose ends are ``different``."""

    chain: Sequence[Decision]
    against: Decision


@dataclass
class Inference:
    """The judgement graph: what a set of decisions says about any pair, and by which chain."""

    _same: dict[Record, list[tuple[Record, Decision]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _different: dict[Record, list[tuple[Record, Decision]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, decision: Decision) -> None:
        """Take a decision in; ``cannot_tell`` adds nothing."""
        edges = {"same": self._same, "different": self._different}.get(decision.verdict)
        if edges is not None:
            left, right = decision.pair
            edges[left].append((right, decision))
            edges[right].append((left, decision))

    def verdict(self, pair: Pair) -> Verdict | None:
        """``same`` or ``different`` as it follows from the decisions, or ``None``."""
        chain = self.chain(pair)
        if chain is None:
            return None
        return "different" if any(each.verdict == "different" for each in chain) else "same"

    def chain(self, pair: Pair) -> Sequence[Decision] | None:
        """The decisions from which the pair's verdict follows, in order from left to right.

        The shortest chain of ``same``; failing that the shortest one with a single ``different``.
        """
        ways = self._ways(pair.left)
        return ways.get((pair.right, False)) or ways.get((pair.right, True))

    def group(self, record: Record) -> frozenset[Record]:
        """All records that are the same as this one, itself among them."""
        return frozenset(each for each, crossed in self._ways(record) if not crossed)

    def contradiction(self, judged: Judgement) -> Sequence[Decision] | None:
        """The chain that says the opposite of a judgement, or ``None`` if nothing does."""
        chain = self.chain(judged.pair)
        if chain is None or judged.verdict == "cannot_tell":
            return None
        says: Verdict = "different" if any(c.verdict == "different" for c in chain) else "same"
        return None if says == judged.verdict else chain

    def _ways(self, start: Record) -> Mapping[tuple[Record, bool], Sequence[Decision]]:
        """Shortest chains from a record, by (record reached, whether a ``different`` was crossed).

        From behind a ``different`` only ``same`` leads on: of A≠B and B≠C follows nothing.
        """
        found: dict[tuple[Record, bool], tuple[Decision, ...]] = {(start, False): ()}
        waiting = deque(found)
        while waiting:
            state = waiting.popleft()
            for onward, decision in self._steps(*state):
                if onward not in found:
                    found[onward] = (*found[state], decision)
                    waiting.append(onward)
        return found

    def _steps(
        self, record: Record, crossed: bool
    ) -> Iterator[tuple[tuple[Record, bool], Decision]]:
        for onward, decision in self._same.get(record, ()):
            yield (onward, crossed), decision
        if not crossed:
            for onward, decision in self._different.get(record, ()):
                yield (onward, True), decision


def infer(decisions: Iterable[Decision]) -> Inference:
    """The judgement graph of decisions that are in force."""
    graph = Inference()
    for each in decisions:
        graph.add(each)
    return graph


def contradictions(decisions: Iterable[Decision]) -> list[Contradiction]:
    """Every ``different`` in force whose two records are the same by a chain of ``same``."""
    known = list(decisions)
    graph = infer(each for each in known if each.verdict == "same")
    return [
        Contradiction(chain, each)
        for each in known
        if each.verdict == "different" and (chain := graph.chain(each.pair))
    ]
