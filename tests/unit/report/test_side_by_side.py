"""Two records side by side: marks from the values, masks over them."""

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.clean.masking import mask_text
from pipelines.engines import kept_sql
from pipelines.libraries import load_libraries, load_library
from pipelines.records import LINEAGE
from pipelines.report.steward.side_by_side import _one_edit, side_by_side

LIBRARY = load_library("population")
CON = kept_sql.connect(threads=1)


def distance(one, other):
    """Levenshtein's own recursion, over characters."""
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return distance(one[1:], other[1:])
    return 1 + min(distance(one[1:], other), distance(one, other[1:]), distance(one[1:], other[1:]))


words = st.text("王伟韦a1", min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=30))
def test_one_edit_counts_characters(pairs):
    table = ibis.memtable({"a": [a for a, _ in pairs], "b": [b for _, b in pairs]})
    told = CON.to_pyarrow(table.select(near=_one_edit(table.a, table.b)))["near"].to_pylist()
    assert told == [distance(a, b) <= 1 for a, b in pairs]


def shown(left, right, library=LIBRARY, **options):
    names = {**LINEAGE, **library.record_columns}
    rows = [
        {name: said.get(name) for name in names} | {"source": "a__b", "source_key": key}
        for key, said in (("1", left), ("2", right))
    ]
    columns = {name: [row[name] for row in rows] for name in names}
    records = ibis.memtable(columns, schema=dict.fromkeys(names, "string")).cast(names)
    pairs = ibis.memtable(
        {
            "question": ["q"],
            "left_source": ["a__b"],
            "left_key": ["1"],
            "right_source": ["a__b"],
            "right_key": ["2"],
        }
    )
    (row,) = CON.to_pyarrow(side_by_side(pairs, records, library, **options)).to_pylist()
    return row


@pytest.mark.parametrize(
    ("left", "right", "mark"),
    [
        ("13900000001", "13900000001", "＝"),
        ("13900000001", "13900000002", "≈"),
        ("13900000001", "13800000002", "≠"),
        ("13900000001", None, "—"),
        (None, None, ""),
    ],
)
def test_marks(left, right, mark):
    assert shown({"mobile": left}, {"mobile": right})["mark_mobile"] == mark


def test_codes_are_equal_or_not_and_never_one_character_apart():
    row = shown({"sex_code": "1", "marital_code": "21"}, {"sex_code": "2", "marital_code": "22"})
    assert (row["mark_sex_code"], row["differ_sex_code"]) == ("≠", None)
    assert (row["mark_marital_code"], row["differ_marital_code"]) == ("≠", None)


def test_how_two_values_differ_is_said_although_both_are_masked():
    row = shown(
        {"birth_date": "1990-03-07", "citizen_id": "110101199003079999"},
        {"birth_date": "1990-07-03", "citizen_id": "110101199003079991"},
    )
    assert (row["left_birth_date"], row["right_birth_date"]) == ("***", "***")
    assert row["differ_birth_date"] == "月日颠倒"
    assert row["differ_citizen_id"] == "差一位"
    assert shown({"mobile": "13900000001"}, {})["differ_mobile"] is None


def test_what_is_compared_is_what_the_resolver_compares():
    one, other = {"person_name": "張三", "person_name_key": "张三"}, {"person_name": "张三"}
    assert shown(one, other)["mark_person_name"] == "＝"


@pytest.mark.parametrize("library", load_libraries().values(), ids=lambda one: one.name)
def test_every_column_is_masked_as_its_element_demands(library):
    said = {name: "110105199001011239" for name, c in library.columns.items() if c.type == "string"}
    masked, plain = shown(said, said, library), shown(said, said, library, unmasked=True)
    for name in said:
        mask = library.columns[name].element.mask
        assert masked[f"left_{name}"] == mask_text(said[name], mask)
        assert plain[f"right_{name}"] == said[name]
