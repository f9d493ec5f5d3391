"""What rules leave to the score, by example, with the reviewed models; and people over both."""

import ibis
import pytest
from firm_records import INSURED, MARKET, TAX, uscc
from firm_records import record as firm
from person_records import HEALTH, INSURANCE, POLICE, SCHOOL
from person_records import record as person
from worlds import KEY, World, partition_and_rules, resolve_worlds, same

from pipelines.identity import resolve
from pipelines.identity.clusters.score_clusters import MATCH_BY_SCORE
from pipelines.identity.review.schemas import DECISION_SCHEMA
from pipelines.libraries import load_library

HOME = {"residence_address": "示范省示范市和平区建设路18号3号楼2单元401室"}
MASKED = "1101**********"
AWAY = {"residence_address": "示范省示范市和平区滨河路7号1号楼1单元102室"}
PERSONS = [
    World(
        "a name that was taken down by ear",
        {
            "a": person(POLICE, "周建琳", "110105198702030029", **HOME),
            "b": person(HEALTH, "周建霖", birth="1987-02-03", sex_code="2", **HOME),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "a name that was read wrongly",
        {
            "a": person(INSURANCE, "贺己明", "110105198803040019", mobile="13911110001"),
            "b": person(HEALTH, "贺已明", birth="1988-03-04", mobile="13911110001"),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "a number with one digit wrong is evidence for the number it nearly is",
        {
            "a": person(POLICE, "冉云霏", "110105197904050023"),
            "b": person(HEALTH, "冉云霏", citizen_id_damaged="110105197904060023"),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "a masked number shows eight digits or more of the number that it was",
        {
            "a": person(POLICE, "王芳", "110105197904080028"),
            "b": person(
                HEALTH, "王芳", birth="1979-04-08", citizen_id_damaged="1101**********0028"
            ),
            "c": person(
                HEALTH, "王芳", birth="1979-04-08", citizen_id_damaged="1101**********0061"
            ),
        },
        same("a b", "c"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "a minority name of which only the first part was written",
        {
            "a": person(POLICE, "阿依古丽·迪丽拜尔", "110105199105060025", **HOME),
            "b": person(HEALTH, "阿依古丽", birth="1991-05-06", **HOME),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "a child under the father's surname, then the mother's",
        {
            "a": person(POLICE, "李忠顺", "110105201111170011", mobile="13911110002", **HOME),
            "b": person(SCHOOL, "林忠顺", birth="2011-11-17", mobile="13911110002", **HOME),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "twins differ in their given names, and share all else",
        {
            "a": person(POLICE, "毛晓松", "110105201206180013", mobile="13911110003", **HOME),
            "b": person(SCHOOL, "毛晓柏", birth="2012-06-18", mobile="13911110003", **HOME),
        },
        same("a", "b"),
    ),
    World(
        "a record that two could be is neither's",
        {
            "a": person(POLICE, "赵立群", "110105196607080010", mobile="13911110004"),
            "b": person(POLICE, "赵立群", "110105196607080096", mobile="13911110004"),
            "c": person(HEALTH, "赵丽群", birth="1966-07-08", mobile="13911110004"),
        },
        same("a", "b", "c"),
    ),
    World(
        "moved, with a new telephone, under a name that few bear and one birth date",
        {
            "a": person(POLICE, "岑牧遥", "110105197303040015", mobile="13911110005", **HOME),
            "b": person(HEALTH, "岑牧遥", birth="1973-03-04", mobile="13911119999", **AWAY),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "the same of the other sex",
        {
            "a": person(POLICE, "岑牧川", "110105197303050010", sex_code="1", **HOME),
            "b": person(HEALTH, "岑牧川", birth="1973-03-05", sex_code="2", **AWAY),
        },
        same("a", "b"),
    ),
    World(
        "the same under a name of which every city has many",
        {
            "a": person(POLICE, "王芳", "110105197306070028", mobile="13911110006", **HOME),
            "b": person(HEALTH, "王芳", birth="1973-06-07", mobile="13911118888", **AWAY),
        },
        same("a", "b"),
    ),
]
DOOR = {
    "legal_representative_name": "曾一凡",
    "registered_address": "示范市建设路18号3号楼",
    "phone": "01055550001",
}
FIRMS = [
    World(
        "the region is left out, and 有限",
        {
            "a": firm(MARKET, "河阳区达凯海餐饮管理有限公司", uscc(901), **DOOR),
            "b": firm(INSURED, "达凯海餐饮管理公司", **DOOR),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "the region in brackets behind the brand",
        {
            "a": firm(MARKET, "东江宏和房地产开发有限公司", uscc(902), **DOOR),
            "b": firm(TAX, "宏和（东江）房地产开发有限公司", **DOOR),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
    World(
        "a sister behind the same door, with the same person in charge",
        {
            "a": firm(MARKET, "东江锦天泰企业管理有限公司", uscc(903), **DOOR),
            "b": firm(INSURED, "东江昌联盛贸易有限公司", **DOOR),
        },
        same("a", "b"),
    ),
    World(
        "a former name in brackets",
        {
            "a": firm(MARKET, "北方贸易集团有限公司", uscc(904), legal_representative_name="岑二"),
            "b": firm(
                TAX,
                "华夏商务集团有限公司",
                organization_name_former="北方贸易集团有限公司",
                legal_representative_name="岑二",
            ),
        },
        same("a b"),
        {"b": MATCH_BY_SCORE},
    ),
]


def apart(worlds):
    """Each world with doors and telephones of its own, so that none touches another."""
    for place, world in enumerate(worlds):
        for row in world.records.values():
            for column in ("registered_address", "residence_address"):
                if row.get(column):
                    row[column] = row[column].replace("建设路18", f"建设{place}巷{place + 31}")
            if row.get("phone"):
                row["phone"] = f"0105555{place:04d}"
            if row.get("legal_representative_name") == "曾一凡":
                row["legal_representative_name"] = f"曾{'甲乙丙丁戊己庚辛'[place]}凡"
    return worlds


CASES = [("population", apart(PERSONS)), ("legal_entity", apart(FIRMS))]
IDS = [(name, place) for name, worlds in CASES for place in range(len(worlds))]


@pytest.fixture(scope="module")
def resolved(con, records_of):
    return {name: resolve_worlds(con, records_of, name, worlds) for name, worlds in CASES}


@pytest.mark.parametrize(("name", "place"), IDS)
def test_scores_by_example(resolved, name, place):
    world = dict(CASES)[name][place]
    partition, rules = partition_and_rules(resolved[name], world, place)
    assert partition == world.entities, world.claim
    assert {short: rules[short] for short in world.rules} == world.rules, world.claim


def test_only_scores_have_a_probability(resolved):
    for found in resolved.values():
        for row in found["record"]:
            assert (row["probability"] is not None) == (row["rule"] == MATCH_BY_SCORE)
            assert row["probability"] is None or 0.99 <= row["probability"] <= 1.0


PEOPLE = {
    "a": person(POLICE, "宋一平", "110105195001010011", "1950-01-01"),
    "b": person(INSURANCE, "宋一平", "110105195001010011", "1950-01-01"),
    "c": person(HEALTH, "甘二妹", birth="1970-07-07"),
    "d": person(SCHOOL, "管三妹", birth="1971-08-08"),
    "e": person(POLICE, "宋一平", "110105195001010011", "1950-01-01"),
}


def decided(con, records_of, rows, *verdicts):
    library = load_library("population")
    source = {short: row["source"] for short, row in rows.items()}
    told = [
        dict(zip(DECISION_SCHEMA, (source[a], a, source[b], b, verdict), strict=True))
        for a, b, verdict in verdicts
    ]
    decisions = ibis.memtable(told, schema=ibis.schema(DECISION_SCHEMA)) if told else None
    records = records_of(library, [{**row, "source_key": key} for key, row in rows.items()])
    found = resolve(con, records, library, key=KEY, run="run", decisions=decisions)
    rows = con.to_pyarrow(found.record).to_pylist()
    parts: dict[str, set[str]] = {}
    for row in rows:
        parts.setdefault(row["entity_id"], set()).add(row["source_key"])
    return {frozenset(part) for part in parts.values()}, {r["source_key"]: r for r in rows}


def test_people_overrule_numbers_and_silence(con, records_of):
    without, _ = decided(con, records_of, PEOPLE)
    assert without == same("a b e", "c", "d")
    parts, ledger = decided(con, records_of, PEOPLE, ("a", "b", "different"), ("c", "d", "same"))
    assert parts == same("b e", "a", "c d")
    assert ledger["a"]["withheld"] == "citizen_id"
    assert "decided_same" in {ledger["c"]["rule"], ledger["d"]["rule"]}


def test_the_order_of_records_changes_nothing(con, records_of):
    rows = {
        f"{place}{short}": row
        for place, world in enumerate(PERSONS)
        for short, row in world.records.items()
    }
    forth, _ = decided(con, records_of, rows)
    back, _ = decided(con, records_of, dict(reversed(rows.items())))
    assert forth == back
