"""Open data sets show no small group, and nothing from which one could be computed."""

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import ibis
import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from pipelines.errors import DeclarationRefused
from pipelines.flows.governance.open_data import count_cells
from pipelines.governance.opendata.declared import OpenDataSet, read_open_data
from pipelines.governance.opendata.protect import protect_records, protect_table, rounded
from pipelines.governance.opendata.risk import measure_risk, refusals
from pipelines.governance.opendata.write import edition_of, published_cells, write_edition
from pipelines.libraries import load_libraries

GOOD = {
    "title": "单位数量", "description": "按区划和状态", "library": "legal_entity", "form": "table",
    "columns": {"region_code": "prefix 4", "entity_status": "exact"}, "licence": "开放",
    "k": 5, "most_suppressed": 1.0,
}  # fmt: skip
tables = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), st.integers(1, 30), min_size=1
)


def declared(**changed):
    return OpenDataSet(**GOOD | changed, name="units")


@given(tables, st.integers(3, 12))
def test_no_small_cell_is_shown_and_none_is_lost(counts, k):
    protected = protect_table(counts, k, 1)
    assert protected.shown.keys() | protected.suppressed.keys() == counts.keys()
    assert not protected.shown.keys() & protected.suppressed.keys()
    assert all(n >= k for n in protected.shown.values())
    assert protected.entities == sum(counts.values())


def range_of(cell, counts, hidden):
    """What somebody can say of a hidden cell who knows the sums of rows and columns (LP).

    Of those that have two cells and more: the sum of one is the cell, and must not be published.
    A cell that is there has one entity at least.
    """
    cells = Counter((place, key[place]) for key in counts for place in (0, 1))
    known = [line for line, size in cells.items() if size > 1]
    lines = [[key for key in hidden if key[place] == value] for place, value in known]
    lines = [line for line in lines if line]
    sums = np.array([[key in line for key in hidden] for line in lines], float)
    totals = [sum(counts[key] for key in line) for line in lines]
    aim = np.array([key == cell for key in hidden], float)
    if not lines:
        return 0, float("inf")
    low = linprog(aim, A_eq=sums, b_eq=totals, bounds=(1, None))
    high = linprog(-aim, A_eq=sums, b_eq=totals, bounds=(1, None))
    return low.fun, -high.fun if high.success else float("inf")


@given(tables, st.integers(3, 12))
@settings(max_examples=60, deadline=None)
def test_sums_of_rows_and_columns_determine_no_hidden_cell(counts, k):
    protected = protect_table(counts, k, 1)
    hidden = list(protected.suppressed)
    if protected.exposed:
        return  # it says so, and is refused
    for cell in hidden:
        low, high = range_of(cell, counts, hidden)
        assert high - low > 0.5, (cell, counts, hidden)


def test_two_circles_joined_by_one_cell_do_not_give_it_away():
    circle = [("a", "w"), ("a", "x"), ("b", "w"), ("b", "x")]
    other = [("c", "y"), ("c", "z"), ("d", "y"), ("d", "z")]
    counts = dict.fromkeys([*circle, *other], 4) | {("b", "y"): 2}
    counts |= {(r, c): 50 for r in "abcd" for c in "wxyz" if (r, c) not in counts}
    protected = protect_table(counts, 5, 1)
    assert protected.suppressed.keys() > {*circle, *other, ("b", "y")}
    assert protected.exposed == 0


def test_a_cell_that_nothing_can_hide_is_told():
    counts = {("a", "w"): 1, ("a", "x"): 1, ("b", "w"): 1, ("b", "x"): 1, ("c", "w"): 1,
              ("d", "y"): 3}  # fmt: skip
    assert protect_table(counts, 3, 1).exposed
    of, measured = risk(counts, k=3)
    assert "could be computed from sums" in refusals(of, measured)[0]


def test_cells_of_one_each_are_not_told_by_their_sum():
    # Three cells that sum to three are one each, whatever is hidden of them.
    counts = {("a", "w"): 1, ("a", "x"): 1, ("a", "y"): 1, ("a", "z"): 40, ("b", "z"): 50,
              ("b", "w"): 60, ("b", "x"): 60, ("b", "y"): 60}  # fmt: skip
    assert ("a", "z") in protect_table(counts, 3, 1).suppressed


def test_a_lone_small_cell_takes_the_smallest_of_its_lines_along():
    counts = {("a", "w"): 2, ("a", "x"): 90, ("a", "y"): 40, ("b", "w"): 70, ("b", "x"): 60,
              ("b", "y"): 50}  # fmt: skip
    assert set(protect_table(counts, 5, 1).suppressed) == {
        ("a", "w"), ("a", "y"), ("b", "w"), ("b", "y"),
    }  # fmt: skip


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_rounding_is_to_the_nearest_multiple(count, to):
    result = rounded(count, to)
    assert result % to == 0
    assert abs(result - count) * 2 <= to


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.sampled_from("123")), st.integers(1, 9), min_size=1
    ),
    st.integers(3, 9),
    st.integers(2, 3),
)
def test_records_are_shown_in_large_and_diverse_groups_alone(counts, k, least):
    protected = protect_records(counts, k, (1, least))
    sizes, values = Counter(), Counter()
    for key, n in counts.items():
        sizes[key[0]] += n
        values[key[0]] += 1
    for key in counts:
        is_shown = sizes[key[0]] >= k and values[key[0]] >= least
        assert (key in protected.shown) == is_shown
    plain = protect_records(counts, k, None)
    assert plain.shown == {key: n for key, n in counts.items() if n >= k}


def risk(counts, last=None, **changed):
    of = declared(**changed)
    protected = protect_table(counts, of.k, of.round_to)
    return of, measure_risk(of, counts, protected, last)


def test_the_risk_is_measured_on_what_would_be_shown():
    counts = {("a", "w"): 1, ("a", "x"): 4, ("b", "w"): 40, ("b", "x"): 8}
    _, measured = risk(counts, k=5)
    assert (measured.entities, measured.unique) == (53, 1)
    assert measured.suppressed == 53  # the small two of one row take the other row along
    _, measured = risk({("a", "w"): 20, ("b", "x"): 8})
    assert (measured.smallest, measured.highest, measured.suppressed) == (8, 0.125, 0)


def test_what_says_too_little_or_too_much_is_refused():
    of, measured = risk({("a", "w"): 1, ("a", "x"): 4})
    assert "Nothing is left" in refusals(of, measured)[0]
    counts = {("a", "w"): 4, ("a", "x"): 4, ("b", "y"): 92}
    of, measured = risk(counts, most_suppressed=0.05)
    assert "8.0% of the entities would be left out" in refusals(of, measured)[0]
    assert refusals(*risk(counts, most_suppressed=0.1)) == []


def test_a_cell_that_moved_a_little_tells_who_came_and_is_refused():
    counts = {("a", "w"): 20, ("b", "x"): 30}
    last = {("a", "w"): 18, ("b", "x"): 30}
    of, measured = risk(counts, last)
    assert measured.narrow_changes == 1
    assert "Set round_to to 5" in refusals(of, measured)[0]
    assert refusals(*risk(counts, {("a", "w"): 15, ("b", "x"): 30}, round_to=5)) == []
    assert refusals(*risk(counts, {("a", "w"): 10, ("b", "x"): 30})) == []


def write(tmp_path, **changed):
    folder = tmp_path / "open_data"
    folder.mkdir(exist_ok=True)
    given = {k: v for k, v in (GOOD | changed).items() if v is not None}
    (folder / "units.yml").write_text(
        yaml.safe_dump(given, allow_unicode=True, sort_keys=False), "utf-8"
    )
    return read_open_data(tmp_path, load_libraries())["units"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": None}, "title"),
        ({"colour": "red"}, "colour"),
        ({"library": "vehicles"}, "library"),
        ({"columns": {}}, "columns"),
        ({"columns": {"colour": "exact"}}, "columns.colour"),
        ({"columns": {"organization_name": "exact"}}, "columns.organization_name"),
        ({"columns": {"uscc": "exact"}}, "columns.uscc"),
        ({"columns": {"uscc": "prefix 8"}}, "columns.uscc"),
        ({"columns": {"legal_representative_citizen_id": "prefix 6"}},
         "columns.legal_representative_citizen_id"),
        ({"columns": {"phone": "prefix 3"}}, "columns.phone"),
        ({"columns": {"establishment_date": "exact"}}, "columns.establishment_date"),
        ({"columns": {"region_code": "year"}}, "columns.region_code"),
        ({"columns": {"region_code": "county"}}, "columns.region_code"),
        ({"columns": {"region_code": "prefix 0"}}, "columns.region_code"),
        ({"library": "population", "columns": {"birth_date": "month"}}, "columns.birth_date"),
        ({"where": {"phone": ["1"]}}, "where.phone"),
        ({"k": 2}, "k"),
        ({"round_to": 0}, "round_to"),
        ({"most_suppressed": 2.0}, "most_suppressed"),
        ({"diversity": {"column": "entity_status", "least": 2}}, "diversity.column"),
        ({"form": "records", "diversity": {"column": "phone", "least": 2}}, "diversity.column"),
        ({"form": "records", "diversity": {"column": "entity_status", "least": 1}},
         "diversity.least"),
    ],
)  # fmt: skip
def test_a_declaration_that_would_show_too_much_is_refused(tmp_path, changed, field):
    assert write(tmp_path).name == "units"
    with pytest.raises(DeclarationRefused) as refused:
        write(tmp_path, **changed)
    assert refused.value.field == field


def test_no_column_that_names_or_places_somebody_can_be_shown_as_it_is(tmp_path):
    for library in load_libraries().values():
        for column in library.columns.values():
            if column.element.mask != "none" or column.element.code_table is None:
                with pytest.raises(DeclarationRefused):
                    write(tmp_path, library=library.name, columns={column.name: "exact"})


def test_an_edition_is_the_same_in_every_form(tmp_path):
    counts = {("5301", "1"): 20, ("5301", None): 8, ("5303", "1"): 30, ("5303", "2"): 1}
    of = write(tmp_path, k=5)
    protected = protect_table(counts, 5, 5)
    edition = edition_of(of, load_libraries()["legal_entity"], protected, 3, "2026-06-30")
    out = tmp_path / "out"
    out.mkdir()
    write_edition(edition, out)
    with (out / "data.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["region_code"] for r in rows] == ["5301", "5301", "5303", "5303"]
    assert {r["count"] for r in rows if r["region_code"] == "5303"} == {""}
    as_json = json.loads((out / "data.json").read_text("utf-8"))
    assert pq.read_table(out / "data.parquet").to_pylist() == as_json
    assert published_cells(out / "data.json", list(of.columns)) == dict(protected.shown)
    package = json.loads((out / "datapackage.json").read_text("utf-8"))
    described = json.loads((out / "data.csv-metadata.json").read_text("utf-8"))
    fields = [f["name"] for f in package["resources"][0]["schema"]["fields"]]
    assert fields == [c["name"] for c in described["tableSchema"]["columns"]] == list(rows[0])
    assert package["version"] == "3"


def test_records_have_nothing_that_numbers_them(tmp_path):
    of = write(tmp_path, form="records", k=3)
    protected = protect_records({("5303", "1"): 2, ("5301", "1"): 3}, 3, None)
    edition = edition_of(of, load_libraries()["legal_entity"], protected, 1, "2026-06-30")
    assert list(edition.rows) == [{"region_code": "5301", "entity_status": "1"}] * 3


def test_the_demo_city_s_data_sets_can_work():
    project = Path(__file__).parents[3]
    assert read_open_data(project / "governance", load_libraries())


def test_values_are_generalised_before_anybody_counts(tmp_path):
    con = ibis.duckdb.connect()
    core = ibis.memtable(
        {
            "region_code": ["530102", "530103", "530102", None],
            "establishment_date": [date(2001, 5, 3), date(2001, 9, 9), date(2002, 1, 1), None],
            "entity_status": ["1", "1", "2", "1"],
        }
    )
    session = SimpleNamespace(con=con, lake=SimpleNamespace(read=lambda _con, _table: core))
    of = declared(
        columns={"region_code": "prefix 4", "establishment_date": "year"},
        where={"entity_status": ["1"]},
    )
    assert count_cells(session, of) == {("5301", "2001"): 2, (None, None): 1}
    of = declared(columns={"establishment_date": "decade"}, where={"entity_status": ["1"]})
    assert count_cells(session, of) == {("2000",): 2, (None,): 1}
