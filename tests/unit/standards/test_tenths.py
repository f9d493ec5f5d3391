"""Scores and rates are never told as whole or as nothing if they are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.standards.tenths import tenths


@pytest.mark.parametrize(
    ("value", "shown"),
    [(100, "100.0"), (99.97, "99.9"), (99.9999, "99.9"), (0, "0.0"), (0.0004, "0.1"),
     (87.14, "87.1"), (99.94, "99.9")],
)  # fmt: skip
def test_a_figure_with_one_decimal(value, shown):
    assert tenths(value) == shown


@given(st.floats(0, 100))
def test_only_all_is_told_as_all_and_only_nothing_as_nothing(value):
    assert (tenths(value) == "100.0") == (value == 100)
    assert (tenths(value) == "0.0") == (value == 0)
    assert abs(float(tenths(value)) - value) < 0.1001
