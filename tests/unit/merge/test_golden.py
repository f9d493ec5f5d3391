"""Survivorship by example and against plain Python, on random records."""

import random

import pytest

from pipelines.identity.ids.entity_ids import RECORD_SCHEMA
from pipelines.libraries import load_library
from pipelines.merge import merge

POPULATION = load_library("population")
LEGAL_ENTITY = load_library("legal_entity")
LICENSE = load_library("e_license")
POLICE = "public_security__household_registration"
HEALTH = "health__medical_records"
INSURANCE = "human_resources__social_insurance"
UNKNOWN = "zoo__animals"


@pytest.fixture(scope="module")
def merged(con, table_of, records_of):
    def go(library, rows):
        filled = [{"entity_id": "E", "source_key": str(n), **row} for n, row in enumerate(rows)]
        identity = table_of(
            [{"rule": "founding_record", "since_batch": "20260630", **row} for row in filled],
            RECORD_SCHEMA,
        )
        found = merge(records_of(library, filled), identity, library)
        return con.to_pyarrow(found.core).to_pylist(), con.to_pyarrow(found.crosswalk).to_pylist()

    return go


def test_the_authority_wins_over_the_newer_record(merged):
    core, crosswalk = merged(
        POPULATION,
        [
            {"source": HEALTH, "person_name": "张小三", "changed_at": "2026-06-01"},
            {"source": POLICE, "person_name": "张三", "changed_at": "2001-01-01"},
        ],
    )
    assert core[0]["person_name"] == "张三"
    assert crosswalk[core[0]["person_name_record"] - 1]["source"] == POLICE


def test_entities_and_their_records_are_in_order_whatever_order_they_came_in(merged):
    """Files are named by their content: the same rows in another order would be other files."""
    ids = [f"P-{number:04}" for number in range(300)]
    random.Random(1).shuffle(ids)
    rows = [
        {"source": source, "source_key": one, "entity_id": one, "person_name": "张三"}
        for one in ids
        for source in (POLICE, HEALTH)
    ]
    core, crosswalk = merged(POPULATION, rows)
    assert [row["entity_id"] for row in core] == sorted(ids)
    places = [(row["entity_id"], row["record_no"]) for row in crosswalk]
    assert places == [(one, number) for one in sorted(ids) for number in (1, 2)]


def test_each_column_has_an_authority_of_its_own(merged):
    (golden,), _ = merged(
        POPULATION,
        [
            {"source": POLICE, "person_name": "张三", "mobile": "1"},
            {"source": INSURANCE, "person_name": "张小三", "mobile": "2"},
        ],
    )
    assert (golden["person_name"], golden["mobile"]) == ("张三", "2")


def test_null_never_wins_over_a_value(merged):
    (golden,), crosswalk = merged(
        POPULATION,
        [
            {"source": POLICE, "person_name": "张三", "birth_date": None},
            {"source": UNKNOWN, "person_name": "张小三", "birth_date": "1990-01-01"},
        ],
    )
    assert str(golden["birth_date"]) == "1990-01-01"
    assert crosswalk[golden["birth_date_record"] - 1]["source"] == UNKNOWN
    assert golden["death_date"] is None
    assert golden["death_date_record"] is None


def test_among_equals_the_newest_change_then_the_newest_batch_then_the_first_key(merged):
    rows = [
        {"source": POLICE, "person_name": "无日期"},
        {"source": POLICE, "person_name": "旧", "changed_at": "2020-01-01"},
        {"source": POLICE, "person_name": "新", "changed_at": "2021-01-01"},
        {"source": POLICE, "person_name": "新批", "changed_at": "2021-01-01", "batch": "20260701"},
        {"source": POLICE, "person_name": "同批", "changed_at": "2021-01-01", "batch": "20260701"},
    ]
    assert merged(POPULATION, rows)[0][0]["person_name"] == "新批"
    assert merged(POPULATION, rows[:3])[0][0]["person_name"] == "新"
    assert merged(POPULATION, rows[:1])[0][0]["person_name"] == "无日期"


def test_the_tenth_delivery_of_a_day_is_newer_than_the_second(merged):
    rows = [
        {"source": POLICE, "person_name": name, "batch": batch}
        for name, batch in (("张三", "20260630-2"), ("张三丰", "20260630-10"), ("张", "20260630"))
    ]
    (golden,), _ = merged(POPULATION, rows)
    assert golden["person_name"] == "张三丰"


def test_a_companion_comes_from_the_record_that_its_column_came_from(merged):
    (golden,), _ = merged(
        LEGAL_ENTITY,
        [
            {"source": "market_regulation__enterprises", "registered_capital": "100"},
            {
                "source": "taxation__taxpayers",
                "registered_capital": "90",
                "registered_capital_currency_code": "USD",
            },
        ],
    )
    assert golden["registered_capital"] == 100
    assert golden["registered_capital_currency_code"] is None, "not the currency of the 90"


def test_a_withheld_number_says_nothing_but_the_rest_of_the_record_does(merged):
    (golden,), _ = merged(
        POPULATION,
        [
            {
                "source": POLICE,
                "person_name": "关羽",
                "citizen_id": "110105196001010011",
                "withheld": "citizen_id",
            },
            {"source": HEALTH, "person_name": "关云长", "citizen_id": "110105196202020010"},
        ],
    )
    assert golden["citizen_id"] == "110105196202020010"
    assert golden["person_name"] == "关羽"


def test_the_latest_edition_of_a_licence_wins_whatever_the_authority(merged):
    (golden,), _ = merged(
        LICENSE,
        [
            {
                "source": "market_regulation__business_licenses",
                "license_status": "valid",
                "license_identifier_version": "001",
                "changed_at": "2026-06-01",
            },
            {
                "source": "housing__construction_qualifications",
                "license_status": "cancelled",
                "license_identifier_version": "002",
                "changed_at": "2020-01-01",
            },
        ],
    )
    assert golden["license_status"] == "cancelled"


@pytest.mark.parametrize("unreadable", [None, "", "二", "1.2.3", "V9"])
def test_an_edition_that_cannot_be_read_is_the_oldest(merged, unreadable):
    known = {"source": UNKNOWN, "license_status": "cancelled", "license_identifier_version": "001"}
    other = {
        "source": "market_regulation__business_licenses",
        "license_status": "valid",
        "license_identifier_version": unreadable,
        "changed_at": "2026-06-01",
    }
    (golden,), _ = merged(LICENSE, [other, known])
    assert golden["license_status"] == "cancelled"


MARRIAGES = "civil_affairs__marriages"
MARKET, TAX = "market_regulation__enterprises", "taxation__taxpayers"
LESS_EXACT_TO_MORE = [
    (POPULATION, "marital_code", MARRIAGES, "20", "22"),
    (POPULATION, "residence_region_code", POLICE, "130000", "130602"),
    (POPULATION, "residence_region_code", POLICE, "130600", "130602"),
    (LEGAL_ENTITY, "industry_code", MARKET, "F51", "F5121"),
    (LEGAL_ENTITY, "industry_code", MARKET, "F", "F5121"),
]


@pytest.mark.parametrize(("library", "column", "authority", "parent", "child"), LESS_EXACT_TO_MORE)
def test_of_a_code_and_its_more_exact_form_the_more_exact_one_wins(
    merged, library, column, authority, parent, child
):
    for first, second in ((parent, child), (child, parent)):
        rows = [{"source": authority, column: first}, {"source": UNKNOWN, column: second}]
        (golden,), crosswalk = merged(library, rows)
        assert golden[column] == child
        won = crosswalk[golden[f"{column}_record"] - 1]["source"]
        assert won == (authority if first == child else UNKNOWN)


def test_of_two_more_exact_forms_the_most_exact_one_wins(merged):
    codes = {POLICE: "130000", HEALTH: "130600", UNKNOWN: "130603"}
    rows = [{"source": source, "residence_region_code": code} for source, code in codes.items()]
    (golden,), _ = merged(POPULATION, rows)
    assert golden["residence_region_code"] == "130603"


def test_what_the_authority_contradicts_is_not_taken_however_exact(merged):
    rows = [
        {"source": MARRIAGES, "marital_code": "40"},
        {"source": HEALTH, "marital_code": "22"},
    ]
    (golden,), _ = merged(POPULATION, rows)
    assert golden["marital_code"] == "40"
    rows = [
        {"source": MARRIAGES, "marital_code": "20"},
        {"source": POLICE, "marital_code": "21"},
        {"source": HEALTH, "marital_code": "22", "changed_at": "2026-06-01"},
    ]
    (golden,), _ = merged(POPULATION, rows)
    assert golden["marital_code"] == "21", "of two forms the better authority's"


def test_a_companion_comes_with_the_more_exact_code(merged):
    rows = [
        {"source": POLICE, "residence_region_code": "130600",
         "residence_region_code_current": "130600"},
        {"source": HEALTH, "residence_region_code": "130603",
         "residence_region_code_current": "130606"},
    ]  # fmt: skip
    (golden,), _ = merged(POPULATION, rows)
    companions = POPULATION.columns["residence_region_code"].companion_types
    assert golden["residence_region_code"] == "130603"
    assert [golden[name] for name in companions] == ["130606"] * len(companions)


def oracle(rows, library):
    """The golden record in plain Python: sort the records that say something, take the first."""
    order = sorted(rows, key=lambda row: (row["source"], row["source_key"]))
    number = {id(row): place for place, row in enumerate(order, start=1)}
    golden = {}
    for column in library.columns.values():

        def belief(row, authority=tuple(column.authority)):
            department = row["source"].split("__")[0]
            rank = authority.index(department) if department in authority else len(authority)
            newest = row["changed_at"] or ""
            backwards = [-ord(letter) for letter in newest]
            return (
                rank,
                newest == "",
                backwards,
                [-ord(letter) for letter in row["batch"]],
                number[id(row)],
            )

        told = sorted((row for row in rows if row.get(column.name) is not None), key=belief)
        golden[column.name] = told[0][column.name] if told else None
        golden[f"{column.name}_record"] = number[id(told[0])] if told else None
    return golden


@pytest.mark.parametrize("seed", [1, 2])
def test_survivorship_is_that_of_plain_python(merged, seed):
    dice = random.Random(seed)
    columns = ("person_name", "sex_code", "mobile", "residence_address", "school_name")
    rows = [
        {
            "entity_id": f"P-{dice.randrange(60)}",
            "source": dice.choice((POLICE, HEALTH, INSURANCE, "education__students", UNKNOWN)),
            "source_key": str(place),
            "changed_at": dice.choice((None, "2020-01-01 00:00:00", "2021-02-03 04:05:06")),
            "batch": dice.choice(("20260630", "20260701")),
            **{column: dice.choice((None, "a", "b", "c", "d")) for column in columns},
        }
        for place in range(300)
    ]
    core, crosswalk = merged(POPULATION, rows)
    assert len(core) == len({row["entity_id"] for row in rows})
    assert len(crosswalk) == len(rows)
    for golden in core:
        mine = [row for row in rows if row["entity_id"] == golden["entity_id"]]
        expected = oracle(mine, POPULATION)
        assert {name: golden[name] for name in expected} == expected


def test_core_and_crosswalk_come_in_the_declared_columns_and_sorted(merged):
    rows = [{"entity_id": f"P-{n % 3}", "source": HEALTH, "person_name": "甲"} for n in range(7)]
    core, crosswalk = merged(POPULATION, rows)
    assert [row["entity_id"] for row in core] == ["P-0", "P-1", "P-2"]
    assert [(r["entity_id"], r["record_no"]) for r in crosswalk] == [
        ("P-0", 1),
        ("P-0", 2),
        ("P-0", 3),
        ("P-1", 1),
        ("P-1", 2),
        ("P-2", 1),
        ("P-2", 2),
    ]
    expected = ["entity_id"]
    for column in POPULATION.columns.values():
        expected += [column.name, *column.companion_types, f"{column.name}_record"]
    assert list(core[0]) == expected


def test_merging_reads_records_in_any_order(merged):
    rows = [
        {"source": source, "source_key": str(n), "person_name": name}
        for n, (source, name) in enumerate([(POLICE, "甲"), (POLICE, "乙"), (HEALTH, "丙")])
    ]
    assert merged(POPULATION, rows) == merged(POPULATION, rows[::-1])


def test_who_has_two_numbers_is_found_by_either(con, table_of, records_of):
    rows = [
        {"source": POLICE, "source_key": "1", "citizen_id": "new"},
        {"source": HEALTH, "source_key": "2", "citizen_id": "old"},
        {"source": HEALTH, "source_key": "3", "citizen_id": "old"},
        {
            "source": INSURANCE,
            "source_key": "4",
            "citizen_id": "another's",
            "withheld": "citizen_id",
        },
        {"source": INSURANCE, "source_key": "5"},
    ]
    rows = [{"entity_id": "E", "rule": "founding_record", **row} for row in rows]
    found = merge(records_of(POPULATION, rows), table_of(rows, RECORD_SCHEMA), POPULATION)
    (golden,) = con.to_pyarrow(found.core).to_pylist()
    assert golden["citizen_id"] == "new"
    further = con.to_pyarrow(found.further_identifier).to_pylist()
    assert further == [{"entity_id": "E", "citizen_id": "old"}]
