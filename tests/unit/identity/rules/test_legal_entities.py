"""Who is whom among legal entities, by example. Codes are from the range for fictional ones."""

import pytest
from firm_records import INSURED, MARKET, TAX, record, uscc
from worlds import World, partition_and_rules, resolve_worlds, same

WORLDS = [
    World(
        "one code is one entity, also after it changed its name",
        {
            "now": record(
                MARKET, "示范市新星贸易有限公司", uscc(1), legal_representative_name="钱一"
            ),
            "then": record(TAX, "示范市老张粮油商行", uscc(1), legal_representative_name="钱一"),
        },
        same("now then"),
        {"then": "same_uscc"},
    ),
    World(
        "the organisation code is inside the USCC",
        {
            "a": record(MARKET, "示范市东方机械有限公司", uscc(2)),
            "b": record(INSURED, "东方机械有限公司", organization_code=uscc(2)[8:17]),
        },
        same("a b"),
        {"b": "same_organization_code"},
    ),
    World(
        "an old registration number still leads to its entity",
        {
            "a": record(
                MARKET, "示范市西方机械有限公司", uscc(3), registration_number="110105000000031"
            ),
            "b": record(TAX, "示范市西方机械厂", registration_number="110105000000031"),
        },
        same("a b"),
        {"b": "same_registration_number"},
    ),
    World(
        "name, region and legal representative",
        {
            "a": record(
                MARKET,
                "示范市（东城）南方酒店有限责任公司",
                uscc(4),
                region_code="110101",
                legal_representative_name="钱四",
            ),
            "b": record(
                INSURED,
                "示范市(东城)南方酒店有限公司",
                region_code="110101",
                legal_representative_name="钱四",
            ),
            "other": record(
                INSURED,
                "示范市(东城)南方酒店有限公司",
                region_code="110102",
                legal_representative_name="孙四",
            ),
        },
        same("a b", "other"),
        {"b": "same_name_and_region_and_legal_representative"},
    ),
    World(
        "a branch under its parent's code is not its parent",
        {
            "parent": record(MARKET, "示范市北方超市有限公司", uscc(5), region_code="110101"),
            "branch": record(
                TAX, "示范市北方超市有限公司海淀分公司", uscc(5), region_code="110108"
            ),
            "branch2": record(
                INSURED,
                "示范市北方超市有限公司海淀分公司",
                organization_code=uscc(5)[8:17],
                region_code="110108",
                legal_representative_name="钱五",
            ),
        },
        same("parent", "branch", "branch2"),
    ),
    World(
        "a branch is a branch of nobody's name",
        {
            "parent": record(
                MARKET,
                "示范市农商银行股份有限公司",
                uscc(6),
                region_code="110101",
                legal_representative_name="钱六",
            ),
            "branch": record(
                INSURED,
                "示范市农商银行股份有限公司朝阳支行",
                region_code="110101",
                legal_representative_name="钱六",
            ),
        },
        same("parent", "branch"),
    ),
    World(
        "struck off and registered again under the old name is another entity",
        {
            "old": record(
                MARKET,
                "示范市凤凰餐饮有限公司",
                region_code="110101",
                legal_representative_name="钱七",
                establishment_date="2003-05-06",
                registration_number="110105000000074",
            ),
            "new": record(
                MARKET,
                "示范市凤凰餐饮有限公司",
                uscc(7),
                region_code="110101",
                legal_representative_name="钱七",
                establishment_date="2018-09-10",
            ),
        },
        same("old", "new"),
    ),
    World(
        "two codes are two entities, under one name and one legal representative",
        {
            "a": record(
                MARKET,
                "示范市双子软件有限公司",
                uscc(8),
                region_code="110101",
                legal_representative_name="钱八",
            ),
            "b": record(
                TAX,
                "示范市双子软件有限公司",
                uscc(9),
                region_code="110101",
                legal_representative_name="钱八",
            ),
            "none": record(
                INSURED,
                "示范市双子软件有限公司",
                region_code="110101",
                legal_representative_name="钱八",
            ),
        },
        same("a", "b", "none"),
    ),
    World(
        "a sister firm's code on a record of the other sister",
        {
            "elder": record(
                MARKET,
                "示范市大光明置业有限公司",
                uscc(10),
                region_code="110101",
                legal_representative_name="钱十",
                registered_address="示范市东城区光明路10号",
            ),
            "younger": record(
                MARKET,
                "示范市小光明装饰有限公司",
                uscc(11),
                region_code="110101",
                legal_representative_name="钱十",
                registered_address="示范市东城区光明路10号",
            ),
            "mixed": record(
                TAX,
                "示范市小光明装饰有限公司",
                uscc(10),
                region_code="110101",
                legal_representative_name="钱十",
            ),
            "twice": record(
                INSURED,
                "示范市小光明装饰有限公司",
                uscc(10),
                organization_code=uscc(10)[8:17],  # the same wrong code in another column
                legal_representative_name="钱十",
                registered_address="示范市东城区光明路10号",
            ),
        },
        same("elder", "younger mixed twice"),
    ),
    World(
        "somebody else's code, with nothing in common",
        {
            "owner": record(
                MARKET,
                "示范市青山水泥制品厂",
                uscc(12),
                legal_representative_name="李青",
                establishment_date="1999-01-01",
            ),
            "wrong": record(
                INSURED,
                "示范市朵朵幼儿园",
                uscc(12),
                legal_representative_name="周朵",
                establishment_date="2015-09-01",
            ),
        },
        same("owner", "wrong"),
    ),
    World(
        "a full name with its region is enough where nothing speaks against it",
        {
            "a": record(
                MARKET,
                "示范市晨曦光学仪器有限公司",
                uscc(13),
                organization_name_region="示范市",
                legal_representative_name="钱晨",
                phone="01055550013",
            ),
            "bare": record(
                INSURED, "示范市晨曦光学仪器有限公司", organization_name_region="示范市"
            ),
            "moved": record(
                TAX,
                "示范市晨曦光学仪器有限公司",
                organization_name_region="示范市",
                phone="01055559999",
            ),
            "other": record(
                TAX,
                "示范市晨曦光学仪器有限公司",
                organization_name_region="示范市",
                legal_representative_name="孙远",
            ),
        },
        same("a bare moved", "other"),
        {"bare": "same_full_name"},
    ),
    World(
        "a full name that two codes have is nobody's",
        {
            "a": record(
                MARKET, "示范市银杏苗木有限公司", uscc(14), organization_name_region="示范市"
            ),
            "b": record(
                MARKET, "示范市银杏苗木有限公司", uscc(15), organization_name_region="示范市"
            ),
            "bare": record(INSURED, "示范市银杏苗木有限公司", organization_name_region="示范市"),
        },
        same("a", "b", "bare"),
    ),
    World(
        "a name without a region is many firms' name",
        {
            "a": record(MARKET, "便民超市", uscc(16)),
            "bare": record(INSURED, "便民超市"),
        },
        same("a", "bare"),
    ),
    World(
        "name and address, after the person in charge changed",
        {
            "a": record(
                MARKET,
                "示范市流云五金商行",
                uscc(17),
                legal_representative_name="钱云",
                registered_address="示范市东城区光明路17号",
            ),
            "then": record(
                TAX,
                "示范市流云五金商行",
                legal_representative_name="周海",
                registered_address="示范市东城区光明路17号",
            ),
        },
        same("a then"),
        {"then": "same_name_and_address"},
    ),
]


@pytest.fixture(scope="module")
def resolved(con, records_of):
    return resolve_worlds(con, records_of, "legal_entity", WORLDS)


@pytest.mark.parametrize("place", range(len(WORLDS)), ids=[world.claim for world in WORLDS])
def test_legal_entities_by_example(resolved, place):
    partition, rules = partition_and_rules(resolved, WORLDS[place], place)
    assert partition == WORLDS[place].entities
    assert {name: rules[name] for name in WORLDS[place].rules} == WORLDS[place].rules


def test_the_department_that_filed_a_branch_under_its_parent_is_told(resolved):
    reasons = {d["source_key"]: d["reason"] for d in resolved["conflicting"]}
    place = next(i for i, w in enumerate(WORLDS) if "is not its parent" in w.claim)
    assert reasons[f"{place}/branch"] == "branch_filed_under_the_code_of_its_parent"
