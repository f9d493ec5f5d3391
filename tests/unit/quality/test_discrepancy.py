"""What sources disagree about: by example, and against plain Python on random records."""

import random
from collections import Counter

import pytest

from pipelines.identity.ids.entity_ids import RECORD_SCHEMA
from pipelines.libraries import load_library
from pipelines.merge import merge
from pipelines.quality.discrepancy import (
    compare_sources,
    compare_with_golden,
    differing_values,
    disputed_numbers,
    shared_records,
)

POPULATION = load_library("population")
LEGAL_ENTITY = load_library("legal_entity")
LICENSE = load_library("e_license")
POLICE = "public_security__household_registration"
HEALTH = "health__medical_records"
BIRTHS = "health__births"
INSURANCE = "human_resources__social_insurance"
DISPUTE_SCHEMA = {
    "source": "string",
    "source_key": "string",
    "entity_id": "string",
    "other_entity_id": "string",
    "reason": "string",
}


@pytest.fixture(scope="module")
def built(con, table_of, records_of):
    def go(library, rows):
        filled = [{"entity_id": "E", "source_key": str(n), **row} for n, row in enumerate(rows)]
        lineage = [{"rule": "founding_record", "since_batch": "20260630", **row} for row in filled]
        records = records_of(library, filled)
        made = merge(records, table_of(lineage, RECORD_SCHEMA), library)
        return records, made.crosswalk, made.core

    return go


@pytest.fixture(scope="module")
def compared(con, built):
    def go(library, rows):
        records, crosswalk, core = built(library, rows)
        shared = shared_records(records, crosswalk, library)
        comparison = compare_with_golden(shared, core, library)
        other = differing_values(comparison, shared, library)
        found = compare_sources(comparison, other, library, "warning")
        finding = con.to_pyarrow(found.finding).to_pylist()
        agreement = con.to_pyarrow(found.agreement).to_pylist()
        counts = {(row["source"], row["column_name"]): row for row in agreement}
        return finding, {
            key: (row["agreed"], row["compared"]) for key, row in sorted(counts.items())
        }

    return go


def test_the_source_that_loses_is_told_what_the_authority_says(compared):
    findings, counts = compared(
        POPULATION,
        [
            {"source": POLICE, "source_key": "p", "ethnicity_code": "01"},
            {"source": HEALTH, "source_key": "h", "ethnicity_code": "11"},
        ],
    )
    assert findings == [
        {
            "source": HEALTH,
            "source_key": "h",
            "column_name": "ethnicity_code",
            "rule": "DISAGREES_WITH_AUTHORITY",
            "severity": "warning",
            "value": "11",
            "entity_id": "E",
            "other_source": POLICE,
            "other_key": "p",
            "other_entity_id": None,
            "other_value": "01",
        }
    ]
    assert counts == {(HEALTH, "ethnicity_code"): (0, 1)}


def agreeing(compared, library, sources, examples):
    """Compare the two sources in an entity for each example: all at once, for a query is slow."""
    rows = [
        {"entity_id": f"E{number}", "source_key": str(number), "source": source, column: value}
        for number, (column, *values) in enumerate(examples)
        for source, value in zip(sources, values, strict=True)
    ]
    findings, counts = compared(library, rows)
    assert findings == []
    every, agreed = Counter[str](), Counter[str]()
    for (_, column), (same, both) in counts.items():
        every[column] += both
        agreed[column] += same
    assert every == agreed == Counter(column for column, *_ in examples)
    return {source for source, _ in counts}


@pytest.mark.parametrize(
    ("library", "sources", "examples"),
    [
        (
            POPULATION,
            (POLICE, HEALTH),
            [
                ("person_name", "买买提·艾力", "买买提艾力"),
                ("person_name", "王晓明", "王?明"),
                ("residence_address", "江城市东湖区民主路1号", "东湖区民主路1号"),
                ("residence_region_code", "420106", "420100"),
            ],
        ),
        (
            LEGAL_ENTITY,
            ("taxation__taxpayers", "zoo__x"),
            [
                ("organization_name", "江城（东湖）有限责任公司", "江城(东湖)有限公司"),
                ("phone", "027-87654321", "87654321"),
            ],
        ),
    ],
)
def test_another_spelling_is_no_finding(compared, library, sources, examples):
    assert POPULATION.columns["residence_address"].authority[0] == "public_security"
    assert agreeing(compared, library, sources, examples) == {sources[1]}


@pytest.mark.parametrize(
    ("library", "sources", "examples"),
    [
        (
            POPULATION,
            ("civil_affairs__marriages", HEALTH),
            [
                ("marital_code", "20", "22"),
                ("marital_code", "22", "20"),
                ("residence_region_code", "130000", "130602"),
            ],
        ),
        (
            LEGAL_ENTITY,
            ("market_regulation__enterprises", "zoo__x"),
            [("industry_code", "F5121", "F51")],
        ),
    ],
)
def test_a_parent_code_does_not_contradict_its_child(compared, library, sources, examples):
    agreeing(compared, library, sources, examples)


def test_two_children_of_one_parent_contradict_each_other(compared):
    rows = [
        {"source": "civil_affairs__marriages", "marital_code": "21"},
        {"source": HEALTH, "marital_code": "22"},
    ]
    findings, _ = compared(POPULATION, rows)
    assert [(f["value"], f["other_value"]) for f in findings] == [("22", "21")]


def test_a_slip_in_a_birth_date_is_forgiven_by_matching_and_told_to_its_owner(compared):
    rows = [
        {"source": POLICE, "birth_date": "1990-03-07"},
        {"source": HEALTH, "birth_date": "1990-03-01"},
    ]
    findings, _ = compared(POPULATION, rows)
    assert [(f["value"], f["other_value"]) for f in findings] == [("1990-03-01", "1990-03-07")]


def test_a_source_is_not_judged_by_itself(compared):
    """Two jobs in one data set are two jobs; two data sets of one department are compared."""
    findings, counts = compared(
        POPULATION,
        [
            {"source": BIRTHS, "mobile": "13900000001", "changed_at": "2026-06-02"},
            {"source": BIRTHS, "mobile": "13900000002", "changed_at": "2026-06-01"},
            {"source": HEALTH, "mobile": "13900000003", "changed_at": "2026-06-01"},
        ],
    )
    assert [(f["source"], f["value"], f["other_value"]) for f in findings] == [
        (HEALTH, "13900000003", "13900000001")
    ]
    assert counts == {(HEALTH, "mobile"): (0, 1)}


def test_an_older_edition_of_a_licence_may_differ(compared):
    rows = [
        {"source": "a__x", "license_identifier_version": "002", "valid_to": "2030-01-01"},
        {"source": "b__x", "license_identifier_version": "001", "valid_to": "2025-01-01"},
        {"source": "c__x", "license_identifier_version": "002", "valid_to": "2031-01-01"},
    ]
    findings, counts = compared(LICENSE, rows)
    assert [f["source"] for f in findings] == ["c__x"]
    assert counts == {("c__x", "valid_to"): (0, 1)}


def test_nothing_is_everywithin_other_entities_or_with_nothing(compared):
    findings, counts = compared(
        POPULATION,
        [
            {"entity_id": "A", "source": POLICE, "sex_code": "1"},
            {"entity_id": "B", "source": HEALTH, "sex_code": "2"},
            {"entity_id": "C", "source": POLICE, "sex_code": "1"},
            {"entity_id": "C", "source": HEALTH},
        ],
    )
    assert (findings, counts) == ([], {})


def test_a_number_that_is_withheld_is_no_discrepancy(compared):
    findings, counts = compared(
        POPULATION,
        [
            {"source": POLICE, "citizen_id": "11010519491231002X"},
            {"source": HEALTH, "citizen_id": "440524188001010014", "withheld": "citizen_id"},
        ],
    )
    assert (findings, counts) == ([], {})


def test_a_disputed_number_names_the_record_of_its_holder(con, built, table_of):
    number = "11010519491231002X"
    records, crosswalk, core = built(
        POPULATION,
        [
            {"entity_id": "A", "source": POLICE, "source_key": "p", "citizen_id": number},
            {
                "entity_id": "B",
                "source": HEALTH,
                "source_key": "h",
                "citizen_id": number,
                "withheld": "citizen_id",
            },
            {"entity_id": "C", "source": HEALTH, "source_key": "n", "citizen_id": "x"},
        ],
    )
    dispute = table_of(
        [
            {"source": HEALTH, "source_key": "h", "entity_id": "B", "other_entity_id": "A"},
            {"source": HEALTH, "source_key": "n", "entity_id": "C"},
        ],
        DISPUTE_SCHEMA,
    )
    found = disputed_numbers(dispute, records, crosswalk, core, POPULATION, "error")
    rows = con.to_pyarrow(found.finding.order_by("source_key")).to_pylist()
    told = ("column_name", "rule", "value", "entity_id", "other_source", "other_key", "other_value")
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("citizen_id", "NUMBER_OF_ANOTHER_ENTITY", number, "B", POLICE, "p", number),
        ("citizen_id", "NUMBER_OF_ANOTHER_ENTITY", "x", "C", None, None, None),
    ]
    assert [row["other_entity_id"] for row in rows] == ["A", None]
    counts = con.to_pyarrow(found.agreement.order_by("source")).to_pylist()
    assert [(row["source"], row["compared"], row["agreed"]) for row in counts] == [
        (HEALTH, 2, 0),
        (POLICE, 1, 1),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_plain_python_finds_the_same(compared, seed):
    """Codes only: there, agreement is equality."""
    dice = random.Random(seed)
    columns = ("sex_code", "ethnicity_code", "marital_code")
    rows = [
        {
            "entity_id": f"E{dice.randrange(12)}",
            "source": dice.choice([POLICE, HEALTH, INSURANCE, "civil_affairs__marriages", BIRTHS]),
            "source_key": str(number),
            "changed_at": f"2026-01-{dice.randrange(1, 29):02d}",
            **{column: dice.choice([None, "1", "2"]) for column in columns},
        }
        for number in range(80)
    ]
    findings, counts = compared(POPULATION, rows)
    expected, held = set(), Counter()
    for entity in {row["entity_id"] for row in rows}:
        members = [row for row in rows if row["entity_id"] == entity]
        for column in columns:
            golden = _believed(members, column)
            for row in members:
                if golden and row[column] and row["source"] != golden["source"]:
                    held[row["source"], column] += 1
                    if row[column] != golden[column]:
                        expected.add((row["source_key"], column, golden["source_key"]))
    assert {(f["source_key"], f["column_name"], f["other_key"]) for f in findings} == expected
    assert len(findings) == len(expected) > 0
    assert {key: compared for key, (_, compared) in counts.items()} == held


def _believed(members, column):
    """The record whose value wins: authority, then the newest, then source and key."""
    order = POPULATION.columns[column].authority
    known = [row for row in members if row[column]]
    if not known:
        return None

    def rank(row):
        department = row["source"].split("__")[0]
        return order.index(department) if department in order else len(order)

    known.sort(key=lambda row: (row["source"], row["source_key"]))
    known.sort(key=lambda row: row["changed_at"], reverse=True)
    return min(known, key=rank)
