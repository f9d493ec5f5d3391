"""Who is whom among persons, by example. Each example is a small world of its own.

All worlds are resolved together, which is also a test: none of them may touch another.
"""

import pytest
from person_records import HEALTH, INSURANCE, MARRIAGE, POLICE, SCHOOL, record
from worlds import World, ids_of, partition_and_rules, resolve_worlds, same

WORLDS = [
    World(
        "one number is one person, whatever a clerk mistyped in the name",
        {
            "a": record(POLICE, "张晓红", "110105199001010017", "1990-01-01"),
            "b": record(INSURANCE, "张小红", "110105199001010017"),
            "c": record(HEALTH, "张晓红", "110105199001010017", "1990-10-01"),
        },
        same("a b c"),
        {"b": "same_citizen_id", "c": "founding_record"},
    ),
    World(
        "a record without a number joins by name, birth date and mobile",
        {
            "a": record(POLICE, "陈一", "110105199002020016", "1990-02-02"),
            "b": record(INSURANCE, "陈一", "110105199002020016", mobile="13900000201"),
            "c": record(HEALTH, "陈一", birth="1990-02-02", mobile="13900000201"),
        },
        same("a b c"),
        {"c": "same_name_and_birth_date_and_mobile"},
    ),
    World(
        "name and birth date alone are not enough",
        {
            "a": record(POLICE, "陈二", "110105199003030015", "1990-03-03"),
            "b": record(HEALTH, "陈二", birth="1990-03-03", mobile="13900000301"),
        },
        same("a", "b"),
    ),
    World(
        "the birth date inside the number serves where the record states none",
        {
            "a": record(INSURANCE, "陈三", "110105199004040014", mobile="13900000401"),
            "b": record(HEALTH, "陈三", birth="1990-04-04", mobile="13900000401"),
        },
        same("a b"),
    ),
    World(
        "two valid numbers are never one person, whatever agrees",
        {
            "a": record(POLICE, "陈四", "110105199005050013", "1990-05-05", mobile="13900000501"),
            "b": record(HEALTH, "陈四", "110105199005050030", "1990-05-05", mobile="13900000501"),
        },
        same("a", "b"),
    ),
    World(
        "somebody else's valid number on a record is a finding, not a match",
        {
            "owner": record(POLICE, "刘备", "110105196001010011", "1960-01-01"),
            "own": record(POLICE, "关羽", "110105196202020010", "1962-02-02"),
            "work": record(INSURANCE, "关羽", "110105196202020010", mobile="13900000601"),
            "wrong": record(
                HEALTH, "关羽", "110105196001010011", "1962-02-02", mobile="13900000601"
            ),
        },
        same("owner", "own work wrong"),
        {"wrong": "same_name_and_birth_date_and_mobile"},
    ),
    World(
        "a spouse's number on a marriage record without birth date is not believed",
        {
            "husband": record(POLICE, "赵云", "110105197001010019", "1970-01-01"),
            "wife": record(MARRIAGE, "马玉兰", "110105197001010019", sex_code="2"),
        },
        same("husband", "wife"),
    ),
    World(
        "a twin under the other twin's number belongs to the other twin",
        {
            "ming": record(
                POLICE,
                "王小明",
                "110105200101010013",
                "2001-01-01",
                residence_address="幸福路1号院2单元",
            ),
            "liang": record(
                POLICE,
                "王小亮",
                "110105200101010030",
                "2001-01-01",
                residence_address="幸福路1号院2单元",
            ),
            "mixed": record(
                SCHOOL,
                "王小亮",
                "110105200101010013",
                "2001-01-01",
                residence_address="幸福路1号院2单元",
            ),
        },
        same("ming", "liang mixed"),
    ),
    World(
        "twins without numbers are told apart by their names",
        {
            "a": record(POLICE, "李大双", "110105200202020012", "2002-02-02", mobile="13900000801"),
            "b": record(POLICE, "李小双", "110105200202020039", "2002-02-02", mobile="13900000801"),
            "c": record(HEALTH, "李小双", birth="2002-02-02", mobile="13900000801"),
        },
        same("a", "b c"),
    ),
    World(
        "what two namesakes share is evidence for neither; what one has alone is",
        {
            "a": record(
                POLICE, "王伟", "110105198501010014", "1985-01-01", residence_region_code="110105"
            ),
            "b": record(
                POLICE, "王伟", "110105198501010057", "1985-01-01", residence_region_code="110105"
            ),
            "b2": record(INSURANCE, "王伟", "110105198501010057", mobile="13900000902"),
            "region": record(
                HEALTH, "王伟", birth="1985-01-01", sex_code="1", residence_region_code="110105"
            ),
            "mobile": record(HEALTH, "王伟", birth="1985-01-01", mobile="13900000902"),
        },
        same("a", "b b2 mobile", "region"),
    ),
    World(
        "one number given to two people is two people; the authority says whose it is",
        {
            "owner": record(POLICE, "孙权", "110105195001010018", "1950-01-01"),
            "second": record(HEALTH, "周瑜", "110105195001010018", "1953-03-03"),
            "third": record(INSURANCE, "周瑜", "110105195001010018", "1953-03-03"),
        },
        same("owner", "second third"),
        {"third": "same_citizen_id_and_person_name"},
    ),
    World(
        "whoever changed his name keeps his number and his records",
        {
            "now": record(
                POLICE,
                "何建国",
                "110105198808080015",
                "1988-08-08",
                residence_address="建设路88号3单元",
            ),
            "then": record(
                HEALTH,
                "何铁柱",
                "110105198808080015",
                "1988-08-08",
                residence_address="建设路88号3单元",
            ),
        },
        same("now then"),
    ),
    World(
        "records without numbers find each other",
        {
            "a": record(SCHOOL, "郑一", birth="2010-01-01", school_name="示范市第一中学"),
            "b": record(HEALTH, "郑一", birth="2010-01-01", school_name="示范市第一中学"),
            "c": record(MARRIAGE, "郑二", birth="2010-01-01"),
        },
        same("a b", "c"),
    ),
    World(
        "a record that joined brings what it knows",
        {
            "a": record(POLICE, "郑三", "110105199111110011", "1991-11-11"),
            "a2": record(INSURANCE, "郑三", "110105199111110011", mobile="13900001301"),
            "b": record(
                HEALTH,
                "郑三",
                birth="1991-11-11",
                mobile="13900001301",
                employer_name="示范市纺织厂",
            ),
            "c": record(MARRIAGE, "郑三", birth="1991-11-11", employer_name="示范市纺织厂"),
        },
        same("a a2 b c"),
        {"c": "same_name_and_birth_date_and_employer"},
    ),
    World(
        "a lost character is no other name",
        {
            "a": record(INSURANCE, "王喆明", "110105199212120010", mobile="13900001401"),
            "b": record(HEALTH, "王?明", birth="1992-12-12", mobile="13900001401"),
        },
        same("a b"),
        {"b": "damaged_name_and_same_birth_date_and_mobile"},
    ),
    World(
        "a wrong digit in a birth date is forgiven where name and mobile agree",
        {
            "a": record(INSURANCE, "吴用", "110105199303030019", mobile="13900001501"),
            "b": record(HEALTH, "吴用", birth="1993-03-08", mobile="13900001501"),
            "c": record(HEALTH, "吴用", birth="1968-11-21", mobile="13900001501"),
        },
        same("a b", "c"),
    ),
    World(
        "a number that a spreadsheet rounded passes its check digit one time in eleven",
        {
            "a": record(
                POLICE,
                "孙丽",
                "110105197809169940",
                "1978-09-16",
                residence_address="示范市东湖区梧桐街66号501室",
            ),
            "b": record(
                HEALTH,
                "孙丽",
                "110105197809169000",
                "1978-09-16",
                residence_address="梧桐街66号501室",
            ),
        },
        same("a b"),
        {"b": "same_name_and_birth_date_and_address"},
    ),
    World(
        "a stranger's number that nobody else carries is found by the birth date in it",
        {
            "a": record(
                POLICE,
                "徐晓娜",
                "110105196508289940",
                "1965-08-28",
                residence_address="新华路193号丽景苑4栋",
            ),
            "b": record(
                HEALTH,
                "徐晓娜",
                "110105197104189950",
                "1965-08-28",
                residence_address="新华路193号丽景苑4栋",
            ),
        },
        same("a b"),
    ),
    World(
        "a date of the lunar calendar is the same birthday",
        {
            "a": record(
                POLICE,
                "赵伟",
                "110105197712060053",
                "1977-12-06",
                residence_address="河口村21组32号",
            ),
            "b": record(
                HEALTH, "赵伟", birth="1977-11-05", residence_address="示范市柳河县河口村21组32号"
            ),
        },
        same("a b"),
        {"b": "same_name_and_address_and_similar_birth_date"},
    ),
    World(
        "without a birth date, name and mobile and sex are enough; with another one they are not",
        {
            "a": record(INSURANCE, "高红梅", "110105196807070046", mobile="13900002001"),
            "b": record(HEALTH, "高红梅", mobile="13900002001", sex_code="2"),
            "c": record(HEALTH, "高红梅", birth="1999-12-12", mobile="13900002001", sex_code="2"),
        },
        same("a b", "c"),
        {"b": "same_name_and_mobile_and_sex"},
    ),
    World(
        "sex is a third element where nothing that both know differs",
        {
            "a": record(
                POLICE, "王丽", "110105196906150046", "1969-06-15", residence_address="工农路38号"
            ),
            "b": record(HEALTH, "王丽", birth="1969-06-15", sex_code="2", mobile="13900002101"),
            "c": record(
                SCHOOL,
                "王丽",
                birth="1969-06-15",
                sex_code="2",
                residence_address="解放街9号大院",
            ),
        },
        same("a b", "c"),
        {"b": "same_name_and_birth_date_and_sex"},
    ),
    World(
        "a number on a record without a name, born on another day",
        {
            "a": record(POLICE, "李文涛", "110105197410230059", "1974-10-23"),
            "b": record(HEALTH, None, "110105197410230059", "1984-05-17", mobile="13900002201"),
        },
        same("a", "b"),
    ),
    World(
        "dots and spaces do not make another name",
        {
            "a": record(INSURANCE, "阿卜杜拉·买买提", "110105199404040018", mobile="13900001601"),
            "b": record(HEALTH, "阿卜杜拉买买提", birth="1994-04-04", mobile="13900001601"),
        },
        same("a b"),
    ),
]


@pytest.fixture(scope="module")
def resolved(con, records_of):
    return resolve_worlds(con, records_of, "population", WORLDS)


@pytest.mark.parametrize("place", range(len(WORLDS)), ids=[world.claim for world in WORLDS])
def test_persons_by_example(resolved, place):
    partition, rules = partition_and_rules(resolved, WORLDS[place], place)
    assert partition == WORLDS[place].entities
    assert {name: rules[name] for name in WORLDS[place].rules} == WORLDS[place].rules


def test_a_disputed_number_is_withheld_and_reported_with_its_holder(resolved):
    place = next(i for i, w in enumerate(WORLDS) if "finding, not a match" in w.claim)
    entity = ids_of(resolved)
    withheld = {row["source_key"]: row["withheld"] for row in resolved["record"]}
    assert withheld[f"{place}/wrong"] == "citizen_id"
    assert withheld[f"{place}/own"] is None
    told = next(d for d in resolved["conflicting"] if d["source_key"] == f"{place}/wrong")
    assert told["other_entity_id"] == entity[f"{place}/owner"]
    assert told["entity_id"] == entity[f"{place}/own"]
    assert told["reason"] == "id_belongs_to_another_person"


def test_ids_carry_the_prefix_and_no_personal_data(resolved):
    for row in resolved["record"]:
        prefix, digits = row["entity_id"].split("-")
        assert prefix == "P"
        assert len(digits) == 24
        assert int(digits, 16) >= 0
