"""Wilson's bound against the equation that defines it; the estimate against hand-made samples."""

from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.identity.review.accuracy import Stratum, accuracy, wilson_lower

Z = 1.6448536269514722  # 95 %, one-sided, from a table


def solved(share, n, z):
    """The smallest p with |share - p| = z·sqrt(p(1-p)/n), by halving: no formula of Wilson's."""
    low, high = 0.0, share
    for _ in range(200):
        middle = (low + high) / 2
        far = share - middle > z * sqrt(middle * (1 - middle) / n)
        low, high = (middle, high) if far else (low, middle)
    return high


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_bound_solves_its_equation(seen):
    right, n = seen
    assert wilson_lower(right / n, n, Z) == pytest.approx(solved(right / n, n, Z), abs=1e-9)


def test_published_values():
    # Newcombe (1998), table I, method 3: 81/263 and 15/148, 95 % two-sided
    assert wilson_lower(81 / 263, 263, 1.959964) == pytest.approx(0.2553, abs=5e-5)
    assert wilson_lower(15 / 148, 148, 1.959964) == pytest.approx(0.0624, abs=5e-5)
    assert wilson_lower(0.5, 0, Z) == 0


def test_it_covers_about_as_often_as_it_claims():
    """Exact coverage, summed over all samples that a population can give."""
    for true in (0.9, 0.95, 0.99):
        n = 400
        covered = sum(
            comb(n, k) * true**k * (1 - true) ** (n - k)
            for k in range(n + 1)
            if wilson_lower(k / n, n, Z) <= true
        )
        assert covered > 0.93


strata = st.lists(
    st.tuples(st.booleans(), st.integers(1, 10**6), st.integers(0, 300)).flatmap(
        lambda told: st.builds(lambda right: (*told, right), st.integers(0, min(told[2], told[1])))
    ),
    max_size=6,
).map(
    lambda all_: [
        Stratum(str(i), linked, size, min(sampled, size), right)
        for i, (linked, size, sampled, right) in enumerate(all_)
    ]
)


@given(strata)
def test_a_bound_is_below_its_mean_and_a_share(some):
    found = accuracy(some)
    for mean, lower in (
        (found.precision_mean, found.precision_lower),
        (found.recall_mean, found.recall_lower),
    ):
        assert 0 <= lower <= 1
        assert lower <= (mean if mean is not None else 0) + 1e-9


def test_one_stratum_is_wilson_itself():
    found = accuracy([Stratum("linked:rule", True, 10_000, 300, 299)])
    assert found.precision_mean == pytest.approx(299 / 300)
    assert found.precision_lower == pytest.approx(wilson_lower(299 / 300, 300, Z))
    assert found.recall_mean is None
    assert found.recall_lower == 0  # of what is apart nothing was judged


def test_a_stratum_that_nobody_looked_at_counts_as_wrong():
    seen = Stratum("linked:rule", True, 900, 100, 100)
    both = accuracy([seen, Stratum("linked:score", True, 100, 0, 0)])
    assert both.precision_lower == pytest.approx(0.9 * accuracy([seen]).precision_lower)


def test_recall_is_what_was_found_of_what_there_is():
    found = accuracy(
        [Stratum("linked:rule", True, 9_000, 500, 500), Stratum("apart:x", False, 1_000, 500, 400)]
    )
    assert found.recall_mean == pytest.approx(9_000 / (9_000 + 200))
    assert 0.95 < found.recall_lower < found.recall_mean


@given(st.integers(1, 200), st.integers(1, 200))
def test_more_of_the_same_proves_more(right, wrong):
    few = accuracy([Stratum("l", True, 10**6, right + wrong, right)])
    many = accuracy([Stratum("l", True, 10**6, 4 * (right + wrong), 4 * right)])
    assert many.precision_lower > few.precision_lower
