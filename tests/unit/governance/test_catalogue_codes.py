"""Resource codes are given once and for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DeclarationRefused
from pipelines.governance.resources.declared import (
    CODES_NAME,
    assign_codes,
    read_codes,
    read_declaration,
    write_codes,
)

origins = st.text("abcdefgh", min_size=1, max_size=3)
worlds = st.lists(
    st.dictionaries(origins, st.sampled_from(["101001", "307006", "30700601"])), max_size=6
)


def test_new_resources_follow_the_highest_of_their_branch():
    branches = {"a": "307006", "b": "101001", "c": "307006"}
    codes, new = assign_codes({"old": "307006/000041"}, branches)
    assert codes == {
        "old": "307006/000041",
        "a": "307006/000042",
        "b": "101001/000001",
        "c": "307006/000043",
    }
    assert new == ["a", "b", "c"]


@given(worlds)
def test_whatever_comes_and_goes_no_code_changes_or_is_given_twice(days):
    codes = {}
    for branches in days:
        before = dict(codes)
        codes, _ = assign_codes(codes, branches)
        assert {**codes, **before} == codes
        assert len(set(codes.values())) == len(codes)
        assert all(codes[each].split("/")[0] for each in branches)


def test_codes_are_read_as_they_were_written(tmp_path):
    codes = {"source a": "307006/000001", "library population": "101001/7"}
    write_codes(tmp_path, codes)
    assert read_codes(tmp_path) == codes
    assert read_codes(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("source b,30706/1", "no resource code"),
        (",307006/000002", "no resource code"),
        ("source a,307006/000002", "has a code already"),
        ("source b,307006/000001", "another resource"),
    ],
)
def test_a_register_of_codes_that_cannot_be_is_refused_with_its_line(tmp_path, line, problem):
    file = tmp_path / CODES_NAME
    file.write_text(f"origin,code\nsource a,307006/000001\n{line}\n", encoding="utf-8")
    with pytest.raises(DeclarationRefused, match=problem) as refused:
        read_codes(tmp_path)
    assert (refused.value.file, refused.value.field) == (file, "line 3")


DECLARED = """
jurisdiction: 江城市
provider_of_libraries: data
departments:
  data: {title: 江城市数据局, uscc: "1"}
library_branches:
  population: {code: "101001", path: [基础信息资源, 国家人口, 人口]}
department_branches: {}
"""


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("jurisdiction: 江城市\n", "", "jurisdiction"),
        ("provider_of_libraries: data", "provider_of_libraries: police", "provider_of_libraries"),
        ('"101001"', '"10101"', "library_branches.population.code"),
        ('"101001"', '"401001"', "library_branches.population.code"),
        (", 国家人口, 人口]", "]", "library_branches.population.path"),
        ("department_branches: {}", "department_branches: {}\ncolour: red", "colour"),
        ("uscc", "code", "departments.data.code"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused_with_its_field(tmp_path, old, new, field):
    file = tmp_path / "catalogue.yml"
    file.write_text(DECLARED, encoding="utf-8")
    assert read_declaration(tmp_path).departments["data"].title == "江城市数据局"
    assert old in DECLARED
    file.write_text(DECLARED.replace(old, new), encoding="utf-8")
    with pytest.raises(DeclarationRefused) as refused:
        read_declaration(tmp_path)
    assert (refused.value.file, refused.value.field) == (file, field)
