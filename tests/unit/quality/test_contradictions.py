"""Contradictions between libraries: each rule both ways, and none in a consistent city."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import ibis.expr.types as ir
import pytest

from pipelines.identity.ids.entity_ids import RECORD_SCHEMA
from pipelines.libraries import load_library
from pipelines.merge import merge
from pipelines.merge.links import link_entities
from pipelines.quality.contradiction import (
    Published,
    World,
    contradictions_of,
    declared_contradictions,
    find_contradictions,
    record_columns,
    records_of_entities,
)

POLICE = "public_security__household_registration"
HEALTH = "health__medical_records"
MARRIAGES = "civil_affairs__marriages"
INSURANCE = "human_resources__social_insurance"
MARKET = "market_regulation__enterprises"
TAX = "taxation__taxpayers"
LICENCES = "health__practice_licenses"
EVENTS = {MARRIAGES: "marriage", INSURANCE: "insurance"}
ID, OTHER_ID = "130602198003070014", "130602198003070022"
USCC = "91130602PDY0000184"

ZHANG = {"source": POLICE, "entity_id": "P-1", "person_name": "张小明", "citizen_id": ID,
         "birth_date": "1980-03-07", "sex_code": "1"}  # fmt: skip
DEAD = ZHANG | {"death_date": "2025-01-10"}
WANG = {"source": POLICE, "entity_id": "P-2", "person_name": "王芳", "citizen_id": OTHER_ID}
FIRM = {"source": MARKET, "entity_id": "E-1", "organization_name": "云州市甲有限公司",
        "uscc": USCC, "entity_status": "1", "establishment_date": "2015-05-05",
        "legal_representative_name": "张小明", "legal_representative_citizen_id": ID,
        "changed_at": "2024-01-01"}  # fmt: skip
CANCELLED = FIRM | {"entity_status": "4", "cancellation_date": "2024-06-01"}
LICENCE = {"source": LICENCES, "entity_id": "L-1", "license_name": "医师执业证书",
           "license_number": "1", "license_type_code": "T", "issuer_uscc": "I",
           "holder_name": "张小明", "holder_code": ID, "holder_code_kind": "citizen_id",
           "issue_date": "2010-01-01", "valid_to": "2030-01-01",
           "license_status": "valid"}  # fmt: skip
PERMIT = LICENCE | {"holder_name": "云州市甲有限公司", "holder_code": USCC,
                    "holder_code_kind": "uscc", "issue_date": "2016-01-01"}  # fmt: skip
WEDDING = {"source": MARRIAGES, "entity_id": "P-1", "marital_code": "20",
           "changed_at": "2005-01-01 10:00:00"}  # fmt: skip
INSURED = {"source": INSURANCE, "entity_id": "P-1", "employer_name": "云州市甲有限公司",
           "changed_at": "2024-12-01"}  # fmt: skip
TAXED = {"source": TAX, "entity_id": "E-1", "entity_status": "1", "changed_at": "2025-01-01"}

Row = Mapping[str, Any]
ORDER = ("population", "legal_entity", "e_license")

# rule: (persons, organisations, licences), once with the contradiction and once without.
# The first record of the changed list is the one that is to be repaired.
EXAMPLES: Mapping[str, Sequence[tuple[bool, Sequence[Row], Sequence[Row], Sequence[Row]]]] = {
    "EVENT_AFTER_DEATH": [
        (True, [WEDDING | {"changed_at": "2025-01-12 09:00:00"}, DEAD], [], []),
        (True, [INSURED | {"changed_at": "2025-03-01"}, DEAD], [], []),
        (False, [WEDDING, DEAD], [], []),
        (False, [INSURED | {"changed_at": "2025-02-01"}, DEAD], [], []),
        (False, [INSURED | {"changed_at": "2025-03-01", "employer_name": None}, DEAD], [], []),
        (False, [WEDDING | {"changed_at": None}, DEAD], [], []),
        (False, [WEDDING | {"source": HEALTH, "changed_at": "2025-03-01"}, DEAD], [], []),
    ],
    "MARRIED_UNDER_AGE": [
        (True, [WEDDING | {"changed_at": "2002-03-06 09:00:00"}, ZHANG], [], []),
        (False, [WEDDING | {"changed_at": "2002-03-07 09:00:00"}, ZHANG], [], []),
        (False, [WEDDING | {"changed_at": "2002-03-06"}, ZHANG | {"sex_code": "2"}], [], []),
        (False, [WEDDING | {"changed_at": "2002-03-06"}, ZHANG | {"sex_code": None}], [], []),
        (
            False,  # the birth date is doubtful in itself
            [WEDDING | {"changed_at": "2002-03-06"}, ZHANG | {"birth_date": "1980-07-03"}],
            [],
            [],
        ),
        (
            True,
            [
                {"source": HEALTH, "entity_id": "P-3", "marital_code": "20"},
                ZHANG
                | {
                    "entity_id": "P-3",
                    "citizen_id": "130602201203070018",
                    "birth_date": "2012-03-07",
                },
            ],
            [],
            [],
        ),
    ],
    "DEATH_DOUBTFUL": [
        (
            True,
            [
                {"source": HEALTH, "entity_id": "P-1", "death_date": "2020-01-01"},
                ZHANG,
                WEDDING | {"changed_at": "2021-01-01"},
            ],
            [],
            [],
        ),
        (
            True,
            [{"source": HEALTH, "entity_id": "P-1", "death_date": "2020-01-01"}, ZHANG],
            [],
            [LICENCE | {"issue_date": "2021-01-01"}],
        ),
        (
            False,
            [{"source": HEALTH, "entity_id": "P-1", "death_date": "2020-01-01"}, ZHANG, WEDDING],
            [],
            [LICENCE],
        ),
        (
            False,  # the police say so, too: not the death is in doubt
            [
                {"source": HEALTH, "entity_id": "P-1", "death_date": "2025-01-10"},
                DEAD,
                WEDDING | {"changed_at": "2025-05-01"},
            ],
            [],
            [],
        ),
    ],
    "LEGAL_REPRESENTATIVE_DECEASED": [
        (True, [DEAD], [FIRM], []),
        (False, [ZHANG], [FIRM], []),
        (False, [DEAD], [CANCELLED], []),
        (False, [DEAD | {"death_date": "2026-06-10"}], [FIRM], []),  # within the month
        (False, [DEAD | {"source": HEALTH}], [FIRM], []),  # nobody else says that he died
        (False, [DEAD], [FIRM | {"entity_status": None}], []),
        (False, [DEAD], [FIRM | {"legal_representative_citizen_id": None}], []),
    ],
    "LEGAL_REPRESENTATIVE_NUMBER_OF_ANOTHER": [
        (True, [WANG], [FIRM | {"legal_representative_citizen_id": OTHER_ID}], []),
        (False, [ZHANG], [FIRM], []),
        (False, [ZHANG | {"person_name": "張小明"}], [FIRM], []),
        (False, [ZHANG | {"person_name": "张晓明"}], [FIRM], []),
        (
            False,
            [WANG | {"person_name": None}],
            [FIRM | {"legal_representative_citizen_id": OTHER_ID}],
            [],
        ),
        (False, [WANG], [FIRM | {"legal_representative_citizen_id": None}], []),
    ],
    "ACTIVE_AFTER_CANCELLATION": [
        (True, [], [TAXED, CANCELLED], []),
        (False, [], [TAXED | {"changed_at": "2024-06-20"}, CANCELLED], []),
        (False, [], [TAXED | {"changed_at": None}, CANCELLED], []),
        (False, [], [TAXED | {"entity_status": "4"}, CANCELLED], []),
        (False, [], [TAXED, FIRM], []),
        (False, [], [TAXED, CANCELLED | {"cancellation_date": None}], []),
    ],
    "LICENSE_OF_CLOSED_ORGANIZATION": [
        (True, [], [CANCELLED], [PERMIT]),
        (True, [], [FIRM | {"entity_status": "3"}], [PERMIT]),
        (False, [], [FIRM], [PERMIT]),
        (False, [], [FIRM | {"entity_status": "3", "changed_at": "2026-06-10"}], [PERMIT]),
        (False, [], [FIRM | {"entity_status": "3", "changed_at": None}], [PERMIT]),
        (False, [], [CANCELLED], [PERMIT | {"license_status": "cancelled"}]),
        (False, [], [CANCELLED], [PERMIT | {"valid_to": "2020-01-01"}]),
        (False, [], [CANCELLED], [PERMIT | {"holder_code": None, "holder_code_kind": None}]),
    ],
    "LICENSE_OF_DECEASED": [
        (True, [DEAD], [], [LICENCE]),
        (False, [ZHANG], [], [LICENCE]),
        (False, [DEAD | {"source": HEALTH}], [], [LICENCE]),
        (False, [DEAD], [], [LICENCE | {"license_status": "cancelled"}]),
    ],
    "LICENSE_BEFORE_HOLDER": [
        (True, [ZHANG], [], [LICENCE | {"issue_date": "1979-01-01"}]),
        (True, [], [FIRM], [PERMIT | {"issue_date": "2015-05-04"}]),
        (False, [], [FIRM], [PERMIT | {"issue_date": "2015-05-05"}]),
        (False, [ZHANG], [], [LICENCE]),
        (False, [], [FIRM | {"establishment_date": None}], [PERMIT]),
    ],
    "LICENSE_AFTER_HOLDER": [
        (True, [DEAD], [], [LICENCE | {"issue_date": "2025-01-11"}]),
        (True, [], [CANCELLED], [PERMIT | {"issue_date": "2024-06-02"}]),
        (False, [DEAD], [], [LICENCE | {"issue_date": "2025-01-10"}]),
        (False, [DEAD | {"source": HEALTH}], [], [LICENCE | {"issue_date": "2025-01-11"}]),
        (False, [], [CANCELLED], [PERMIT]),
    ],
    "LICENSE_HOLDER_NAME": [
        (True, [WANG | {"citizen_id": ID}], [], [LICENCE]),
        (True, [], [FIRM], [PERMIT | {"holder_name": "云州市远大建筑工程有限公司"}]),
        (False, [ZHANG], [], [LICENCE]),
        (False, [ZHANG | {"person_name": "张?明"}], [], [LICENCE]),
        (
            True,
            [],
            [FIRM | {"organization_name": "云州市宏达商贸有限公司"}],
            [PERMIT | {"holder_name": "云州市鑫源商贸有限公司"}],
        ),
        (False, [], [FIRM], [PERMIT | {"holder_name": "云州市甲有限责任公司"}]),
        (False, [], [FIRM], [PERMIT | {"holder_name": "云州市甲有限公司东风路经营部"}]),
        (False, [WANG | {"citizen_id": ID}], [], [LICENCE | {"holder_name": None}]),
    ],
    "LICENSE_OF_TWO_HOLDERS": [
        (
            True,
            [ZHANG, WANG],
            [],
            [LICENCE, LICENCE | {"entity_id": "L-2", "holder_code": OTHER_ID}],
        ),
        (True, [], [], [LICENCE | {"source": "a__b", "holder_code": OTHER_ID}, LICENCE]),
        (False, [ZHANG], [], [LICENCE, LICENCE | {"entity_id": "L-2"}]),
        (
            False,
            [ZHANG, WANG],
            [],
            [
                LICENCE,
                LICENCE
                | {"entity_id": "L-2", "holder_code": OTHER_ID, "license_status": "cancelled"},
            ],
        ),
        (
            False,
            [ZHANG, WANG],
            [],
            [
                LICENCE | {"license_number": None},
                LICENCE | {"entity_id": "L-2", "holder_code": OTHER_ID, "license_number": None},
            ],
        ),
    ],
    "LICENSE_EXPIRED_BUT_VALID": [
        (True, [], [], [LICENCE | {"valid_to": "2026-06-29"}]),
        (False, [], [], [LICENCE | {"valid_to": "2026-06-30"}]),
        (False, [], [], [LICENCE | {"valid_to": None}]),
        (False, [], [], [LICENCE | {"valid_to": "2020-01-01", "license_status": "expired"}]),
    ],
}


@pytest.fixture(scope="module")
def world_of(con, table_of, records_of):
    """A world out of records that say which entity they belong to, linked as the flows link."""

    def held(table: ir.Table) -> ir.Table:
        return con.create_table(f"t{uuid4().hex}", table, temp=True)

    def make(*records: Sequence[Row]) -> World:
        libraries: dict[str, Published] = {}
        for name, rows in zip(ORDER, records, strict=True):
            library = load_library(name)
            keyed = [{"source_key": f"{name}-{n}", **row} for n, row in enumerate(rows)]
            lineage = [{"rule": "founding_record", "since_batch": "20260630", **r} for r in keyed]
            told = records_of(library, keyed)
            made = merge(told, table_of(lineage, RECORD_SCHEMA), library)
            cores = {other: libraries[other].core for other in libraries}
            core = link_entities(made.core, library, cores)
            tables = (
                core,
                records_of_entities(told, made.crosswalk, record_columns(name)),
                made.further_identifier,
            )
            libraries[name] = Published(*(held(table) for table in tables))
        return World(libraries, EVENTS)

    return make


@pytest.fixture(scope="module")
def findings_of(con):
    def find(world: World) -> list[dict[str, Any]]:
        rules = [rule for name in ORDER for rule in contradictions_of(name, world)]
        found = []
        for compared in find_contradictions(rules, world, lambda table: table):
            findings = con.to_pyarrow(compared.finding).to_pylist()
            agreement = con.to_pyarrow(compared.agreement).to_pylist()
            assert sum(row["compared"] - row["agreed"] for row in agreement) == len(findings)
            found += findings
        return found

    return find


def in_case(case: int, row: Row) -> Row:
    """A row of one example among those of all others: numbers, names and ids of its own."""
    own = dict(row)
    own["entity_id"] = f"{row['entity_id']}-{case}"
    for number, start in (("citizen_id", 0), ("uscc", 2), ("holder_code", 2)):
        if text := own.get(number):
            begin = 0 if text in (ID, OTHER_ID) else start
            own[number] = text[:begin] + f"{case:06d}" + text[begin + 6 :]
    if text := own.get("legal_representative_citizen_id"):
        own["legal_representative_citizen_id"] = f"{case:06d}{text[6:]}"
    for name in ("organization_name", "holder_name", "license_number"):
        if text := own.get(name):
            own[name] = text.replace("甲", f"甲{case}").replace("1", f"1{case}")
    return own


@pytest.fixture(scope="module")
def found_in_examples(world_of, findings_of) -> Mapping[int, Sequence[Row]]:
    """Findings by case; all examples are looked at together, as they would be in a city."""
    every: tuple[list[Row], ...] = ([], [], [])
    for case, (_, _, *libraries) in enumerate(EVERY):
        for rows, library, name in zip(every, libraries, ORDER, strict=True):
            rows += [
                {"source_key": f"{name}-{case}-{n}"} | in_case(case, row)
                for n, row in enumerate(library)
            ]
    found: dict[int, list[Row]] = {case: [] for case in range(len(EVERY))}
    for finding in findings_of(world_of(*every)):
        found[int(finding["source_key"].split("-")[1])].append(finding)
    return found


EVERY = [(rule, *example) for rule, examples in EXAMPLES.items() for example in examples]
CASES = [pytest.param(case, id=f"{one[0]}-{one[1]}-{case}") for case, one in enumerate(EVERY)]


def test_every_rule_has_examples_both_ways():
    assert EXAMPLES.keys() == {one.rule for one in declared_contradictions()}
    for rule, examples in EXAMPLES.items():
        assert {wrong for wrong, *_ in examples} == {True, False}, rule


@pytest.mark.parametrize("case", CASES)
def test_each_rule_by_example(found_in_examples, case):
    rule, wrong, *libraries = EVERY[case]
    found = [one for one in found_in_examples[case] if one["rule"] == rule]
    assert bool(found) == wrong
    if wrong:  # the first record is the one that is to be repaired
        (library,) = (one.library for one in declared_contradictions() if one.rule == rule)
        source = libraries[ORDER.index(library)][0]["source"]
        assert (source, f"{library}-{case}-0") in {(f["source"], f["source_key"]) for f in found}
        assert all(one["value"] and one["other_value"] for one in found)


TODAY = date(2026, 6, 30)  # the day of the batch
KEPT = {"source", "source_key", "entity_id"}


def consistent_city(chance: random.Random, size: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Lives, firms and licences in which nothing contradicts anything."""
    persons: list[Row] = []
    firms: list[Row] = []
    licences: list[Row] = []
    for n in range(size):
        _live(chance, n, persons, licences)
        _trade(chance, n, persons, firms, licences)
    return persons, firms, licences


def _live(chance: random.Random, n: int, persons: list[Row], licences: list[Row]) -> None:
    born = date(1950, 1, 1) + timedelta(chance.randrange(45 * 365))
    died = TODAY - timedelta(chance.randrange(1500)) if chance.random() < 0.4 else None
    number = f"130602{born:%Y%m%d}{n:04d}"
    person = {"entity_id": f"P-{n}", "person_name": f"甲{n}乙", "citizen_id": number,
              "birth_date": str(born), "sex_code": chance.choice("12"),
              "death_date": died and str(died)}  # fmt: skip
    last = died or TODAY
    persons.append(person | {"source": POLICE})
    persons.append(person | {"source": HEALTH, "changed_at": str(TODAY)})
    wed = _day(chance, born + timedelta(23 * 366), last)
    persons.append({"source": MARRIAGES, "entity_id": f"P-{n}", "marital_code": "20",
                    "changed_at": str(wed)})  # fmt: skip
    insured = _day(chance, born + timedelta(20 * 366), last + timedelta(30 if died else 0))
    persons.append(INSURED | {"entity_id": f"P-{n}", "changed_at": str(insured)})
    issued = _day(chance, born + timedelta(24 * 366), last)
    licences.append(
        _licence(chance, n, f"L-{n}", number, "citizen_id", issued, gone=died is not None)
        | {"holder_name": f"甲{n}乙"}
    )


def _trade(
    chance: random.Random, n: int, persons: list[Row], firms: list[Row], licences: list[Row]
) -> None:
    founded = date(2001, 1, 1) + timedelta(chance.randrange(20 * 365))
    status = chance.choice(["1", "1", "2", "3", "4"])
    ended = _day(chance, founded, TODAY) if status == "4" else None
    leader = next(p for p in persons if p["entity_id"] == f"P-{n}")
    if (
        leader["death_date"]
        and status in "12"
        and leader["death_date"] < str(TODAY - timedelta(30))
    ):
        status, ended = "3", None  # nobody alive may be led by the dead
    code = f"91130602PDY{n:07d}"
    firm = {"entity_id": f"E-{n}", "organization_name": f"云州市{n}号有限公司", "uscc": code,
            "entity_status": status, "establishment_date": str(founded),
            "cancellation_date": ended and str(ended), "changed_at": str(ended or founded),
            "legal_representative_name": leader["person_name"],
            "legal_representative_citizen_id": leader["citizen_id"]}  # fmt: skip
    firms.append(firm | {"source": MARKET})
    firms.append(firm | {"source": TAX, "cancellation_date": None})
    issued = _day(chance, founded, ended or TODAY)
    licences.append(
        _licence(chance, n, f"L-E{n}", code, "uscc", issued, gone=status in "34")
        | {"holder_name": firm["organization_name"]}
    )


def _licence(
    chance: random.Random, n: int, entity: str, code: str, kind: str, issued: date, *, gone: bool
) -> Row:
    until = issued + timedelta(chance.randrange(1, 4000))
    status = "cancelled" if gone else "expired" if until < TODAY else "valid"
    return LICENCE | {"entity_id": entity, "license_number": f"{kind}{n}", "holder_code": code,
                      "holder_code_kind": kind, "issue_date": str(issued),
                      "valid_to": str(until), "license_status": status}  # fmt: skip


def _day(chance: random.Random, first: date, last: date) -> date:
    return first + timedelta(chance.randrange(max((last - first).days, 0) + 1))


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_a_consistent_city_has_none_whatever_is_missing(world_of, findings_of, missing):
    chance = random.Random(20260630)
    city = consistent_city(chance, 120)
    told = [
        [
            {k: None if k not in KEPT and chance.random() < missing else v for k, v in r.items()}
            for r in rows
        ]
        for rows in city
    ]
    assert findings_of(world_of(*told)) == []
