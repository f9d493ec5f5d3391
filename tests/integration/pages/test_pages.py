"""The pages: behind the login, masked, in two languages, and no write without permission."""

import re

import pytest
from pages_site import STRANGERS, WANGS, ZHAOS, token

from pipelines.flows.desk.governance import GOVERNANCE_TABLES
from pipelines.flows.steward.queue import queue
from pipelines.identity.ids.id_changes import Budget, IdChange, IdStability
from pipelines.warehouse import connect
from pipelines.warehouse.people.decisions import read_decisions
from pipelines.warehouse.quality.id_changes import (
    IdComparison,
    read_approvals,
    record_comparison,
)

SOURCE = "public_security__household_registration"
PAGES = (
    *("city", "batches", "mails", "steward", "steward/population"),
    *(f"sources/{SOURCE}", "publications/population", "governance"),
)


@pytest.fixture(autouse=True)
def asked(site):
    site.town.ask(WANGS, ZHAOS, STRANGERS)


@pytest.fixture
def client(site):
    with site.client() as made:
        yield made


def decisions(site):
    engine = connect(site.town.settings)
    found = read_decisions(engine, "population")
    engine.dispose()
    return found


@pytest.mark.parametrize("path", [*PAGES, "docs", "openapi.json", "assets/pages.js", ""])
def test_nothing_answers_without_a_login(site, path):
    with site.client("nobody") as nobody:
        assert nobody.get(path).status_code == 401


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_in_both_languages_with_relative_links_only(site, path):
    with site.client() as chinese, site.client(language="en-US") as english:
        shown = {"zh-CN": chinese.get(path), "en": english.get(path)}
    for language, answer in shown.items():
        assert answer.status_code == 200, answer.text
        assert f'<html lang="{language}"' in answer.text
        links = re.findall(r'(?:href|src|action)="([^"]+)"', answer.text)
        assert links
        assert not [one for one in links if re.match(r"/|https?:", one)]
        for link in links:
            assert answer.url.join(link).path.startswith("/city-1/"), link
    assert shown["zh-CN"].text != shown["en"].text


def test_each_register_is_a_page_and_the_hall_has_its_own(client):
    for name in GOVERNANCE_TABLES:
        answer = client.get(f"governance/{name}")
        assert (answer.status_code, "</table>" in answer.text or "没有登记表" in answer.text) == (
            200,
            True,
        ), name
    assert "部门排名" in client.get("governance/dashboard").text
    assert "Ranking of departments" in client.get("governance/dashboard?lang=en").text
    assert client.get("governance/other").status_code == 404


def test_the_way_to_airflow_is_beside_the_pages_under_any_prefix(client):
    answer = client.get(f"sources/{SOURCE}")
    link = re.search(r'data-airflow href="([^"]+)"', answer.text)[1]
    assert answer.url.join(link).path == f"/city-1/dags/ingest__{SOURCE}"


def test_a_dag_leads_to_the_page_of_what_it_is_about(client):
    ways = {
        f"ingest__{SOURCE}": f"sources/{SOURCE}",
        "library__population": "publications/population",
        "quality_reports": "mails",
    }
    for dag, path in ways.items():
        assert client.get(f"dag/{dag}", follow_redirects=True).url.path.endswith(path)


def test_no_number_of_a_person_is_on_a_page(site, client):
    entity = site.town.entities()["p1"]
    for path in (*PAGES, f"entities/{entity}", f"entities/{entity}/explanation"):
        answer = client.get(path)
        assert answer.status_code == 200, answer.text
        assert "110105199001011239" not in answer.text, path
        assert "13900000001" not in answer.text, path


def test_an_entity_says_where_its_values_are_from(site, client):
    page = client.get(f"entities/{site.town.entities()['p1']}").text
    assert f'href="../sources/{SOURCE}"' in page
    assert "1101" in page


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (f"sources/{SOURCE}/trigger", {"batch": "20260701"}),
        (f"sources/{SOURCE}/backfill", {"since": "2026-06-28", "until": "2026-06-30"}),
        ("publications/population/build", {}),
        ("publications/population/approve", {"run": "x", "candidate": "y", "reason": "z"}),
        ("publications/population/reject", {"run": "x", "candidate": "y", "reason": "z"}),
        ("publications/population/rollback", {"to": "x", "shown": "1", "reason": "z"}),
        ("steward/population/decide", {"question": "PQ-1", "verdict": "same"}),
        ("steward/population/undo", {"act": "x"}),
        ("mails/1/retry", {}),
    ],
)
def test_nothing_is_changed_by_a_viewer_a_forged_form_or_another_site(site, path, form):
    before = site.runs()
    with site.client() as user, site.client("zhao:viewer") as viewer:
        csrf = token(user.get(f"sources/{SOURCE}").text)
        assert user.post(path, data=form).status_code == 403
        assert user.post(path, data={**form, "csrf": csrf[::-1]}).status_code == 403
        elsewhere = {"Sec-Fetch-Site": "cross-site"}
        assert user.post(path, data={**form, "csrf": csrf}, headers=elsewhere).status_code == 403
        assert viewer.post(path, data={**form, "csrf": csrf}).status_code == 403
        # the token of one user is no other's
        with site.client("li:admin") as other:
            assert other.post(path, data={**form, "csrf": csrf}).status_code == 403
    assert site.runs() == before
    assert site.client("nobody").post(path, data=form).status_code == 401


def test_a_viewer_sees_no_buttons_and_no_steward_s_desk(site):
    with site.client("zhao:viewer") as viewer:
        assert "<button" not in viewer.get(f"sources/{SOURCE}").text
        assert viewer.get("steward/population").status_code == 403
        assert viewer.get(f"entities/{site.town.entities()['p1']}").status_code == 403


def test_buttons_start_runs_in_the_user_s_name(site, client):
    csrf = token(client.get(f"sources/{SOURCE}").text)
    form = {"csrf": csrf, "batch": "20260701"}
    answer = client.post(f"sources/{SOURCE}/trigger", data=form, follow_redirects=True)
    assert answer.status_code == 200
    assert "已开始运行" in answer.text
    days = {"csrf": csrf, "since": "2026-06-28", "until": "2026-06-30"}
    answer = client.post(f"sources/{SOURCE}/backfill", data=days, follow_redirects=True)
    assert "已开始补跑" in answer.text
    triggered, backfilled = site.runs()[-2:]
    assert triggered["conf"] == "{'batch': '20260701'}"
    assert triggered["triggering_user_name"] == backfilled["triggering_user_name"] == "wang"
    assert backfilled["from_date"] == "2026-06-28 00:00:00+08:00"
    assert backfilled["max_active_runs"] == "1"


def waiting(site, run="20260701", changed=7):
    """A run of the library that is over its budget."""
    found = IdStability(100, [IdChange("merged", "same_citizen_id", changed)], [])
    comparison = IdComparison("population", run, None, found, Budget(0.001, 0.05), False, "c" * 64)
    engine = connect(site.town.settings)
    record_comparison(engine, comparison)
    engine.dispose()
    return {"run": run, "candidate": "c" * 64}


def approvals(site):
    engine = connect(site.town.settings)
    found = read_approvals(engine, "population")
    engine.dispose()
    return found


def test_an_approval_is_kept_and_airflow_s_run_goes_on_with_it(site, client):
    form = waiting(site)
    page = client.get("publications/population").text
    assert "公民身份号码相同" in page
    assert "该运行在 Airflow 中等待" in page
    form |= {"csrf": token(page), "reason": " 医院补报 "}
    elsewhere = {**form, "candidate": "d" * 64}
    assert client.post("publications/population/approve", data=elsewhere).status_code == 409
    assert not approvals(site)
    refused = client.post(
        "publications/population/reject", data={**form, "reason": "数据有误"}, follow_redirects=True
    )
    assert "已驳回" in refused.text
    assert not approvals(site)
    done = client.post("publications/population/approve", data=form, follow_redirects=True)
    assert "已批准，该运行继续发布" in done.text
    (kept,) = approvals(site)
    assert (kept.run, kept.approved_by, kept.reason) == ("20260701", "wang", "医院补报")
    said = [(one["approved"], one["by"]) for one in site.runs() if one["kind"] == "answer"]
    assert said == [("False", "wang"), ("True", "wang")]
    assert 'name="candidate"' not in client.get("publications/population").text


def test_a_roll_back_from_the_page_is_refused_where_something_came_since(site, client):
    page = client.get("publications/population").text
    form = {"csrf": token(page), "to": "20260101", "shown": "987654", "reason": "x"}
    refused = client.post("publications/population/rollback", data=form)
    assert refused.status_code == 409
    blank = {**form, "reason": " "}
    assert client.post("publications/population/rollback", data=blank).status_code == 422


@pytest.mark.parametrize(
    "form", [{"batch": "30.6.2026"}, {"batch": "20261340"}, {"batch": "20260701/../x"}]
)
def test_a_batch_that_is_none_is_refused_in_a_sentence(site, client, form):
    before = site.runs()
    csrf = token(client.get(f"sources/{SOURCE}").text)
    answer = client.post(f"sources/{SOURCE}/trigger", data={**form, "csrf": csrf})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert site.runs() == before


@pytest.mark.parametrize("path", ["sources/nobody", "publications/nothing", "entities/X-1"])
def test_what_is_not_there_is_said(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert 'role="alert"' in answer.text


def test_two_stewards_get_no_question_twice_and_an_answer_is_kept_once(site):
    every = {one.question for one in queue(site.town.settings, "population")}
    with site.client("wang:admin") as wang, site.client("li:admin") as li:
        first, second = (each.get("steward/population").text for each in (wang, li))
        his = set(re.findall(r'data-question="([^"]+)"', first))
        hers = set(re.findall(r'data-question="([^"]+)"', second))
        assert his == every
        assert not hers
        question = sorted(his)[0]
        form = {"csrf": token(first), "question": question, "verdict": "different"}
        done = wang.post("steward/population/decide", data=form)
        assert done.status_code == 200, done.text
        late = {**form, "csrf": token(second)}
        asking = {"accept": "application/json"}
        refused = li.post("steward/population/decide", data=late, headers=asking)
        assert refused.status_code == 409
        assert question in refused.json()["problem"]
        (kept,) = decisions(site)
        assert (kept.by, kept.verdict, kept.question) == ("wang", "different", question)
        undoing = {"csrf": token(second), "act": kept.act}
        assert li.post("steward/population/undo", data=undoing).status_code == 403
        mine = {"csrf": token(first), "act": kept.act}
        assert wang.post("steward/population/undo", data=mine).status_code == 200
    (taken_back,) = decisions(site)
    assert taken_back.revoked.by == "wang"
