"""When persons are joined or taken apart, licences and organisations follow, and come back."""

from town import INSURANCE, MARKET, POLICE, PRACTICE, Town, citizen_id

NUMBER = citizen_id("19900307", 101)
POLICE_ROWS = [
    {"source_key": "HJ1", "citizen_id": NUMBER, "person_name": "张小明", "sex_code": "1",
     "birth_date": "19900307", "residence_region_code": "130602"},
    {"source_key": "HJ2", "citizen_id": citizen_id("19850101", 203), "person_name": "李大海",
     "sex_code": "1", "birth_date": "19850101"},
]  # fmt: skip
# He gave another birth date and no number: to the rules, another person.
APART = {"source_key": "6001", "person_name": "张小明", "sex_code": "男",
         "birth_date": "1979-12-01", "mobile": "14200000001"}  # fmt: skip
JOINED = APART | {"citizen_id": NUMBER, "birth_date": "1990-03-07"}
FIRMS = [
    {"source_key": "ZT1", "uscc": "91130602PDY0000184", "organization_name": "云州市甲有限公司",
     "legal_representative_name": "张小明", "phone": "14200000001", "region_code": "130602"},
    {"source_key": "ZT2", "organization_name": "云州市乙有限公司", "region_code": "130602",
     "legal_representative_name": "李大海", "phone": "14200000009"},
]  # fmt: skip
LICENCES = [
    {"source_key": "1", "license_number": "110001", "license_name": "医师执业证书",
     "holder_name": "张小明", "holder_type": "111", "holder_code": NUMBER,
     "issue_date": "2020/01/01"},
]  # fmt: skip
HOLDER = "SELECT holder_person_id FROM base.license"


def test_what_refers_to_persons_follows_a_merge_and_comes_back(town: Town) -> None:
    """One story, since each step costs seconds: apart, joined, apart again."""
    town.deliver(POLICE, "20260630", POLICE_ROWS)
    town.deliver(INSURANCE, "20260630", [APART])
    town.deliver(MARKET, "20260630", FIRMS)
    town.deliver(PRACTICE, "20260630", LICENCES)
    for library in ("population", "legal_entity", "e_license"):
        town.build(library, "20260630")
    first, official = person_of(town, "6001"), person_of(town, "HJ1")
    assert first != official
    assert represented(town) == {("甲", first, "same_name_and_mobile"), ("乙", None, None)}
    assert town.base(HOLDER) == [(official,)]
    began = town.core_bytes()

    town.build("population", "20260701T1")  # nobody has changed, and nothing is written
    assert town.core_bytes() == began
    publications = "SELECT library FROM quality.publication WHERE run = '20260701T1'"
    assert town.base(publications) == [("population",)]

    town.deliver(INSURANCE, "20260701", [JOINED])
    town.build("population", "20260701")
    together = person_of(town, "6001")
    assert together == person_of(town, "HJ1")
    assert represented(town) == {("甲", together, "same_name_and_mobile"), ("乙", None, None)}
    assert town.base(HOLDER) == [(together,)]
    cascaded = town.core_bytes()
    for library in ("legal_entity", "e_license"):
        town.build(library, "20260701")
    assert town.core_bytes() == cascaded  # a cascade ends where building everything anew ends

    town.deliver(INSURANCE, "20260702", [APART])
    town.build("population", "20260702")
    again, official = person_of(town, "6001"), person_of(town, "HJ1")
    assert again != official
    assert represented(town) == {("甲", again, "same_name_and_mobile"), ("乙", None, None)}
    assert town.base(HOLDER) == [(official,)]


def person_of(town: Town, key: str) -> str:
    found = town.base(f"SELECT entity_id FROM base.person_source WHERE source_key = '{key}'")
    return str(found[0][0])


def represented(town: Town) -> set[tuple[object, ...]]:
    """Firm, legal representative and rule; PostgreSQL and the lake must say the same."""
    columns = (
        "substr(organization_name, 4, 1), legal_representative_person_id, legal_representative_rule"
    )
    published = set(town.base(f"SELECT {columns} FROM base.legal_entity"))
    assert set(town.lake("core.legal_entity", columns)) == published
    return published
