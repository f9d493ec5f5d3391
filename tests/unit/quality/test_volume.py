"""Volume bounds: robust against one odd delivery, silent about usual ones."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.quality.volume import volume_bounds

COUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("history", "bounds"),
    [
        ([], (1, None)),
        ([1000], (500, 1500)),
        ([1000, 1200], (550, 1650)),
        ([1000, 1000, 1000, 1000], (800, 1200)),
        ([100, 200, 300, 400, 500], (0, 1041)),
        ([1000, 1001, 999, 1000, 50_000], (800, 1200)),
        ([0, 0, 0], (0, 0)),
    ],
)
def test_bounds(history: list[int], bounds: tuple[int, int | None]) -> None:
    assert volume_bounds(history) == bounds


@given(COUNTS)
def test_the_median_is_always_usual(history: list[int]) -> None:
    low, high = volume_bounds(history)
    assert high is not None
    assert 0 <= low <= round(median(history)) <= high


@given(st.integers(100, 10**6), st.integers(0, 10**9))
def test_one_odd_delivery_changes_nothing(usual: int, odd: int) -> None:
    assert volume_bounds([usual] * 5 + [odd]) == volume_bounds([usual] * 5)


@given(COUNTS)
def test_order_does_not_matter(history: list[int]) -> None:
    assert volume_bounds(sorted(history)) == volume_bounds(history)
