"""People called by something else than their name, and places where many live, by example."""

import pytest
from person_records import HEALTH, INSURANCE, POLICE, record
from worlds import World, partition_and_rules, resolve_worlds, same

HOUSE = {"residence_address": "示范省示范市和平区建设路18号3号楼2单元401室"}
VILLAGE = "示范省示范市和平区石峡镇王家沟村"


def neighbours(group, places):
    """People of a village group, enough for a crowd, with nothing in common but the place."""
    given = "建国海峰志强秀英桂兰玉梅春花文斌金龙"
    return {
        f"n{n}": record(
            POLICE,
            f"王{given[n % 18]}{given[(n * 7 + 3) % 18]}",
            f"11010519{40 + n}0{1 + n % 9}1{n % 10}{100 + n}{n % 10}",
            residence_address=f"{VILLAGE}{group}组",
        )
        for n in places
    }


WORLDS = [
    World(
        "two forms of address at one door are no common name",
        {
            "a": {**record(HEALTH, None, **HOUSE), "person_name_other": "张师傅"},
            "b": {**record(INSURANCE, None, **HOUSE), "person_name_other": "张师傅"},
        },
        same("a", "b"),
    ),
    World(
        "a home name beside a valid number of one's own makes no dispute",
        {
            "a": record(POLICE, "冯晓霖", "110105199001010017", "1990-01-01"),
            "b": record(HEALTH, "狗剩", "110105199001010017"),
        },
        same("a b"),
    ),
    World(
        "a wholly other full name without a birth date is still somebody else's",
        {
            "a": record(POLICE, "冯晓琳", "110105199001020012", "1990-01-02"),
            "b": record(HEALTH, "陈大川", "110105199001020012"),
        },
        same("a", "b"),
    ),
    World(
        "birth date and telephone place a home name, and a form of address of the surname",
        {
            "a": record(POLICE, "邹启航", "110105198102030011", mobile="13933330001"),
            "b": record(HEALTH, "强强", birth="1981-02-03", mobile="13933330001"),
            "c": {
                **record(INSURANCE, None, birth="1981-02-03", mobile="13933330001"),
                "person_name_other": "邹先生",
            },
        },
        same("a b c"),
    ),
    World(
        "a form of address of another surname is another person",
        {
            "a": record(POLICE, "武启航", "110105198202030010", mobile="13933330002"),
            "b": {
                **record(HEALTH, None, birth="1982-02-03", mobile="13933330002"),
                "person_name_other": "江先生",
            },
        },
        same("a", "b"),
    ),
    World(
        "a form of address with a telephone alone is never joined",
        {
            "a": record(POLICE, "史启航", "110105198303030018", mobile="13933330003", **HOUSE),
            "b": {
                **record(HEALTH, None, mobile="13933330003"),
                "person_name_other": "史先生",
            },
        },
        same("a", "b"),
    ),
    World(
        "the year of a nominal age, with the lunar day",
        {
            "a": record(POLICE, "于敏桂", "110105196410130029", mobile="13933330004"),
            # 13 October 1964 is the 8th day of the 9th month; nominal ages begin at one.
            "b": record(HEALTH, "于敏桂", birth="1963-09-08", mobile="13933330004"),
        },
        same("a b"),
    ),
]


@pytest.fixture(scope="module")
def resolved(con, records_of):
    return resolve_worlds(con, records_of, "population", WORLDS)


@pytest.mark.parametrize("place", range(len(WORLDS)), ids=[w.claim for w in WORLDS])
def test_people_called_by_other_words(resolved, place):
    entities, _ = partition_and_rules(resolved, WORLDS[place], place)
    assert entities == WORLDS[place].entities


def test_a_form_of_address_is_asked_about(resolved):
    place = next(n for n, w in enumerate(WORLDS) if "never joined" in w.claim)
    asked = [{row["left_key"], row["right_key"]} for row in resolved["question"]]
    assert {f"{place}/a", f"{place}/b"} in asked


def test_a_group_proves_less_than_a_house(con, records_of):
    """One name, no birth date: a house decides, a group of the clan asks."""
    group = f"{VILLAGE}3组"
    worlds = [
        World(
            "a house",
            {
                "a": record(POLICE, "王海峰", "110105198505050016", sex_code="1", **HOUSE),
                "b": record(HEALTH, "王海峰", sex_code="1", **HOUSE),
            },
            same("a b"),
        ),
        World(
            "a group",
            {
                "a": record(
                    POLICE, "王志强", "110105198605050012", sex_code="1", residence_address=group
                ),
                "b": record(HEALTH, "王志强", sex_code="1", residence_address="王家沟第3村民小组"),
                **neighbours(3, range(30)),
            },
            same("a", "b"),
        ),
    ]
    found = resolve_worlds(con, records_of, "population", worlds)
    assert same("a b") <= partition_and_rules(found, worlds[0], 0)[0]
    assert same("a", "b") <= partition_and_rules(found, worlds[1], 1)[0]


def test_a_village_is_one_place_with_and_without_its_town(con, records_of):
    def world(*towns):
        known = {
            f"t{n}": record(
                POLICE, "钱七", residence_address=f"示范省示范市和平区{town}王家沟村1组"
            )
            for n, town in enumerate(towns)
        }
        house = "王家沟村2组17号"
        return World(
            "towns",
            {
                "a": record(
                    POLICE, "秦桂圆", "110105198505050016", residence_address=towns[0] + house
                ),
                "b": record(HEALTH, "秦桂圆", birth="1985-05-05", residence_address=house),
                **known,
            },
            set(),
        )

    [one, two] = [world("石峡镇"), world("石峡镇", "白塔镇")]
    rule = "same_name_and_birth_date_and_address"
    for each in (one, two):
        found = resolve_worlds(con, records_of, "population", [each])
        assert rule in partition_and_rules(found, each, 0)[1].values()
