"""Whole columns become text as their values would one by one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract.connections import database
from pipelines.extract.formats import excel
from pipelines.extract.formats.chunk import text_array

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
of_databases = st.one_of(
    text,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=2),
)
of_sheets = st.one_of(
    text,
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(),
    st.times(),
)


@given(st.one_of(st.lists(of_databases), st.lists(st.one_of(text, st.none()))))
def test_a_column_of_a_database_is_its_values_one_by_one(values):
    assert text_array(values, database.render).to_pylist() == [
        database.render(each) for each in values
    ]


@given(st.one_of(st.lists(of_sheets), st.lists(text)))
def test_a_column_of_a_sheet_is_its_cells_one_by_one(values):
    assert text_array(values, excel.show).to_pylist() == [excel.show(each) for each in values]


class _Written(str):
    """Text that is to be shown in another way."""

    __slots__ = ()


@pytest.mark.parametrize("other", [b"a", _Written("a"), 1, dt.date(2026, 6, 30)])
def test_only_what_is_text_and_nothing_else_is_taken_as_it_is(other):
    def show(value):
        return value if type(value) is str else "shown"

    assert text_array(["a", other], show).to_pylist() == ["a", "shown"]
    assert text_array(("a", "b"), lambda _: pytest.fail("text needs no showing")).to_pylist() == [
        "a",
        "b",
    ]
