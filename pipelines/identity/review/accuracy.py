"""How right a resolution is, from a sample that stewards judged: lower bounds, not hopes.

Links and pairs left apart are sampled by stratum (by rule, or by band of probability). Shares of
strata are weighed by their sizes; the bound is Wilson's score interval, one-sided, with the
effective size of the sample (Kish): ``n = 1 / sum(w_s**2 / n_s)`` for strata of weight ``w_s``.

    lower = (p + z²/2n - z·sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)

Assumptions: within a stratum pairs are drawn by lot; stewards are right; strata vary about alike,
for which the effective size is exact. A stratum of which nothing was judged counts as wrong
throughout, and so does "cannot tell". Pairs that were never compared are not seen: recall is that
of the pairs that the run compared and kept. Wilson (1927); Kish (1965), Survey Sampling, 11.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Stratum:
    """``size`` pairs of which ``sampled`` were judged, ``right`` of them as the machine has them.

    ``linked``: the machine made them one entity; right is then ``same``, otherwise ``different``.
    """

    name: str
    linked: bool
    size: int
    sampled: int
    right: int


@dataclass(frozen=True)
class Accuracy:
    """Means are ``None`` where nothing was judged; bounds are 0 where nothing can be said."""

    confidence: float
    links: int
    sampled: int
    precision_mean: float | None
    precision_lower: float
    recall_mean: float | None
    recall_lower: float


def wilson_lower(share: float, n: float, z: float) -> float:
    """The lower end of Wilson's score interval for a share seen in ``n`` draws."""
    if n <= 0:
        return 0.0
    centre = share + z * z / (2 * n)
    half = z * sqrt(max(0.0, share * (1 - share)) / n + z * z / (4 * n * n))
    return max(0.0, (centre - half) / (1 + z * z / n))


def accuracy(strata: Sequence[Stratum], confidence: float = 0.95) -> Accuracy:
    """Precision and recall of the links, each with a lower bound of this confidence.

    ``recall = T / (T + F)``, with ``T`` true links and ``F`` pairs wrongly left apart. Its bound
    takes the lower bound of one and the upper bound of the other, each at half the risk.
    """
    linked = [each for each in strata if each.linked]
    apart = [each for each in strata if not each.linked]
    links, pairs_apart = (sum(each.size for each in some) for some in (linked, apart))
    z = NormalDist().inv_cdf(confidence)
    half_risk = NormalDist().inv_cdf(1 - (1 - confidence) / 2)
    precision, rightly_apart = _mean(linked), _mean(apart)
    recall_mean, recall_lower = None, 0.0
    if precision is not None and rightly_apart is not None:
        recall_mean = _recall(links * precision, pairs_apart * (1 - rightly_apart))
        missed = pairs_apart * (1 - _lower(apart, half_risk))
        recall_lower = _recall(links * _lower(linked, half_risk), missed)
    return Accuracy(
        confidence=confidence,
        links=links,
        sampled=sum(each.sampled for each in strata),
        precision_mean=precision,
        precision_lower=_lower(linked, z),
        recall_mean=recall_mean,
        recall_lower=recall_lower,
    )


def _judged(strata: Sequence[Stratum]) -> list[Stratum]:
    return [each for each in strata if each.sampled and each.size]


def _mean(strata: Sequence[Stratum]) -> float | None:
    """The share that is right, of the strata of which something was judged."""
    judged = _judged(strata)
    size = sum(each.size for each in judged)
    return sum(each.size * each.right / each.sampled for each in judged) / size if size else None


def _lower(strata: Sequence[Stratum], z: float) -> float:
    mean, judged = _mean(strata), _judged(strata)
    if mean is None:
        return 0.0
    size = sum(each.size for each in judged)
    effective = 1 / sum((each.size / size) ** 2 / each.sampled for each in judged)
    return size / sum(each.size for each in strata) * wilson_lower(mean, effective, z)


def _recall(found: float, missed: float) -> float:
    return found / (found + missed) if found + missed else 0.0
