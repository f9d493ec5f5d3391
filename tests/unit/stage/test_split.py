"""Of several rows with one key one stands; where they are about two people, it says so."""

from datetime import date, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.engines.texts import parsed_texts
from pipelines.stage import columns_to_parse, parse_rows, rename_delivered, split_rows

AS_OF = date(2026, 6, 30)
# Of the standard and of docs: valid ones, fictional persons.
ZHANG = {"no": "7", "id": "11010519491231002X", "name": "张三丰", "born": "1949-12-31"}
LI = {"no": "7", "id": "110101199003079999", "name": "李四光", "born": "1990-03-07"}
EARLIER, LATER = {"changed": "2026-06-01 08:00:00"}, {"changed": "2026-06-02 08:00:00"}
COLUMNS = (
    SourceColumn("source_key", "no", primary_key=True),
    SourceColumn("citizen_id", "id", "citizen_id"),
    SourceColumn("person_name", "name", "person_name"),
    SourceColumn("birth_date", "born", "birth_date"),
    SourceColumn("mobile", "phone", "mobile"),
    SourceColumn("changed_at", "changed", "timestamp"),
)


@pytest.fixture(scope="module")
def split(con):
    """How rows are split: a finding's value by name of the row that stands, and how many do not."""

    def go(*rows, columns=COLUMNS, changed_at="changed_at"):
        source = _source(columns, changed_at)
        added = ("_batch", "_file", "_line", "_defect", "_text")
        physical = dict.fromkeys(column.physical_name for column in columns)
        kinds = {name: "int64" if name == "_line" else "string" for name in (*physical, *added)}
        lines = [
            {"_batch": "20260630", "_file": "people.csv", "_line": line, **row}
            for line, row in enumerate(rows, 2)
        ]
        landed = pa.table({name: [line.get(name) for line in lines] for name in kinds})
        raw = rename_delivered(ibis.memtable(landed, schema=ibis.schema(kinds)), source)
        with parsed_texts(con, raw, columns_to_parse(source, raw), AS_OF) as texts:
            parsed = ibis.memtable(con.to_pyarrow(parse_rows(raw, source, AS_OF, texts)))
        done = split_rows(parsed, source)
        told = {}
        for row in con.to_pyarrow(done.staged).to_pylist():
            shared = [each for each in row["findings"] if each["rule"] == "KEY_SHARED"]
            assert all(each["column"] is None for each in shared)
            told[row["person_name"]] = [each["value"] for each in shared]
        superseded = con.execute(done.superseded.count())
        assert len(rows) == len(told) + superseded + con.execute(done.quarantined.count())
        return told, superseded

    return go


def _source(columns, changed_at):
    return Source(
        name="public_security__people",
        title="人口",
        library="population",
        file=Path("people.yml"),
        server=Server(kind="file", format="csv", location="people.csv"),
        columns=columns,
        owner=Owner("示范市公安局", "户政科", ()),
        delivery="snapshot",
        schedule=None,
        frequency=timedelta(days=1),
        changed_at=changed_at,
    )


def test_two_people_under_one_key_are_told_with_the_place_of_the_other(split):
    assert split(ZHANG, LI, changed_at=None) == ({"李四光": ["people.csv:2"]}, 1)
    assert split(ZHANG | EARLIER, LI | LATER) == ({"李四光": ["people.csv:2"]}, 1)
    assert split(ZHANG | LATER, LI | EARLIER) == ({"张三丰": ["people.csv:3"]}, 1)


def test_the_others_are_told_in_the_order_of_their_lines_and_not_all_of_many(split):
    told, superseded = split(*[ZHANG] * 12, LI, changed_at=None)
    assert told == {"李四光": [", ".join(f"people.csv:{line}" for line in range(2, 7))]}
    assert superseded == 12


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        pytest.param(ZHANG, ZHANG, id="the same row twice"),
        pytest.param(ZHANG, ZHANG | {"phone": "13900001234"}, id="another telephone"),
        pytest.param(ZHANG, ZHANG | {"name": "张三风"}, id="another name"),
        pytest.param(LI | {"id": "110101199003079990"}, LI, id="a number that was wrong"),
        pytest.param(ZHANG | {"id": "", "born": ""}, LI | {"id": ""}, id="only another name"),
    ],
)
def test_a_newer_version_of_a_record_is_none_of_another_person(split, older, newer):
    told, superseded = split(older | EARLIER, newer | LATER)
    assert (list(told.values()), superseded) == ([[]], 1)


def test_where_nothing_says_which_is_newer_another_name_is_enough(split):
    nameless = {"id": "", "born": ""}
    told, _ = split(ZHANG | nameless, LI | nameless, changed_at=None)
    assert told == {"李四光": ["people.csv:2"]}
    for time_of_zhang in (LATER, {}):  # an equal time says nothing, nor does none
        told, _ = split(ZHANG | nameless | time_of_zhang, LI | nameless | LATER)
        assert told == {"李四光": ["people.csv:2"]}


def test_a_key_that_is_the_number_itself_says_nothing_of_whom_a_row_is_about(split):
    key = SourceColumn("source_key", "id", primary_key=True)
    columns = (key, *COLUMNS[1:])
    told, _ = split(ZHANG, LI | {"id": ZHANG["id"], "born": ""}, columns=columns, changed_at=None)
    assert told == {"李四光": ["people.csv:2"]}


def test_different_keys_are_nobodys_business(split):
    assert split(ZHANG, LI | {"no": "8"}) == ({"张三丰": [], "李四光": []}, 0)


@pytest.mark.parametrize("rows", [(ZHANG, ZHANG | LATER), (ZHANG | LATER, ZHANG)])
def test_a_row_without_a_time_is_older_than_one_with(split, rows):
    """Wherever it stands: the row that says when it was changed is the one that stays."""
    named = [row | {"name": "张三丰" if "changed" in row else "张三风"} for row in rows]
    told, superseded = split(*named)
    assert (list(told), superseded) == (["张三丰"], 1)


def test_a_row_that_says_of_nobody_is_set_aside(split):
    """Neither a name nor a number: what is known by is declared, and none of it is there."""
    nobody = {"no": "9", "born": "1990-03-07", "phone": "13900001234"}
    assert split(nobody) == ({}, 0)
    assert split(nobody | {"name": "张三丰"}) == ({"张三丰": []}, 0)
