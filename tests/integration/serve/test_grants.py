"""A grant shows what it says, and not a cell more; an oracle in Python holds it to that."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import LONGER, City, person, query
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.batch import CHINA
from pipelines.clean.masking import mask_text
from pipelines.libraries import load_library
from pipelines.serve.grants.apply import apply_grants, diff_grants
from pipelines.serve.grants.declaration import Grant, Limits
from pipelines.serve.grants.read import has_mask
from pipelines.settings import Settings

LIBRARY = load_library("population")
TODAY = datetime.now(CHINA).date()
GRANT = Grant(
    name="fund__loans",
    consumer="公积金中心",
    purpose="核验",
    legal_basis="条例",
    approved_by="数据局",
    valid_from=TODAY - timedelta(days=9),
    valid_to=TODAY + timedelta(days=9),
    library="population",
    columns={"person_name": "mask", "mobile": "clear", "citizen_id": "absent"},
    operations=(
        *("verify", "find", "resolve", "read", "dossier", "changes", "snapshot", "dispute"),
    ),
    lookup_by=(("citizen_id", "person_name"), ("mobile",), ("birth_date", "person_name")),
    linked={
        "e_license": {"license_name": "clear", "holder_name": "mask", "holder_person_id": "clear"},
        "legal_entity": {"organization_name": "clear"},
    },
    limits=Limits(rows=3),
    ids="shared",
)
PEOPLE = [
    person("P-1", person_name="王小明", citizen_id="110105194912310021", mobile="13800138000",
           residence_region_code="110105", birth_date=date(1949, 12, 31)),
    person("P-2", person_name="李雷", citizen_id="110105194912310048", mobile="13900139000",
           residence_region_code="110106"),
    person("P-3", person_name="韩梅梅", mobile="13900139000", residence_region_code="120101"),
    person("P-4", person_name="张三", residence_region_code=None),
]  # fmt: skip
Files = Callable[..., Settings]


@pytest.fixture(scope="module", autouse=True)
def town(city: City) -> None:
    city.publish("population", PEOPLE)
    firm = {"entity_id": "E-1", "organization_name": "云州市甲有限公司"}
    city.publish("legal_entity", [firm | {"legal_representative_person_id": "P-1"}])
    licence = {"license_name": "驾驶证", "holder_name": "王小明", "holder_type": "111"}
    city.publish(
        "e_license",
        [
            licence | {"entity_id": "L-1", "holder_person_id": "P-1"},
            licence | {"entity_id": "L-2", "holder_person_id": "P-3"},
            licence | {"entity_id": "L-3", "holder_legal_entity_id": "E-1"},
        ],
    )


@pytest.fixture(scope="module")
def files(migrated: Settings, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("grants")

    def write(*grants: Grant) -> Settings:
        for file in folder.iterdir():
            file.unlink()
        for grant in grants:
            values = json.loads(
                json.dumps(vars(grant), default=lambda one: getattr(one, "__dict__", str(one)))
            )
            del values["name"]
            (folder / f"{grant.name}.yml").write_text(yaml.safe_dump(values, allow_unicode=True))
        return migrated.model_copy(update={"grants": Path(folder)})

    return write


@contextmanager
def as_role(engine: Engine, grant: Grant) -> Iterator[Connection]:
    """As the service is for a request: logged in as nobody, then the role of one grant."""
    with engine.connect() as connection:
        connection.execute(text("SET SESSION AUTHORIZATION serve_login"))
        connection.execute(text(f'SET ROLE "{grant.role}"'))
        yield connection
        connection.rollback()
        connection.execute(text("RESET SESSION AUTHORIZATION"))
        connection.commit()


def call(engine: Engine, grant: Grant, function: str, *arguments: object) -> list[Any]:
    names = ", ".join(f":a{n}" for n in range(len(arguments)))
    given = {
        f"a{n}": json.dumps(one, default=str) if isinstance(one, dict) else one
        for n, one in enumerate(arguments)
    }
    with as_role(engine, grant) as connection:
        statement = f'SELECT * FROM serve."{grant.name}__{function}"({names})'
        for n, one in enumerate(arguments):
            if isinstance(one, dict):
                statement = statement.replace(f":a{n}", f"CAST(:a{n} AS jsonb)")
        return [tuple(row) for row in connection.execute(text(statement), given)]


def allowed(row: Mapping[str, Any], grant: Grant) -> bool:
    return all(
        row.get(column) is not None and str(row[column]).startswith(tuple(beginnings))
        for column, beginnings in grant.rows.items()
    )


def shown(row: Mapping[str, Any], grant: Grant) -> dict[str, Any]:
    cells: dict[str, Any] = {"entity_id": row["entity_id"]}
    for name, show in grant.shown.items():
        value = row.get(name)
        hide = show == "mask" and value is not None
        cells[name] = mask_text(value, LIBRARY.columns[name].element.mask) if hide else value
    return cells


@st.composite
def any_grant(draw: st.DrawFn) -> Grant:
    names = ["person_name", "citizen_id", "mobile", "residence_region_code", "sex_code"]
    columns = {
        name: draw(
            st.sampled_from(["clear", "absent", *(["mask"] if has_mask(LIBRARY, name) else [])])
        )
        for name in names
    }
    columns[draw(st.sampled_from(names))] = "clear"
    beginnings = draw(st.lists(st.sampled_from(["11", "1101", "110106", "12", "9"]), max_size=2))
    rows = {"residence_region_code": beginnings} if beginnings else {}
    ends = draw(st.sampled_from([TODAY - timedelta(days=1), TODAY]))
    return replace(
        GRANT,
        columns=columns,
        rows=rows,
        valid_to=ends,
        linked={},
        valid_from=TODAY - timedelta(days=9),
    )


@settings(max_examples=12 * LONGER, deadline=None, suppress_health_check=[*HealthCheck])
@given(grant=any_grant())
def test_a_view_is_what_the_oracle_says(warehouse: Engine, files: Files, grant: Grant):
    """T1: rows, columns and masks; an expired grant shows nothing at all."""
    apply_grants(files(grant), "test")
    expected = [shown(row, grant) for row in PEOPLE if allowed(row, grant)]
    if grant.valid_to < TODAY:
        expected = []
    with as_role(warehouse, grant) as connection:
        rows = connection.execute(text(f'SELECT * FROM serve."{grant.name}" ORDER BY 1'))
        found = [
            {k: v for k, v in row.items() if k not in ("publication", "disputed")}
            for row in rows.mappings()
        ]
    assert found == expected
    ids = [row["entity_id"] for row in expected]
    read = [row[0] for row in call(warehouse, grant, "read", ["P-1", "P-2", "P-3"])]
    assert [row["entity_id"] for row in read] == [one for one in ids if one != "P-4"]


def test_looking_up_needs_all_that_is_declared(warehouse: Engine, files: Files):
    apply_grants(files(GRANT), "test")
    right = {"citizen_id": "110105194912310021", "person_name": "王小明"}
    assert call(warehouse, GRANT, "verify", right) == [("yes", "P-1")]
    for wrong in (right | {"person_name": "王大明"}, right | {"citizen_id": "9"}):
        assert call(warehouse, GRANT, "verify", wrong) == [("no", None)]
    assert call(warehouse, GRANT, "verify", {"mobile": "13900139000"})[0][0] == "cannot_tell"
    born = {"birth_date": "1949-12-31", "person_name": "王小明"}
    ((found,),) = call(warehouse, GRANT, "find", born)
    assert found == {
        "entity_id": "P-1", "person_name": "王*明", "mobile": "13800138000", "disputed": [],
        "publication": found["publication"],
    }  # fmt: skip
    for bad in (
        {"citizen_id": "110105194912310021"},
        {},
        right | {"mobile": "1"},
        {"sex_code": "1"},
    ):
        with pytest.raises(DBAPIError, match="look up by citizen_id"):
            call(warehouse, GRANT, "find", bad)
    with pytest.raises(DBAPIError, match="more than 3 rows"):
        call(warehouse, GRANT, "read", [f"P-{n}" for n in range(4)])


def test_a_disputed_value_is_marked_and_decides_nothing(warehouse: Engine, files: Files):
    apply_grants(files(GRANT), "test")
    dispute = text(
        "INSERT INTO quality.dispute (entity, entity_id, column_name, reason, raised_by, raised_at,"
        " due_date, source, fingerprint, value_digest) VALUES ('person', 'P-2', :column, 'r', 'b',"
        " now(), now(), 's', 'f', 'v')"
    )
    with warehouse.begin() as connection:
        for column in ("person_name", "citizen_id"):
            connection.execute(dispute, {"column": column})
    asked = {"citizen_id": "110105194912310048", "person_name": "李雷"}
    assert call(warehouse, GRANT, "verify", asked) == [("cannot_tell", "P-2")]
    ((row,),) = call(warehouse, GRANT, "read", ["P-2"])
    assert row["disputed"] == ["person_name"]  # a column that is not shown is not spoken of


def test_a_dossier_has_what_is_linked_and_nothing_of_others(warehouse: Engine, files: Files):
    apply_grants(files(GRANT), "test")
    ((dossier,),) = call(warehouse, GRANT, "dossier", "P-1", None)
    licences = [each["license_name"] for each in dossier["linked"]["e_license"]]
    assert licences == ["驾驶证"]
    assert dossier["linked"]["e_license"][0]["holder_name"] == "王*明"
    (firm,) = dossier["linked"]["legal_entity"]
    assert firm["organization_name"] == "云州市甲有限公司"
    assert call(warehouse, GRANT, "dossier", "P-9", None) == [(None,)]


def test_a_firm_s_dossier_has_the_person_behind_it(warehouse: Engine, files: Files):
    grant = replace(
        GRANT, name="tax__firms", library="legal_entity", lookup_by=(("organization_name",),),
        columns={"organization_name": "clear"}, ids="own",
        linked={"population": {"person_name": "mask"}, "e_license": {"license_name": "clear"}},
    )  # fmt: skip
    apply_grants(files(grant), "test")
    ((found,),) = call(warehouse, grant, "find", {"organization_name": "云州市甲有限公司"})
    ((dossier,),) = call(warehouse, grant, "dossier", found["entity_id"], None)
    assert [one["person_name"] for one in dossier["linked"]["population"]] == ["王*明"]
    assert len(dossier["linked"]["e_license"]) == 1
    assert not {"P-1", "E-1", "L-3"} & {*json.dumps(dossier).split('"')}


def test_two_consumers_cannot_join_on_their_ids(city: City, warehouse: Engine, files: Files):
    own = replace(GRANT, ids="own")
    other = replace(own, name="bank__accounts")
    same = replace(own, name="fund__audits")
    apply_grants(files(own, other, same), "test")
    city.publish("population", [*PEOPLE, person("P-5", residence_region_code="110101")])
    ids = {}
    for grant in (own, other, same):
        with as_role(warehouse, grant) as connection:
            rows = connection.execute(text(f'SELECT entity_id FROM serve."{grant.name}"'))
            ids[grant.name] = {row[0] for row in rows}
    assert len(ids["fund__loans"]) == 5
    assert ids["fund__loans"] == ids["fund__audits"]
    assert not ids["fund__loans"] & (ids["bank__accounts"] | {f"P-{n}" for n in range(9)})
    city.publish("population", PEOPLE, redirects={"P-5": "P-1"})
    with as_role(warehouse, own) as connection:
        told = connection.execute(
            text(
                'SELECT entity_id, op, related FROM serve."fund__loans__change"'
                " ORDER BY publication DESC, seq LIMIT 1"
            )
        ).one()
    assert told.op == "merged"
    ((answer,),) = call(warehouse, own, "resolve", [told.entity_id])
    assert answer == {"id": told.entity_id, "state": "replaced", "replaced_by": told.related[0]}
    assert {told.entity_id, *told.related} <= ids["fund__loans"]


def test_what_moves_out_of_the_region_is_removed_there_and_told_no_more(
    city: City, warehouse: Engine, files: Files
):
    grant = replace(GRANT, rows={"residence_region_code": ["12"]})
    apply_grants(files(grant), "test")
    moved = [dict(row) for row in PEOPLE]
    moved[0]["residence_region_code"], moved[2]["residence_region_code"] = "120101", "110101"
    moved[1]["mobile"] = "13700137000"
    number = city.publish("population", moved).number
    with as_role(warehouse, grant) as connection:
        told = connection.execute(
            text(f'SELECT entity_id, op FROM serve."{grant.name}__change" WHERE publication = :n'),
            {"n": number},
        )
        assert sorted(map(tuple, told)) == [("P-1", "created"), ("P-3", "removed")]
    city.publish("population", PEOPLE)


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT * FROM base.person",
        'SELECT * FROM serve."other__grant"',
        "SELECT * FROM serve.own_id",
        "SELECT * FROM serve.consumer_key",
        "SELECT * FROM serve.person_history",
        "SELECT * FROM audit.event",
        "SELECT * FROM quality.correction",
        "INSERT INTO serve.change VALUES (1, 1, 'x', 'y', 'created')",
        "UPDATE serve.grant SET valid_to = '2099-01-01'",
        "CREATE TABLE serve.mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
        "CREATE FUNCTION public.leak(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_logical_emit_message(false, 'x', 'y')",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "SET ROLE serve_owner",
        "SET ROLE postgres",
        "SELECT name FROM internal.lock FOR UPDATE",
        "LOCK TABLE base.person IN SHARE MODE",
        "SELECT audit.note('x','','','','','','{}','{}',0,'ok')",
    ],
)
def test_a_grant_s_role_cannot_reach_beyond_it(warehouse: Engine, files: Files, attack: str):
    """T2."""
    other = replace(GRANT, name="other__grant")
    if not query(warehouse, "SELECT 1 FROM serve.grant WHERE name = 'other__grant' AND is_active"):
        apply_grants(files(GRANT, other), "test")
    with as_role(warehouse, GRANT) as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(text(attack))
    assert refused.value.orig.pgcode in ("42501", "0A000"), refused.value.orig  # no privilege


def test_a_function_in_a_query_sees_no_row_that_the_view_hides(
    city: City, warehouse: Engine, files: Files
):
    # PostgreSQL asks cheap questions first, and an error of the cast would quote a hidden value.
    grant = replace(GRANT, rows={"residence_region_code": ["12", "1201", "120101", "1201019"]})
    apply_grants(files(grant), "test")
    hidden = dict(PEOPLE[3]) | {"residence_region_code": "110101", "mobile": "a secret"}
    city.publish("population", [*PEOPLE[:3], hidden])
    leak = f'SELECT entity_id FROM serve."{grant.name}" WHERE mobile::bigint > 0'
    with as_role(warehouse, grant) as connection:
        assert [row[0] for row in connection.execute(text(leak))] == ["P-3"]
    city.publish("population", PEOPLE)


def test_without_snapshot_nothing_is_read_but_by_id(warehouse: Engine, files: Files):
    grant = replace(GRANT, operations=("read",))
    apply_grants(files(grant), "test")
    assert len(call(warehouse, grant, "read", ["P-1"])) == 1
    for part in ("", "__history", "__change", "__redirect"):
        with as_role(warehouse, grant) as connection, pytest.raises(DBAPIError, match="permission"):
            connection.execute(text(f'SELECT * FROM serve."{grant.name}{part}"'))


def test_what_is_applied_is_compared_with_the_files_and_a_lost_file_revokes(
    warehouse: Engine, files: Files
):
    apply_grants(files(GRANT), "test")
    assert diff_grants(files(GRANT)) == []
    changed = files(replace(GRANT, columns=dict(GRANT.columns) | {"mobile": "absent"}))
    (difference,) = diff_grants(changed)
    assert (difference.grant, difference.field) == (GRANT.name, "columns")
    apply_grants(changed, "test")
    ((row,),) = call(warehouse, GRANT, "read", ["P-1"])
    assert "mobile" not in row
    apply_grants(files(), "a clerk")
    with pytest.raises(DBAPIError, match="permission denied to set role"):
        call(warehouse, GRANT, "read", ["P-1"])
    last = "SELECT operation, outcome, grant_name, actor FROM audit.event ORDER BY seq DESC LIMIT 1"
    assert query(warehouse, last) == [("grant", "revoked", GRANT.name, "a clerk")]
