"""Work orders: a department's system sees what it has to answer, and no more, and answers it."""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest
import yaml
from consumer import Consumer
from small_city import query
from sqlalchemy import text
from starlette.testclient import TestClient

from pipelines.batch import CHINA
from pipelines.flows.owner.work_orders import take_answers
from pipelines.serve.api.app import create_app
from pipelines.serve.audit.seal import seal_log
from pipelines.serve.grants.apply import apply_grants
from pipelines.serve.grants.declaration import Grant

TODAY = datetime.now(CHINA).date()
SCHOOLS = Grant(
    name="education__work_orders",
    consumer="教育局",
    purpose="工单办理",
    legal_basis="《政务数据共享条例》第二十六条",
    approved_by="数据局",
    valid_from=TODAY - timedelta(days=1),
    valid_to=TODAY + timedelta(days=9),
    library="population",
    columns={},
    operations=("work_orders",),
)
HEALTH = replace(SCHOOLS, name="health__work_orders", consumer="卫健委")
READER = replace(
    SCHOOLS, name="education__reader", operations=("read",), columns={"sex_code": "clear"}
)
ISSUE = text("""
INSERT INTO quality.issue (fingerprint, source, department, layer, record, column_name, rule,
    severity, state, first_batch, last_batch, batch, file, line, value_digest, found_at, due_date)
VALUES (:name, :source, split_part(:source, '__', 1), 'batch', 'r', 'sex_code', 'UNKNOWN_CODE',
    'error', 'sent', '20260601', '20260601', '20260601', 'pupils.csv', 7, 'd', now(), '2026-09-14')
""")
DISPUTE = text("""
INSERT INTO quality.dispute (entity, entity_id, column_name, reason, raised_by, raised_at, due_date,
    source, department, fingerprint, value_digest)
VALUES ('person', 'P-1', 'school_name', '已转学', '公积金中心', now(), '2026-10-20',
    'education__students', 'education', 'i1', 'd') RETURNING id""")


@pytest.fixture(scope="module")
def systems(city, migrated, warehouse, tmp_path_factory):
    folder = tmp_path_factory.mktemp("grants")
    made = {}
    for grant in (SCHOOLS, HEALTH, READER):
        made[grant.name] = Consumer(grant.name)
        values = json.loads(json.dumps(asdict(grant), default=str))
        values |= {"public_key": made[grant.name].public}
        del values["name"]
        (folder / f"{grant.name}.yml").write_text(yaml.safe_dump(values, allow_unicode=True))
    settings = migrated.model_copy(update={"grants": folder})
    city.publish("population", [{"entity_id": "P-1", "person_name": "王小明"}])
    apply_grants(settings, "test")
    with warehouse.begin() as connection:
        for name, source in (
            ("i1", "education__students"), ("i2", "education__students"),
            ("i3", "health__medical_records"),
        ):  # fmt: skip
            connection.execute(ISSUE, {"name": name, "source": source})
        made["dispute"] = connection.execute(DISPUTE).scalar_one()
    seal_log(settings)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        for consumer in made.values():
            if isinstance(consumer, Consumer):
                consumer.client = client
        yield made | {"settings": settings}


def pull(consumer, **query_):
    answer = consumer("GET", "/v1/work-orders", params=query_)
    assert answer.status_code == 200, answer.text
    return answer.json()


def hand_in(consumer, order, how, key="key-0001", note="已核对底册"):
    return consumer(
        "POST",
        f"/v1/work-orders/{order}/answers",
        json={"how": how, "note": note},
        headers={"Idempotency-Key": key},
    )


def test_a_department_sees_its_own_orders_page_by_page_as_cloud_events(systems):
    schools = systems["education__work_orders"]
    first = pull(schools, limit=2)
    second = pull(schools, limit=2, after=first["next"])
    events = [*first["events"], *second["events"]]
    assert (first["complete"], second["complete"]) == (False, True)
    number = systems["dispute"]
    assert [each["subject"] for each in events] == [f"dispute-{number}", "issue-i1", "issue-i2"]
    for event in events:
        assert {"specversion", "id", "source", "type", "time"} <= set(event)
        assert event["specversion"] == "1.0"
    disputed, issue = events[0], events[1]
    assert (disputed["type"], disputed["data"]["reason"]) == ("baselib.dispute.open.v1", "已转学")
    assert (issue["data"]["file"], issue["data"]["line"]) == ("pupils.csv", 7)
    assert "王小明" not in json.dumps(events, ensure_ascii=False)
    (theirs,) = pull(systems["health__work_orders"])["events"]
    assert theirs["subject"] == "issue-i3"


def test_who_has_no_such_grant_is_refused_and_others_orders_are_unknown(systems):
    assert systems["education__reader"]("GET", "/v1/work-orders").status_code == 403
    refused = hand_in(systems["health__work_orders"], "issue-i1", "confirmed")
    assert (refused.status_code, refused.json()["title"]) == (404, "unknown work order")
    assert hand_in(systems["health__work_orders"], "issue-i3", "fixed").status_code == 422


def test_an_answer_is_taken_once_into_the_ledger_and_noted_in_the_log(systems, warehouse):
    schools, number = systems["education__work_orders"], systems["dispute"]
    done = hand_in(schools, f"dispute-{number}", "confirmed")
    assert done.status_code == 202, done.text
    assert hand_in(schools, f"dispute-{number}", "confirmed").json() == done.json()
    assert hand_in(schools, "issue-i2", "confirmed").status_code == 422  # the key of another
    assert hand_in(schools, "issue-i2", "explained", key="key-0002").status_code == 202
    assert [e["subject"] for e in pull(schools)["events"]] == ["issue-i1"]  # the others wait

    told = take_answers(systems["settings"])
    assert [each.rsplit(": ", 1)[1] for each in told] == ["confirmed", "answered"]
    assert take_answers(systems["settings"]) == []
    assert query(warehouse, "SELECT state, closed_by FROM quality.dispute") == [
        ("confirmed", "教育局 李雷")
    ]
    issue = "SELECT state FROM quality.issue WHERE fingerprint = 'i2'"
    assert query(warehouse, issue) == [("answered",)]
    events = "SELECT kind, from_state, note FROM quality.issue_event WHERE fingerprint = 'i2'"
    assert query(warehouse, events) == [("answered", "sent", "explained: 已核对底册")]
    noted = "SELECT operation FROM audit.event WHERE grant_name = 'education__work_orders'"
    assert {"work_orders", "work_order_answer"} <= {row[0] for row in query(warehouse, noted)}
