"""Firms that left their name, door and person in charge to another: whose record is it, by example.

Old and new are what the registrar has; the record that is asked about is from the insurance office,
which has no founding dates.
"""

import pytest
from firm_records import INSURED, MARKET, TAX, record, uscc
from worlds import World, partition_and_rules, resolve_worlds, same

from pipelines.compare.conflicts import NUMBER_OF_ONE_OF_TWO

OPEN, ENDED = "1", "4"
BY_NAME = "same_name_and_region_and_legal_representative"
BEFORE = {"establishment_date": "2003-05-06", "entity_status": ENDED}
LIVING = {**BEFORE, "entity_status": OPEN}
AFTER = {"establishment_date": "2018-09-10", "entity_status": OPEN}


def firm(source, place, code=None, **more):
    """A record of the firm of this world; all such agree in name, region and representative."""
    told = {
        "region_code": "110101",
        "legal_representative_name": f"钱{'甲乙丙丁戊己庚辛壬癸子丑寅卯'[place]}",
    }
    name = f"示范市{'金木水火土天地人和春夏秋冬月'[place]}祥餐饮有限公司"
    return record(source, name, code, **{**told, **more})


def street(number):
    return {"registered_address": f"示范市东城区光明路{number}号"}


WORLDS = [
    World(
        "the earlier code, and the address of the later registration",
        {
            "old": firm(MARKET, 0, uscc(100), **BEFORE, **street(100)),
            "new": firm(MARKET, 0, uscc(101), **AFTER, **street(101)),
            "r": firm(INSURED, 0, uscc(100), **street(101)),
        },
        same("old", "new r"),
        {"r": BY_NAME},
    ),
    World(
        "the earlier code, and nothing that tells the two apart",
        {
            "old": firm(MARKET, 1, uscc(102), **BEFORE, **street(102)),
            "new": firm(MARKET, 1, uscc(103), **AFTER, **street(102)),
            "r": firm(INSURED, 1, uscc(102), entity_status=OPEN, **street(102)),
        },
        same("old", "new", "r"),
    ),
    World(
        "the same, of a firm that has ended by the record's own word",
        {
            "old": firm(MARKET, 2, uscc(104), **BEFORE, **street(104)),
            "new": firm(MARKET, 2, uscc(105), **AFTER, **street(104)),
            "r": firm(INSURED, 2, uscc(104), entity_status=ENDED, **street(104)),
        },
        same("old r", "new"),
        {"new": "founding_record"},
    ),
    World(
        "the later code is believed: nobody knew it before there was one",
        {
            "old": firm(MARKET, 3, uscc(106), **BEFORE, **street(106)),
            "new": firm(MARKET, 3, uscc(107), **AFTER, **street(107)),
            "r": firm(INSURED, 3, uscc(107), **street(106)),
        },
        same("old", "new r"),
    ),
    World(
        "two shops of one name and owner, both open",
        {
            "old": firm(MARKET, 4, uscc(108), **LIVING),
            "new": firm(MARKET, 4, uscc(109), **AFTER),
            "r": firm(INSURED, 4, uscc(108)),
        },
        same("old r", "new"),
    ),
    World(
        "what one department has not heard of yet contradicts nobody whom the registrar bears out",
        {
            "old": firm(MARKET, 5, uscc(110), **LIVING, phone="01055550110", **street(110)),
            "stale": firm(TAX, 5, uscc(110), phone="01055559110", **street(110)),
            "new": firm(MARKET, 5, uscc(111), **AFTER, phone="01055550110", **street(110)),
            "r": firm(INSURED, 5, uscc(110), phone="01055550110", **street(110)),
        },
        same("old stale r", "new"),
    ),
    World(
        "a telephone that only one of two namesakes gives tells them apart for nobody",
        {
            "old": firm(MARKET, 6, uscc(112), **AFTER, phone="01055550112", **street(112)),
            "new": firm(MARKET, 6, uscc(113), **AFTER, **street(112)),
            "r": firm(INSURED, 6, phone="01055550112", **street(112)),
        },
        same("old", "new", "r"),
    ),
    World(
        "a difference does",
        {
            "old": firm(MARKET, 7, uscc(114), **AFTER, phone="01055550114", **street(114)),
            "new": firm(MARKET, 7, uscc(115), **AFTER, **street(115)),
            "r": firm(INSURED, 7, phone="01055550114", **street(114)),
        },
        same("old r", "new"),
        {"r": BY_NAME},
    ),
    World(
        "a namesake of before there were codes is a rival, too",
        {
            "old": firm(MARKET, 8, registration_number="110105000000116", **BEFORE),
            "new": firm(MARKET, 8, uscc(117), **AFTER),
            "r": firm(INSURED, 8),
        },
        same("old", "new", "r"),
    ),
    World(
        "the code of a sister, under one's own name in another form",
        {
            "elder": record(
                MARKET,
                "东江市盈祥建材有限公司",
                uscc(118),
                legal_representative_name="钱盈",
                **street(118),
            ),
            "younger": record(
                MARKET,
                "东江市盈祥建筑材料有限公司",
                uscc(119),
                legal_representative_name="钱盈",
                **street(118),
            ),
            "r": record(
                INSURED,
                "盈祥（东江）建筑材料有限公司",
                uscc(118),
                legal_representative_name="钱盈",
                **street(118),
            ),
        },
        same("elder", "younger", "r"),  # the elder's no more; the score asks for the rest
    ),
    World(
        "a branch of which a short field has left its parent's name",
        {
            "parent": record(
                MARKET,
                "示范市长河机械有限公司",
                uscc(120),
                region_code="110101",
                legal_representative_name="钱河",
                **street(120),
            ),
            "branch": record(
                MARKET,
                "示范市长河机械有限公司海淀分公司",
                uscc(121),
                region_code="110108",
                legal_representative_name="钱河",
                **street(121),
            ),
            "r": record(
                INSURED,
                "示范市长河机械有限公司",
                uscc(120),
                region_code="110108",
                legal_representative_name="钱河",
                **street(121),
            ),
        },
        same("parent", "branch", "r"),
    ),
    World(
        "two branches under their parent's code, which each repeats in another column",
        {
            "parent": record(MARKET, "示范市大江超市有限公司", uscc(122)),
            "one": record(
                INSURED,
                "示范市大江超市有限公司海淀分公司",
                uscc(122),
                organization_code=uscc(122)[8:17],
            ),
            "two": record(
                INSURED,
                "示范市大江超市有限公司朝阳分公司",
                uscc(122),
                organization_code=uscc(122)[8:17],
            ),
        },
        same("parent", "one", "two"),
    ),
    World(
        "a record that was misfiled itself bears no witness",
        {
            "old": firm(MARKET, 12, uscc(123), **BEFORE, **street(123)),
            "new": firm(MARKET, 12, uscc(124), **AFTER, **street(124)),
            "filed": firm(TAX, 12, uscc(123), **AFTER, **street(124)),
            "r": firm(INSURED, 12, uscc(123), **street(124)),
        },
        same("old", "new filed r"),
    ),
    World(
        "the registrar knows its own codes",
        {
            "old": firm(MARKET, 13, uscc(125), **BEFORE),
            "new": firm(MARKET, 13, uscc(126), **AFTER),
            "report": firm("market_regulation__annual_reports", 13, uscc(125)),
        },
        same("old report", "new"),
    ),
]


@pytest.fixture(scope="module")
def resolved(con, records_of):
    return resolve_worlds(con, records_of, "legal_entity", WORLDS)


@pytest.mark.parametrize("place", range(len(WORLDS)), ids=[world.claim for world in WORLDS])
def test_successors_and_sisters_by_example(resolved, place):
    partition, rules = partition_and_rules(resolved, WORLDS[place], place)
    assert partition == WORLDS[place].entities
    assert {name: rules[name] for name in WORLDS[place].rules} == WORLDS[place].rules


def test_the_department_is_told_why_its_number_is_withheld(resolved):
    reasons = {d["source_key"]: d["reason"] for d in resolved["conflicting"]}
    elsewhere = "code_belongs_to_another_organization"
    assert reasons["0/r"] == elsewhere
    assert reasons["1/r"] == NUMBER_OF_ONE_OF_TWO
    assert reasons["12/r"] == elsewhere
    assert {key: reason for key, reason in reasons.items() if key[0] in "2345678"} == {}


def test_whose_record_it_is_can_be_asked(resolved):
    """Of the two registrations that could have it; one question each, none decided."""
    asked = {(q["left_key"], q["right_key"]) for q in resolved["question"]}
    assert {("1/r", "1/old"), ("1/r", "1/new")} <= asked
