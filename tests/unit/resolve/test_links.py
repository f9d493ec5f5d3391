"""Licences and their holders."""

import ibis
import pytest

from pipelines.libraries import load_library
from pipelines.resolve import link_entities

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
    )
    targets = {"population": PERSONS, "legal_entity": ORGANIZATIONS}
    rows = con.to_pyarrow(link_entities(core, LICENSE, targets)).to_pylist()
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
    ],
)
def test_holders_by_example(linked, license_id, holder):
    assert linked[license_id] == holder


def test_every_licence_stays_once(linked):
    assert len(linked) == 7


def test_a_library_that_is_not_built_yet_leaves_its_links_empty(con):
    core = table(LICENSES, ("L-code", "code-1", "uscc", "甲"))
    rows = con.to_pyarrow(link_entities(core, LICENSE, {})).to_pylist()
    assert rows[0]["holder_legal_entity_id"] is None
    assert rows[0]["holder_person_id"] is None
    assert rows[0]["holder_rule"] is None


def test_a_library_without_links_is_left_as_it_is():
    assert link_entities(PERSONS, load_library("population"), {}).equals(PERSONS)
