"""A name proves as much as it is rare, by example: shops called like their neighbours."""

import pytest
from worlds import World, partition_and_rules, resolve_worlds, same

MARKET = "market_regulation__enterprises"
TAX = "taxation__taxpayers"
INSURED = "human_resources__insured_units"


def shop(source, name, code=None, **more):
    """A record of an individual business; ``code`` numbers its credit code."""
    implied = {}
    if code:
        uscc = f"92110105PDY{code:05d}0A"
        implied = {"uscc": uscc, "uscc_organization_code": uscc[8:17]}
    return {"source": source, "organization_name": name, **implied, **more}


WORLDS = [
    World(
        "a dish with a region in it, which several shops are called by, is nobody's full name",
        {
            "one": shop(MARKET, "兰州拉面", 101, organization_name_region="兰州",
                        registered_address="迎春路1号", legal_representative_name="马一"),
            "two": shop(MARKET, "示范区兰州拉面馆", 102, registered_address="迎春路2号",
                        legal_representative_name="马二"),
            "sign": shop(INSURED, "兰州拉面", organization_name_region="兰州"),
        },
        same("one", "two", "sign"),
    ),
    World(
        "a full name that one firm bears still is",
        {
            "a": shop(MARKET, "示范市新星贸易有限公司", 103, organization_name_region="示范市",
                      registered_address="迎春路3号"),
            "b": shop(INSURED, "示范市新星贸易有限公司", organization_name_region="示范市"),
        },
        same("a b"),
        {"b": "same_full_name"},
    ),
    World(
        "a sign beside a shop's own valid code is no dispute, though another shop is called so",
        {
            "one": shop(MARKET, "沙县小吃", 104, registered_address="迎春路4号"),
            "two": shop(MARKET, "示范区沙县小吃店", 105, registered_address="迎春路5号"),
            "list": shop(TAX, "沙县小吃", 105),
        },
        same("one", "two list"),
        {"list": "same_uscc"},
    ),
    World(
        "an owner's further shop has his name and telephone, and another door",
        {
            "first": shop(MARKET, "示范区老白面馆", 106, registered_address="迎春路6号",
                          legal_representative_name="白一", phone="13900000106"),
            "second": shop(MARKET, "示范区老白面馆", 107, registered_address="迎春路7号",
                           legal_representative_name="白一", phone="13900000106"),
            "third": shop(INSURED, "示范区老白面馆", registered_address="迎春路8号",
                          phone="13900000106"),
            "of_second": shop(INSURED, "示范区老白面馆", registered_address="迎春路7号",
                              phone="13900000106"),
        },
        same("first", "second of_second", "third"),
        {"of_second": "same_name_and_address"},
    ),
    World(
        "a shop at a door is not the one before it, of another owner or with another telephone",
        {
            "shop": shop(MARKET, "示范区瑞恒修理部", 120, registered_address="迎春路20号",
                         legal_representative_name="吴一", phone="13900000120"),
            "of_another": shop(TAX, "示范区瑞恒修理部", registered_address="迎春路20号",
                               legal_representative_name="沈二", phone="13900000121"),
            "of_whom": shop(INSURED, "示范区瑞恒修理部", registered_address="迎春路20号",
                            phone="13900000122"),
            "new_phone": shop(INSURED, "示范区瑞恒修理部", registered_address="迎春路20号",
                              legal_representative_name="吴一", phone="13900000123"),
            "silent": shop(TAX, "示范区瑞恒修理部", registered_address="迎春路20号"),
        },
        same("shop new_phone silent", "of_another", "of_whom"),
    ),
    World(
        "a school without a code stays what it is when its head changes",
        {
            "then": shop(TAX, "示范市第三中学", registered_address="迎春路30号",
                         legal_representative_name="赵一"),
            "now": shop(INSURED, "示范市第三中学", registered_address="迎春路30号",
                        legal_representative_name="钱二"),
        },
        same("then now"),
    ),
    World(
        "a successor of another owner at the same door, though both are called alike",
        {
            "old": shop(MARKET, "示范区老金面馆", 108, registered_address="迎春路9号",
                        legal_representative_name="金一", entity_status="4"),
            "new": shop(MARKET, "示范区老金面馆", 109, registered_address="迎春路9号",
                        legal_representative_name="金二", entity_status="1"),
            "of_new": shop(INSURED, "老金面馆", registered_address="迎春路9号",
                           legal_representative_name="金二"),
            "of_neither": shop(INSURED, "示范区老金面馆", registered_address="迎春路9号",
                               legal_representative_name="金三"),
        },
        same("old", "new of_new", "of_neither"),
    ),
    World(
        "a sign that is short for the registered name, with the shop's door and telephone",
        {
            "a": shop(MARKET, "示范区老唐快餐店", 112, registered_address="迎春路112号",
                      legal_representative_name="唐一", phone="13900000112"),
            "list": shop(TAX, "示范区老唐快餐店", 113),
            "sign": shop(INSURED, "老唐快餐", registered_address="迎春路112号",
                         legal_representative_name="唐一", phone="13900000112"),
        },
        same("a sign", "list"),
        {"sign": "match_by_score"},
    ),
    World(
        "a name that several bear, with a neighbour's telephone and nothing else, is asked about",
        {
            "a": shop(MARKET, "示范区邻家药房", 114, registered_address="迎春路114号",
                      legal_representative_name="卫一", phone="13900000114"),
            "b": shop(MARKET, "示范区邻家药房", 115, registered_address="迎春路115号",
                      legal_representative_name="卫二", phone="13900000115"),
            "sign": shop(INSURED, "邻家药房", registered_address="迎春路116号",
                         legal_representative_name="卫三", phone="13900000114"),
        },
        same("a", "b", "sign"),
    ),
    World(
        "a numbered shop or an 经营部 with a code of its own is no branch of anybody",
        {
            "register": shop(MARKET, "示范区建民建材", 110, legal_representative_name="孙一"),
            "tax": shop(TAX, "示范区建民建材经营部", 110, legal_representative_name="孙一"),
            "second": shop(MARKET, "示范区老吴粮油", 111, legal_representative_name="吴一"),
            "sign": shop(TAX, "老吴粮油二店", 111, legal_representative_name="吴一"),
        },
        same("register tax", "second sign"),
        {"tax": "same_uscc", "sign": "same_uscc"},
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def resolved(con, records_of):
    return resolve_worlds(con, records_of, "legal_entity", WORLDS)


@pytest.mark.parametrize("place", range(len(WORLDS)), ids=[world.claim for world in WORLDS])
def test_shared_names(resolved, place):
    world = WORLDS[place]
    parts, rules = partition_and_rules(resolved, world, place)
    assert parts == world.entities
    assert rules.items() >= world.rules.items()
