"""Sharing requests: what the law wants of them, clocks, steps, grants, demand without supply."""

import csv
import shutil
from dataclasses import replace
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import DeclarationRefused
from pipelines.flows.governance.sharing.requests import (
    advance_request,
    approve_request,
    judged_requests,
    take_requests,
)
from pipelines.governance.duties import LIMITS
from pipelines.governance.sharing.grant_text import GrantedPart
from pipelines.governance.sharing.register import (
    REQUEST_STATES,
    judge_requests,
    request_kind,
    unmet_demand,
)
from pipelines.governance.sharing.request import (
    REQUEST_COLUMNS,
    RequestRefused,
    SharingRequest,
    advance,
    read_requests,
)
from pipelines.governance.sharing.tables import demand_table, request_table
from pipelines.serve.grants.read import check_grants, read_grants
from pipelines.settings import PROJECT, load_settings
from pipelines.standards.working_days import load_working_calendar

ASKED = SharingRequest(
    consumer="云州市交通运输局",
    purpose="网约车驾驶员资格审核",
    received=date(2026, 9, 28),
    resource="101001/000001",
    head="同意，赵科长",
    basis="《网络预约出租汽车经营服务管理暂行办法》第十四条",
    scene="资格审核时核验身份",
    scope="本局道路运输科",
    mode="服务接口",
    until="2027-12-31",
    number="2026-0001",
)
BY_LAW = {kind: limit.days for kind, limit in LIMITS.items()}
PART = GrantedPart(
    "transport__driver_check",
    "population",
    {"person_name": "mask", "death_date": "clear"},
    ["verify", "find", "read"],
    [["citizen_id", "person_name"]],
    "PIA-2026-003",
)


def judged(request, today, *entries, limits=BY_LAW):
    (one,) = judge_requests([request], entries, limits, today, load_working_calendar())
    return one


@pytest.mark.parametrize(("share_type", "days"), [("无条件共享", 1), ("有条件共享", 5), (None, 10)])
def test_an_answer_is_due_by_how_the_resource_is_listed(good, share_type, days):
    listed = [good(code=ASKED.resource, share_type=share_type)] if share_type else []
    one = judged(ASKED, date(2026, 9, 29), *listed)
    calendar = load_working_calendar()
    assert calendar.working_days_between(ASKED.received, one.due) == days
    assert one.state == "running"


def test_papers_that_lack_stop_the_clock_until_they_come(good):
    lacking = replace(ASKED, scope="", head="")
    assert lacking.lacks == ["使用范围", "共享工作机构负责人意见"]
    waiting = advance(lacking, "ask", date(2026, 9, 29))
    assert judged(waiting, date(2026, 12, 1)).state == "waiting"
    told = {"scope": "本局", "head": "同意"}
    complete = advance(waiting, "complete", date(2026, 10, 30), **told)
    assert judged(complete, date(2026, 11, 2), good(code=ASKED.resource)).due == date(2026, 11, 6)
    with pytest.raises(RequestRefused, match="once"):
        advance(waiting, "ask", date(2026, 9, 30))


def test_a_refusal_says_its_ground_and_an_approval_wants_all_papers():
    with pytest.raises(RequestRefused, match="ground"):
        advance(ASKED, "refuse", date(2026, 9, 30), ground=" ")
    with pytest.raises(RequestRefused, match="使用依据"):
        advance(replace(ASKED, basis=""), "approve", date(2026, 9, 30), answered_by="1号")
    refused = advance(ASKED, "refuse", date(2026, 9, 30), ground="《统计法》第二十五条")
    assert judged(refused, date(2026, 12, 1)).state == "refused"


def test_what_was_approved_is_supplied_in_twenty_days_and_disposed_of_after_its_term():
    approved = advance(ASKED, "approve", date(2026, 9, 30), answered_by="1号")
    assert judged(approved, date(2026, 10, 9)).state == "to_supply"
    assert judged(approved, date(2026, 11, 30)).state == "supply_late"
    supplied = advance(approved, "supply", date(2026, 10, 20))
    assert judged(supplied, date(2026, 11, 30)).supplied_in_time is True
    ended = replace(supplied, until="2026-11-01")
    assert judged(ended, date(2026, 11, 2)).state == "to_dispose"
    gone = advance(ended, "dispose", date(2026, 11, 3), disposal="销毁记录 7")
    assert judged(gone, date(2026, 11, 30)).state == "disposed"


STEPS = st.sampled_from(
    ["ask", "complete", "extend", "approve", "refuse", "supply", "use", "dispose"]
)


@given(st.lists(STEPS, max_size=12), st.booleans())
def test_whatever_is_tried_a_request_is_answered_once_and_nothing_is_supplied_before(steps, lacks):
    request, day = replace(ASKED, basis="" if lacks else ASKED.basis), date(2026, 9, 28)
    told = {
        "extend": {"extended_by": "数据局"}, "approve": {"answered_by": "1号"},
        "refuse": {"ground": "无依据"}, "use": {"used_for": "核验"}, "dispose": {"disposal": "1"},
        "complete": {"basis": "依据"},
    }  # fmt: skip
    answers = 0
    for step in steps:
        try:
            after = advance(request, step, day, **told.get(step, {}))
        except RequestRefused:
            continue
        answers += step in ("approve", "refuse")
        assert step not in ("supply", "use", "dispose") or request.decision == "approved"
        assert step != "approve" or after.lacks == []
        request = after
    assert answers <= 1
    assert judged(request, date(2026, 11, 30)).state in REQUEST_STATES


def test_demand_without_supply_is_listed_with_the_most_wanted_first(good):
    wanted = replace(ASKED, resource="", wanted="不动产登记信息")
    other = replace(wanted, consumer="云州市税务局", number="2026-0002")
    refused = advance(ASKED, "refuse", date(2026, 9, 30), ground="《统计法》")
    listed = good(code=ASKED.resource, name="人口基本信息")
    one = [judged(each, date(2026, 10, 8), listed) for each in (refused, wanted, other)]
    demands = unmet_demand(one)
    assert [(each.wanted, each.why, len(each.consumers)) for each in demands] == [
        ("不动产登记信息", "目录中没有", 2),
        ("人口基本信息", "不予共享", 1),
    ]
    assert demand_table(demands, "2026-10-08").rows[0][2] == "云州市交通运输局、云州市税务局"
    states = {row[12] for row in request_table(one, "2026-10-08").rows}
    assert states == {"不予共享", "在办"}


@pytest.fixture
def site(tmp_path):
    shutil.copytree(PROJECT / "governance", tmp_path / "governance")
    shutil.rmtree(tmp_path / "governance/requests", ignore_errors=True)
    (tmp_path / "grants").mkdir()
    return load_settings(
        home=tmp_path / "home",
        governance=tmp_path / "governance",
        grants=tmp_path / "grants",
        today=date(2026, 9, 30),
    )


def sheet(path, *rows):
    with path.open("w", encoding="gb18030", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(REQUEST_COLUMNS.values())
        writer.writerows([[getattr(row, name) for name in REQUEST_COLUMNS] for row in rows])
    return path


def test_a_sheet_becomes_requests_once_and_an_approval_becomes_a_grant(site, tmp_path):
    second = replace(ASKED, consumer="云州市文化局", until="2027年3月1日")
    file = sheet(tmp_path / "r.csv", ASKED, second, replace(ASKED, received="昨天"))
    taken = take_requests(site, file)
    assert taken.numbers == ["2026-0001", "2026-0002"]
    assert [fault.line for fault in taken.faults] == [4]
    assert take_requests(site, file).numbers == []
    assert read_requests(site.governance)[0] == ASKED
    assert read_requests(site.governance)[1].until == "2027-03-01"

    approve_request(site, "2026-0001", "云数共享〔2026〕31号", PART)
    assert check_grants(site) == []
    grant = read_grants(site)["transport__driver_check"]
    assert (grant.legal_basis, grant.approved_by) == (ASKED.basis, "云数共享〔2026〕31号")
    assert (grant.valid_from, grant.valid_to) == (date(2026, 9, 30), date(2027, 12, 31))
    assert (grant.shown, grant.assessment) == (PART.columns, "PIA-2026-003")
    assert [each.state for each in judged_requests(site)] == ["to_supply", "running"]


def test_a_grant_that_cannot_work_leaves_request_and_folder_as_they_were(site, tmp_path):
    take_requests(site, sheet(tmp_path / "r.csv", ASKED))

    def refuse(file):
        assert file.exists()
        raise ValueError

    with pytest.raises(ValueError):
        approve_request(site, "2026-0001", "1号", PART, refuse)
    with pytest.raises(RequestRefused, match="resource"):
        approve_request(site, "2026-0001", "1号", replace(PART, library="legal_entity"))
    assert list(site.grants.iterdir()) == []
    assert [each.request.decision for each in judged_requests(site)] == [""]
    with pytest.raises(RequestRefused, match="none"):
        advance_request(site, "2026-0009", "ask")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"decision": "refused", "answered_on": date(2026, 9, 30)}, "ground"),
        ({"decision": "approved"}, "answered_on"),
        ({"supplied_on": date(2026, 9, 30)}, "grant"),
        ({"asked_on": date(2026, 9, 1)}, "asked_on"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused(tmp_path, changed, field):
    (tmp_path / "requests").mkdir()
    said = {"consumer": "甲局", "purpose": "核验", "received": date(2026, 9, 28), **changed}
    text = yaml.safe_dump(said, allow_unicode=True)
    (tmp_path / "requests/2026-0001.yml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationRefused) as refused:
        read_requests(tmp_path)
    assert refused.value.field == field


def test_a_resource_that_nobody_lists_has_the_longest_limit():
    assert request_kind(None) == "request_unlisted"
