"""Licences and their holders, organisations and their legal representatives."""

import ibis
import pytest

from pipelines.libraries import load_library
from pipelines.merge.links import link_entities

LICENSE = load_library("e_license")
LICENSES = {
    "entity_id": "string",
    "holder_code": "string",
    "holder_code_kind": "string",
    "holder_name": "string",
}


def table(schema, *rows):
    columns = dict(zip(schema, map(list, zip(*rows, strict=True)), strict=True))
    return ibis.memtable(columns, schema=ibis.schema(schema))


PERSONS = table({"entity_id": "string", "citizen_id": "string"}, ("P-1", "id-1"), ("P-2", None))
ORGANIZATIONS = table(
    {"entity_id": "string", "uscc": "string", "organization_name": "string"},
    ("E-1", "code-1", "示范市甲有限公司"),
    ("E-2", None, "示范市乙（集团）有限责任公司"),
    ("E-3", "code-3", "示范市同名厂"),
    ("E-4", "code-4", "示范市同名厂"),
)


@pytest.fixture(scope="module")
def linked(con):
    core = table(
        LICENSES,
        ("L-person", "id-1", "citizen_id", "张三"),
        ("L-code", "code-1", "uscc", "随便写的名称"),
        ("L-name", None, None, "示范市乙(集团)有限公司"),
        ("L-two", None, None, "示范市同名厂"),
        ("L-other", "code-9", "uscc", "示范市甲有限公司"),
        ("L-passport", "X123", "other", "示范市甲有限公司"),
        ("L-nobody", None, None, None),
        ("L-traditional", None, None, "示範市乙（集团）有限责任公司"),
    )
    targets = {"population": PERSONS, "legal_entity": ORGANIZATIONS}
    rows = con.to_pyarrow(link_entities(core, LICENSE, targets)).to_pylist()
    assert len(rows) == len({row["entity_id"] for row in rows})
    return {
        row["entity_id"]: (
            row["holder_person_id"],
            row["holder_legal_entity_id"],
            row["holder_rule"],
        )
        for row in rows
    }


@pytest.mark.parametrize(
    ("license_id", "holder"),
    [
        pytest.param("L-person", ("P-1", None, "same_citizen_id"), id="a citizen id"),
        pytest.param("L-code", (None, "E-1", "same_uscc"), id="a code, whatever the name"),
        pytest.param("L-name", (None, "E-2", "same_unique_name"), id="a name that one bears"),
        pytest.param("L-two", (None, None, None), id="not a name that two bear"),
        pytest.param("L-other", (None, None, None), id="not by name against another valid code"),
        pytest.param(
            "L-passport", (None, "E-1", "same_unique_name"), id="other papers say nothing"
        ),
        pytest.param("L-nobody", (None, None, None), id="nothing known"),
        pytest.param("L-traditional", (None, "E-2", "same_unique_name"), id="in other characters"),
    ],
)
def test_holders_by_example(linked, license_id, holder):
    assert linked[license_id] == holder


def test_every_licence_stays_once(linked):
    kinds = ("person", "code", "name", "two", "other", "passport", "nobody", "traditional")
    assert sorted(linked) == sorted(f"L-{kind}" for kind in kinds)


def test_a_library_that_is_not_built_yet_leaves_its_links_empty(con):
    core = table(LICENSES, ("L-code", "code-1", "uscc", "甲"))
    rows = con.to_pyarrow(link_entities(core, LICENSE, {})).to_pylist()
    assert rows[0]["holder_legal_entity_id"] is None
    assert rows[0]["holder_person_id"] is None
    assert rows[0]["holder_rule"] is None


LEGAL_ENTITY = load_library("legal_entity")
REPRESENTED = {
    "entity_id": "string",
    "organization_name": "string",
    "legal_representative_name": "string",
    "legal_representative_citizen_id": "string",
    "phone": "string",
    "registered_address": "string",
    "region_code": "string",
}
RESIDENTS = table(
    {
        "entity_id": "string",
        "person_name": "string",
        "citizen_id": "string",
        "mobile": "string",
        "residence_address": "string",
        "residence_region_code": "string",
        "employer_name": "string",
    },
    ("P-1", "张三丰", "id-1", "14200000001", "幸福路1号2单元301室", "130602", "示范市甲有限公司"),
    ("P-2", "李小明", "id-2", "14200000002", "和平街5号院3号楼201", "130602", "示范市乙厂"),
    ("P-3", "李小明", "id-3", "14200000003", "和平街5号院3号楼202", "130602", "示范市乙厂"),
    ("P-4", "李小明", None, "14200000002", None, None, "示范市丙厂"),
    ("P-5", "阿依古丽·买买提", None, "14200000005", None, None, "示范市丁厂"),
    ("P-6", "王伟", None, None, None, None, "示范市戊厂"),
    ("P-7", "王伟", None, None, None, None, "示范市己厂"),
)
# Name, number, telephone, address, region, organisation: who represents it, and why.
REPRESENTATIVES = {
    "the number": (("张三丰", "id-1", None, None, None, None), ("P-1", "same_citizen_id")),
    "a number without a name": ((None, "id-1", None, None, None, None), ("P-1", "same_citizen_id")),
    "a slip in the name": (("张三峰", "id-1", None, None, None, None), ("P-1", "same_citizen_id")),
    "another's number": (("赵六", "id-1", None, None, None, None), (None, None)),
    "a relative's number": (("张小军", "id-1", None, None, None, None), (None, None)),
    "a second number": (("李小明", "id-2b", None, None, None, None), ("P-2", "same_citizen_id")),
    "a name and a mobile": (
        ("李小明", None, "14200000003", None, None, None),
        ("P-3", "same_name_and_mobile"),
    ),
    "a mobile that two of that name give": (
        ("李小明", None, "14200000002", None, None, None),
        (None, None),
    ),
    "a mobile, and another number": (
        ("李小明", "id-9", "14200000003", None, None, None),
        (None, None),
    ),
    "the address in the region": (
        ("李小明", None, None, "和平街5号院3号楼202", "130602", None),
        ("P-3", "same_name_and_address"),
    ),
    "the address in another region": (
        ("李小明", None, None, "和平街5号院3号楼202", "130603", None),
        (None, None),
    ),
    "an employment record": (
        ("阿依古丽·买买提", None, None, None, None, "示范市丁厂"),
        ("P-5", "same_unique_name_and_employer"),
    ),
    "an employee who has namesakes": (("王伟", None, None, None, None, "示范市戊厂"), (None, None)),
    "a name that one person bears, alone": (
        ("阿依古丽·买买提", None, None, None, "130602", "示范市别家厂"),
        (None, None),
    ),
    "nothing": ((None, None, None, None, None, None), (None, None)),
}


@pytest.fixture(scope="module")
def represented(con):
    core = table(
        REPRESENTED,
        *(
            (case, firm, name, number, phone, address, region)
            for case, ((name, number, phone, address, region, firm), _) in REPRESENTATIVES.items()
        ),
    )
    second = table({"entity_id": "string", "citizen_id": "string"}, ("P-2", "id-2b"))
    linked = link_entities(core, LEGAL_ENTITY, {"population": RESIDENTS}, {"population": second})
    rows = con.to_pyarrow(linked).to_pylist()
    assert len(rows) == len(REPRESENTATIVES)
    return {
        row["entity_id"]: (row["legal_representative_person_id"], row["legal_representative_rule"])
        for row in rows
    }


@pytest.mark.parametrize("case", REPRESENTATIVES)
def test_legal_representatives_by_example(represented, case):
    assert represented[case] == REPRESENTATIVES[case][1]


def test_nobody_is_linked_by_a_name_alone(con):
    """Whatever the rest says, as long as nothing of it agrees."""
    name_only = table(
        REPRESENTED,
        ("E-1", "示范市庚厂", "阿依古丽·买买提", None, "14299999999", "远方路9号", "130699"),
    )
    linked = con.to_pyarrow(link_entities(name_only, LEGAL_ENTITY, {"population": RESIDENTS}))
    assert linked["legal_representative_person_id"].to_pylist() == [None]


def test_a_library_without_links_is_left_as_it_is():
    assert link_entities(PERSONS, load_library("population"), {}).equals(PERSONS)
