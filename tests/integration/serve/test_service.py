"""The service: what it answers, what it refuses, and that each of both is in the log."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
import yaml
from consumer import Consumer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import LONGER, City, person, query
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from pipelines.batch import CHINA
from pipelines.serve.api.app import create_app
from pipelines.serve.audit.readings import readings_of
from pipelines.serve.audit.seal import seal_log, verify_log
from pipelines.serve.audit.watch import make_canary, watch_log
from pipelines.serve.grants.apply import apply_grants
from pipelines.serve.grants.declaration import Grant, Limits
from pipelines.settings import Settings

TODAY = datetime.now(CHINA).date()
WANG = {"citizen_id": "110105194912310021", "person_name": "王小明"}
PEOPLE = [
    person("P-1", **WANG, mobile="13800138000", birth_date=date(1949, 12, 31), sex_code="1"),
    person("P-2", person_name="李<b>雷</b>", citizen_id="110105194912310048", sex_code="1"),
    person("P-3", person_name="韩梅梅", mobile="13900139000", sex_code="2"),
]
LOANS = Grant(
    name="fund__loans",
    consumer="公积金中心",
    purpose="贷款核验",
    legal_basis="条例",
    approved_by="数据局",
    valid_from=TODAY - timedelta(days=9),
    valid_to=TODAY + timedelta(days=9),
    library="population",
    columns={"person_name": "mask", "mobile": "clear", "citizen_id": "absent", "sex_code": "clear"},
    operations=(
        *("verify", "find", "resolve", "read", "dossier", "changes", "snapshot", "dispute"),
    ),
    lookup_by=(("citizen_id", "person_name"), ("sex_code",), ("birth_date", "person_name")),
    linked={"e_license": {"license_name": "clear"}},
    limits=Limits(minute=100_000, day=100_000, rows=2, rows_day=100_000),
)
PORTAL = replace(
    LOANS, name="portal__citizens", operations=("verify", "usage"),
    lookup_by=(("citizen_id", "person_name"),), linked={}, consumer="市民门户", purpose="本人查询",
)  # fmt: skip
POLICE = replace(LOANS, name="police__cases", visible_to_subject="never", ids="shared")
ENDED = replace(LOANS, name="old__grant", valid_to=TODAY - timedelta(days=1))
SMALL = replace(LOANS, name="small__limit", limits=Limits(minute=3, rows_day=2))
FIRMS = replace(
    LOANS, name="tax__firms", library="legal_entity", operations=("find",), linked={},
    columns={"uscc": "clear"}, lookup_by=(("uscc",),),
)  # fmt: skip
GRANTS = (LOANS, PORTAL, POLICE, ENDED, SMALL, FIRMS)


@pytest.fixture(scope="module")
def consumers(
    city: City, migrated: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Consumer]]:
    city.publish("population", PEOPLE)
    licence = {"entity_id": "L-1", "license_name": "驾驶证", "holder_person_id": "P-1"}
    city.publish("e_license", [licence])
    folder = tmp_path_factory.mktemp("grants")
    made = {grant.name: Consumer(grant.name) for grant in GRANTS}
    for grant in GRANTS:
        values = json.loads(json.dumps(asdict(grant), default=str))
        values |= {"public_key": made[grant.name].public}
        del values["name"]
        (folder / f"{grant.name}.yml").write_text(yaml.safe_dump(values, allow_unicode=True))
    settings = migrated.model_copy(update={"grants": Path(folder)})
    apply_grants(settings, "test")
    seal_log(settings)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        for consumer in made.values():
            consumer.client = client
        yield made


@pytest.fixture
def loans(consumers: dict[str, Consumer]) -> Consumer:
    return consumers["fund__loans"]


def last_event(warehouse: Engine) -> Any:
    with warehouse.connect() as connection:
        rows = connection.execute(text("SELECT * FROM audit.event ORDER BY seq DESC LIMIT 1"))
        return rows.mappings().one()


def problem(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["detail"]
    return str(told["title"]).replace(" ", "-")


def test_a_name_is_verified_and_the_log_knows_who_asked(loans: Consumer, warehouse: Engine):
    answer = loans("POST", "/v1/population/verify", json=WANG).json()
    assert answer == {"answer": "yes", "grant": "fund__loans", "publication": 2}
    event = last_event(warehouse)
    assert (event["operation"], event["outcome"], event["rows"]) == ("verify", "ok", 1)
    assert (event["actor"], event["case_no"]) == ("李雷", "贷审〔2026〕7号")
    assert len(event["subjects"]) == 2
    assert event["login"] == "serve_login"
    assert "王小明" not in str(dict(event))
    assert WANG["citizen_id"] not in str(dict(event))


def test_unknown_and_wrong_cannot_be_told_apart(loans: Consumer, warehouse: Engine):
    answers, events = [], []
    for wrong in (WANG | {"person_name": "王大明"}, WANG | {"citizen_id": "110105194912310999"}):
        answer = loans("POST", "/v1/population/verify", json=wrong)
        answers.append((answer.status_code, answer.content, sorted(answer.headers)))
        events.append({k: v for k, v in last_event(warehouse).items()
                       if k not in ("seq", "at", "request", "subjects")})  # fmt: skip
    assert answers[0] == answers[1]
    assert b'"no"' in answers[0][1]
    assert events[0] == events[1]


def test_what_is_typed_in_full_width_or_small_letters_is_found(loans: Consumer):
    given = {"citizen_id": " １１０１０５１９４９１２３１００２１", "person_name": "王小明 "}
    assert loans("POST", "/v1/population/verify", json=given).json()["answer"] == "yes"


def test_an_entity_is_found_read_and_not_sent_twice(loans: Consumer):
    (found,) = loans("POST", "/v1/population/find", json=WANG).json()["entities"]
    assert found["person_name"] == "王*明"
    assert "citizen_id" not in found
    path = f"/v1/population/{found['entity_id']}"
    read = loans("GET", path)
    assert read.json()["entity"] == found
    same = loans("GET", path, headers={"If-None-Match": read.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    born = {"birth_date": "1949-12-31", "person_name": "王小明"}
    assert loans("POST", "/v1/population/find", json=born).json()["entities"] == [found]


def test_a_past_state_is_read_by_its_publication(city: City, loans: Consumer):
    (found,) = loans("POST", "/v1/population/find", json=WANG).json()["entities"]
    path = f"/v1/population/{found['entity_id']}"
    before = loans("GET", path).json()["publication"]
    city.publish("population", [PEOPLE[0] | {"mobile": "13700137000"}, *PEOPLE[1:]])
    assert loans("GET", path).json()["entity"]["mobile"] == "13700137000"
    past = loans("GET", path, params={"as_of": before}).json()["entity"]
    assert past["mobile"] == "13800138000"
    assert problem(loans("GET", path, params={"as_of": 10**9})) == "unknown-publication"
    events = loans("GET", "/v1/population/changes", params={"after": before}).json()
    assert events["complete"]
    (event,) = events["events"]
    assert (event["subject"], event["type"]) == (found["entity_id"], "baselib.entity.changed.v1")
    assert event["data"]["columns"] == ["mobile"]
    assert "13700137000" not in str(events)
    city.publish("population", PEOPLE)


def test_a_snapshot_in_pages_and_the_feed_are_what_is_published(city: City, loans: Consumer):
    first = loans("GET", "/v1/population/snapshot", params={"limit": 1}).json()
    number, rows, page = first["publication"], list(first["entities"]), first
    more = person("P-4", person_name="赵四", sex_code="1")
    city.publish("population", [*PEOPLE[:2], more])  # while it is being read
    while not page["complete"]:
        asked = {"limit": 1, "publication": number, "after": page["next"]}
        page = loans("GET", "/v1/population/snapshot", params=asked).json()
        rows += page["entities"]
    copy = {row["entity_id"]: row for row in rows}
    assert len(copy) == 3
    after, done = str(number), False
    while not done:
        asked = {"after": after, "limit": 1}
        told = loans("GET", "/v1/population/changes", params=asked).json()
        for event in told["events"]:
            copy.pop(event["subject"], None)
            answer = loans("GET", f"/v1/population/{event['subject']}")
            if answer.status_code == 200:
                copy[event["subject"]] = answer.json()["entity"]
        after, done = told["next"], told["complete"]
    page = loans("GET", "/v1/population/snapshot").json()
    now = page["entities"]
    assert (len(now), page["complete"]) == (2, False), "no more than the grant allows an answer"
    asked = {"publication": page["publication"], "after": page["next"]}
    now += loans("GET", "/v1/population/snapshot", params=asked).json()["entities"]
    assert sorted(copy) == [row["entity_id"] for row in now]
    assert problem(loans("GET", "/v1/population/changes?after=0")) == "before-horizon"
    city.publish("population", PEOPLE)


def test_a_dossier_is_data_or_a_page_in_which_values_are_text(loans: Consumer):
    (found,) = loans("POST", "/v1/population/find", json=WANG).json()["entities"]
    path = f"/v1/population/{found['entity_id']}/dossier"
    told = loans("GET", path).json()
    assert [one["license_name"] for one in told["linked"]["e_license"]] == ["驾驶证"]
    assert told["disputed"] == []
    page = loans("GET", path, headers={"Accept": "text/html"})
    assert "驾驶证" in page.text
    assert "<th>性别</th><td>男" in page.text, "a code is shown by its name"
    assert "贷审〔2026〕7号" in page.text
    other = loans("POST", "/v1/population/find", json={
        "citizen_id": "110105194912310048", "person_name": "李<b>雷</b>"}).json()  # fmt: skip
    path = f"/v1/population/{other['entities'][0]['entity_id']}/dossier"
    page = loans("GET", path, headers={"Accept": "text/html"})
    assert "<b>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_ids_of_the_past_are_resolved(city: City, loans: Consumer, warehouse: Engine):
    (found,) = loans("POST", "/v1/population/find", json=WANG).json()["entities"]
    other = {"citizen_id": "110105194912310048", "person_name": "李<b>雷</b>"}
    (second,) = loans("POST", "/v1/population/find", json=other).json()["entities"]
    city.publish("population", [PEOPLE[0], PEOPLE[2]], redirects={"P-2": "P-1"})
    asked = {"ids": [second["entity_id"], found["entity_id"]]}
    told = loans("POST", "/v1/population/resolve", json=asked).json()["ids"]
    assert told[0]["state"] == "replaced"
    assert told[0]["replaced_by"] == found["entity_id"]
    assert told[1]["state"] == "current"
    assert problem(loans("GET", f"/v1/population/{second['entity_id']}")) == "unknown-entity"
    city.publish("population", PEOPLE)


def test_publications_and_codes_are_there_for_every_grant(loans: Consumer):
    told = loans("GET", "/v1/publications").json()
    assert told["group"] == told["publications"][0]["publication"]
    assert {one["library"] for one in told["publications"]} == {"population", "e_license"}
    assert "sex" in loans("GET", "/v1/codes").json()["code_tables"]
    assert {"code": "1", "name": "男性"} in loans("GET", "/v1/codes/sex").json()["codes"]
    assert problem(loans("GET", "/v1/codes/..%2Fsex")) in ("unknown-code-table", "not-found")
    assert loans("GET", "/v1/grant").json()["purpose"] == "贷款核验"


def test_a_dispute_is_handed_in_once(loans: Consumer, warehouse: Engine):
    (found,) = loans("POST", "/v1/population/find", json=WANG).json()["entities"]
    path = f"/v1/population/{found['entity_id']}/disputes"
    body = {"column": "mobile", "reason": "本人称号码已停用"}
    key = {"Idempotency-Key": "a-key-of-its-own"}
    answers = [loans("POST", path, json=body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    handed_in = "SELECT entity_id, column_name FROM serve.dispute_request"
    assert query(warehouse, handed_in) == [("P-1", "mobile")]
    other = body | {"reason": "别的"}
    assert problem(loans("POST", path, json=other, headers=key)) == "idempotency-key-reused"
    assert loans("POST", path, json=body).status_code == 422
    hidden = loans("POST", path, json=body | {"column": "citizen_id"}, headers=key)
    assert problem(hidden) == "unknown-column"


def test_a_citizen_sees_who_looked_and_not_who_may_not_be_seen(
    consumers: dict[str, Consumer], migrated: Settings
):
    consumers["fund__loans"]("POST", "/v1/population/find", json=WANG)
    consumers["police__cases"]("POST", "/v1/population/find", json=WANG)
    told = consumers["portal__citizens"]("POST", "/v1/usage", json=WANG).json()
    assert told["answer"] == "yes"
    assert {one["consumer"] for one in told["readings"]} == {"公积金中心"}
    assert told["readings"][0]["operation"] == "find"
    page = consumers["portal__citizens"](
        "POST", "/v1/usage", json=WANG, headers={"Accept": "text/html"}
    )
    assert "公积金中心" in page.text
    assert "police" not in page.text
    assert "<td>查询</td>" in page.text
    wrong = WANG | {"person_name": "王大明"}
    assert consumers["portal__citizens"]("POST", "/v1/usage", json=wrong).json()["readings"] == []
    assert {one.grant for one in readings_of(migrated, ["P-1"])} >= {"fund__loans", "police__cases"}


# ---- attacks ----


def test_a_grant_reaches_its_library_and_operations_only(
    consumers: dict[str, Consumer], warehouse: Engine
):
    firms, portal = consumers["tax__firms"], consumers["portal__citizens"]
    assert problem(firms("POST", "/v1/population/find", json=WANG)) == "not-granted"
    assert last_event(warehouse)["outcome"] == "refused: not-granted"
    assert problem(portal("POST", "/v1/population/find", json=WANG)) == "not-granted"
    assert problem(portal("GET", "/v1/population/P-1")) == "not-granted"


@pytest.mark.parametrize(
    "given",
    [
        {"citizen_id": "' OR '1'='1", "person_name": "x"},
        {"citizen_id": "x'); DROP TABLE base.person; --", "person_name": "$1"},
        {"citizen_id": "110105194912310021"},
        {"person_name": "王小明"},
        {"entity_id": "P-1"},
        {'citizen_id" IS NOT NULL --': "x", "person_name": "y"},
        {"birth_date": "not a day", "person_name": "王小明"},
        {"citizen_id": "a\u0000b", "person_name": "x"},
        {"citizen_id": "%", "person_name": "%"},
        {},
        {f"c{n}": "x" for n in range(11)},
        {"citizen_id": "x" * 201, "person_name": "x"},
        {"citizen_id": {"a": 1}, "person_name": "x"},
        [],
        "x",
    ],
)
def test_whatever_is_looked_up_finds_nothing_or_is_refused(loans: Consumer, given: Any):
    answer = loans("POST", "/v1/population/find", json=given)
    if answer.status_code == 200:
        assert answer.json()["entities"] == []
    else:
        assert answer.status_code == 422
        problem(answer)
        assert "王小明" not in answer.text
        assert "DROP" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/population/P-1;DROP"),
        ("GET", "/v1/population/../../etc/passwd"),
        ("GET", "/v1/%2e%2e/P-1"),
        ("GET", "/v1/population/snapshot?limit=1000000000"),
        ("GET", "/v1/population/snapshot?publication=-1"),
        ("GET", "/v1/population/snapshot?publication=99999999999999999999"),
        ("GET", "/v1/population/changes?after=1:2:3"),
        ("GET", "/v1/population/changes?after=x"),
        ("GET", "/v1/population/changes?after=999999999999"),
        ("DELETE", "/v1/population/P-1"),
        ("GET", "/docs"),
    ],
)
def test_a_path_that_is_none_is_a_problem_and_no_defect(loans: Consumer, method: str, path: str):
    answer = loans(method, path)
    assert 400 <= answer.status_code < 500
    problem(answer)


def test_more_rows_than_granted_are_refused_and_not_cut(city: City, loans: Consumer):
    city.publish("population", [*PEOPLE, person("P-9", sex_code="1")])
    answer = loans("POST", "/v1/population/find", json={"sex_code": "1"})
    assert problem(answer) == "too-many-rows"
    asked = {"ids": ["P-1", "P-2", "P-3"]}
    assert problem(loans("POST", "/v1/population/resolve", json=asked)) == "too-many-rows"
    city.publish("population", PEOPLE)
    (found,) = loans("POST", "/v1/population/find", json=WANG).json()["entities"]
    path = f"/v1/population/{found['entity_id']}/dossier"
    licences = [
        {"entity_id": f"L-{n}", "license_name": "驾驶证", "holder_person_id": "P-1"} for n in (1, 2)
    ]
    city.publish("e_license", licences)
    assert problem(loans("GET", path)) == "too-many-rows"
    city.publish("e_license", licences[:1])
    assert loans("GET", path).status_code == 200


def test_a_body_without_end_is_refused(loans: Consumer):
    answer = loans("POST", "/v1/population/find", content=b"{" + b" " * (1 << 20))
    assert problem(answer) == "request-too-large"

    def drip() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * (1 << 17)

    assert loans("POST", "/v1/population/find", content=drip()).status_code in (400, 413, 422)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": 4_000_000_000},
        {"aud": "another service"},
        {"iss": "police__cases"},
        {"sub": "police__cases"},
        {"jti": None},
        {"iat": None},
        {"exp": float("inf")},
        {"jti": 5},
        {"iss": "nobody__knows", "sub": "nobody__knows"},
        {"iss": "'; DROP ROLE serve_owner; --"},
    ],
)
def test_an_assertion_that_is_not_right_gives_no_token(loans: Consumer, changes: dict[str, Any]):
    answer = loans.ask_token(loans.assertion(**changes))
    assert answer.status_code == 401
    problem(answer)


def test_an_assertion_is_taken_once_even_at_once(loans: Consumer):
    assertion = loans.assertion()
    with ThreadPoolExecutor(4) as pool:
        codes = [one.status_code for one in pool.map(loans.ask_token, [assertion] * 4)]
    assert sorted(codes) == [200, 401, 401, 401]


def test_tokens_of_others_are_no_tokens(loans: Consumer, consumers: dict[str, Consumer]):
    none = jwt.encode({"sub": "police__cases", "aud": "baselib", "exp": 4e9}, "", algorithm="none")
    forged = jwt.encode({"sub": "police__cases", "aud": "baselib", "exp": 4e9}, "k" * 32, "HS256")
    public = Consumer("police__cases").assertion()
    for token in (none, forged, public, "", "x.y.z"):
        headers = {"Authorization": f"Bearer {token}"}
        assert problem(loans("GET", "/v1/grant", headers=headers)) == "token-invalid"


def test_an_ended_grant_and_a_revoked_one_read_nothing(
    consumers: dict[str, Consumer], warehouse: Engine
):
    ended = consumers["old__grant"]
    assert ended.ask_token(ended.assertion()).status_code == 401
    police = consumers["police__cases"]
    assert police("POST", "/v1/population/find", json=WANG).status_code == 200
    with warehouse.begin() as connection:  # the token lives on, and so does what is remembered
        connection.execute(text("UPDATE serve.grant SET valid_to = valid_from"
                                " WHERE name = 'police__cases'"))  # fmt: skip
    assert police("POST", "/v1/population/find", json=WANG).json()["entities"] == []
    assert problem(police("POST", "/v1/population/verify", json=WANG)) == "grant-not-in-force"


def test_without_actor_and_case_nothing_is_answered(loans: Consumer):
    for empty in ({"Baselib-Actor": ""}, {"Baselib-Case": "%20"}, {"Baselib-Case": "x" * 300}):
        assert problem(loans("GET", "/v1/grant", headers=empty)) == "actor-missing"


def test_limits_of_calls_and_rows_hold(consumers: dict[str, Consumer], warehouse: Engine):
    small = consumers["small__limit"]
    codes = [small("GET", "/v1/codes").status_code for _ in range(5)]
    assert 429 in codes
    assert codes[-1] == 429 or codes.count(200) <= 4  # a minute may have turned between
    assert "limit-reached" in last_event(warehouse)["outcome"] or codes[-1] == 200


@pytest.mark.parametrize("operation", ["find", "verify"])
def test_what_cannot_be_noted_is_not_answered(loans: Consumer, warehouse: Engine, operation: str):
    """T5: the log is part of the answer's own transaction."""
    with warehouse.begin() as connection:
        connection.execute(text("REVOKE EXECUTE ON FUNCTION audit.note FROM serve_login"))
    try:
        answer = loans("POST", f"/v1/population/{operation}", json=WANG)
        assert answer.status_code >= 400
        assert "entity_id" not in answer.text
        assert "yes" not in answer.text
    finally:
        with warehouse.begin() as connection:
            connection.execute(text("GRANT EXECUTE ON FUNCTION audit.note TO serve_login"))


@pytest.mark.parametrize("operation", ["find", "verify"])
def test_an_answer_waits_for_its_note_and_whoever_is_killed_before_has_answered_nothing(
    loans: Consumer, warehouse: Engine, operation: str
):
    """T5: kill before commit."""
    noted = "SELECT count(*) FROM audit.event"
    before = query(warehouse, noted)
    with ThreadPoolExecutor(1) as pool:
        with warehouse.begin() as connection:
            connection.execute(text("LOCK TABLE audit.event IN SHARE MODE"))
            answer = pool.submit(loans, "POST", f"/v1/population/{operation}", json=WANG)
            with pytest.raises(TimeoutError):
                answer.result(0.3)
            waits = "NOT granted AND relation = 'audit.event'::regclass"
            kill = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {waits}"
            killed = query(warehouse, kill)
        assert killed == [(True,)]
        assert problem(answer.result(10)) == "database-unavailable"
    assert query(warehouse, noted) == before


def test_verified_at_once_each_gets_his_own_answer_and_his_own_event(
    consumers: dict[str, Consumer], warehouse: Engine
):
    loans, portal = consumers["fund__loans"], consumers["portal__citizens"]
    asked = [
        (loans, WANG, "yes"),
        (portal, {"citizen_id": "110105194912310048", "person_name": "李<b>雷</b>"}, "yes"),
        (portal, WANG | {"person_name": "李<b>雷</b>"}, "no"),
        (loans, {"sex_code": "1"}, "cannot_tell"),
        (loans, {"person_name": "王小明"}, "look-up-not-granted"),
        (loans, WANG | {"citizen_id": "110105194912310999"}, "no"),
    ] * 5
    last = query(warehouse, "SELECT max(seq) FROM audit.event")[0][0]

    def ask(one: tuple[Consumer, Any, str]) -> str:
        answer = one[0]("POST", "/v1/population/verify", json=one[1])
        return str(answer.json()["answer"]) if answer.status_code == 200 else problem(answer)

    with ThreadPoolExecutor(12) as pool:
        assert [*pool.map(ask, asked)] == [expected for *_, expected in asked]
    events = query(
        warehouse,
        "SELECT grant_name, outcome, rows, min(cardinality(subjects)), count(*),"
        " count(DISTINCT request), count(DISTINCT subjects)"
        " FROM audit.event WHERE seq > :last GROUP BY 1, 2, 3 ORDER BY 1, 2",
        last=last,
    )
    assert events == [
        ("fund__loans", "none", 0, 1, 5, 5, 1),
        ("fund__loans", "ok", 1, 1, 10, 10, 2),
        ("fund__loans", "refused: look-up-not-granted", 0, 0, 5, 5, 1),
        ("portal__citizens", "none", 0, 1, 5, 5, 1),
        ("portal__citizens", "ok", 1, 2, 5, 5, 1),
    ]


def test_a_log_that_nobody_seals_stops_the_service(
    migrated: Settings, loans: Consumer, monkeypatch: pytest.MonkeyPatch
):
    app = loans.client.app  # type: ignore[union-attr]
    monkeypatch.setattr("pipelines.serve.api.caller._SEALED_WITHIN", -1)
    monkeypatch.setattr(app.state.grants, "_sealed_until", 0.0)
    assert problem(loans("GET", "/v1/grant")) == "log-not-sealed"
    assert loans("GET", "/healthz").status_code == 200


def test_guessing_and_a_canary_are_noticed(loans: Consumer, migrated: Settings):
    number = make_canary(migrated, "fund__loans")
    loans.client.app.state.database._canaries_until = 0.0  # type: ignore[union-attr]
    loans.actor = "张三"
    for n in range(40):
        given = {"citizen_id": f"11010519491231{n:04}", "person_name": "王小明"}
        loans("POST", "/v1/population/verify", json=given)
    given = {"citizen_id": number, "person_name": "无此人"}
    assert loans("POST", "/v1/population/verify", json=given).json()["answer"] == "no"
    loans.actor = "李雷"
    alarms = watch_log(migrated, datetime.now(CHINA))
    kinds = {(one.kind, one.actor) for one in alarms}
    assert {("canary", "张三"), ("guessing", "张三")} <= kinds
    assert ("guessing", "李雷") not in kinds
    assert alarms[0].kind == "canary"


def test_the_document_says_what_there_is(loans: Consumer):
    told = loans("GET", "/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert "/v1/{library}/verify" in told["paths"]


def test_every_request_of_this_module_is_in_a_whole_log(migrated: Settings, warehouse: Engine):
    seal_log(migrated)
    verified = verify_log(migrated)
    assert verified.unsealed == 0
    (count,) = query(warehouse, "SELECT count(*) FROM audit.event")[0]
    assert verified.events == count > 100
    values = "SELECT count(*) FROM audit.event AS e WHERE e::text ~ '王小明|110105194912310021'"
    assert query(warehouse, values) == [(0,)]


@pytest.mark.parametrize(
    "body", ["NaN", "[Infinity]", '{"citizen_id": -Infinity}', '{"person_name": 1e999}', "{", ""]
)
@pytest.mark.parametrize("path", ["/v1/population/verify", "/v1/population/find", "/v1/token"])
def test_what_is_no_json_is_refused_in_a_sentence(
    consumers: dict[str, Consumer], body: str, path: str
):
    answer = consumers["fund__loans"](
        "POST", path, content=body, headers={"Content-Type": "application/json"}
    )
    assert 400 <= answer.status_code < 500
    problem(answer)


def shapes() -> st.SearchStrategy[Any]:
    """Any JSON, and what looks like a look-up."""
    texts = st.text(max_size=20) | st.sampled_from(["citizen_id", "person_name", "P-1", "王小明"])
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
    any_json = st.recursive(leaves, lambda one: st.lists(one, max_size=3) | st.dictionaries(
        texts, one, max_size=3), max_leaves=6)  # fmt: skip
    return any_json | st.fixed_dictionaries({"citizen_id": texts, "person_name": texts})


@settings(max_examples=40 * LONGER, deadline=None, suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_whatever_is_asked_is_answered_or_refused_and_never_a_defect(
    consumers: dict[str, Consumer], data: st.DataObject
):
    """T10: over every path of the OpenAPI document, with any parameters and bodies."""
    consumer = consumers["fund__loans"]
    paths = consumer.client.get("/openapi.json").json()["paths"]  # type: ignore[union-attr]
    path = data.draw(st.sampled_from(sorted(paths)))
    method = data.draw(st.sampled_from(sorted(paths[path])))
    for name in ("library", "entity_id", "table"):
        known = st.sampled_from(["population", "legal_entity", "P-1", "sex", "..", "a%00b"])
        value = data.draw(known | st.text(min_size=1, max_size=12))
        path = path.replace(f"{{{name}}}", quote(value, safe="%"))
    numbers = st.integers(-5, 2**65).map(str) | st.text(max_size=8)
    query_names = ("after", "limit", "as_of", "publication")
    params = data.draw(st.dictionaries(st.sampled_from(query_names), numbers, max_size=3))
    # As text: a client that follows the standard sends no NaN and no Infinity, others do.
    sent = {"content": json.dumps(data.draw(shapes()))} if method == "post" else {}
    key = {"Idempotency-Key": data.draw(st.text("ab-", max_size=12))}
    key |= {"Content-Type": "application/json"} if sent else {}
    answer = consumer(method.upper(), path, params=params, headers=key, **sent)
    assert answer.status_code < 500, (method, path, params, sent)
    if answer.status_code >= 400:
        problem(answer)
