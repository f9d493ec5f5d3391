"""An entity and a pair, explained: masked, unless somebody answers for looking."""

import pytest
from sqlalchemy import text
from steward_town import HEALTH, PEOPLE, POLICE

from pipelines.errors import SettingRefused
from pipelines.flows.steward.explain import Unmasking, explain
from pipelines.flows.steward.queue import queue
from pipelines.identity.review.decisions import Record
from pipelines.identity.review.errors import RegroupingRefused, UnknownSubject

WANGS = ((HEALTH, "h1"), (HEALTH, "h2"), "potential_match", 0.7, "score")
WHO = ("--by", "张三", "--reason", "看过档案")
NAMES = [person["person_name"] for people in PEOPLE.values() for person in people]


@pytest.fixture(autouse=True)
def asked(town):
    town.ask(WANGS)


def test_an_entity_by_its_id_or_by_any_of_its_records(town):
    entity = town.entities()["p1"]
    by_id = explain(town.settings, [entity])
    assert by_id == explain(town.settings, [Record(HEALTH, "h1")])
    assert [each.rule for each in by_id.records] == [
        *("founding_record", "same_citizen_id", "same_citizen_id")
    ]
    assert [each.linked for each in by_id.records] == ["", "→ 1", "→ 1"]
    assert [each.kind for each in by_id.events] == ["created"]
    assert by_id.followers == {"关联的电子证照（持证主体）": 1}
    assert by_id.columns["mobile"] == "手机号码"
    assert "school_name" not in by_id.columns


def test_it_is_masked_on_the_terminal_and_in_the_page(town, baselib, tmp_path):
    page = tmp_path / "explained.html"
    said = baselib("identity", "explain", town.entities()["p1"], "--html", page)
    shown = said + page.read_text(encoding="utf-8")
    assert not [name for name in NAMES if name in shown]
    assert "13900000001" not in shown
    assert "139****0001" in shown
    assert "*伟" in shown


def test_a_pair_is_compared_and_its_decisions_are_told(town, baselib):
    (asked,) = queue(town.settings, "population")
    act = baselib("identity", "decide", asked.question, "same", *WHO).split("act ")[1][:12]
    try:
        pair = explain(town.settings, [asked.question])
        assert pair == explain(town.settings, [asked.question])
        assert [pair.marks[name] for name in ("person_name", "mobile")] == [
            ("≈", "差一个字"),
            ("＝", ""),
        ]
        assert (pair.verdict, len(pair.chain)) == ("same", 1)
        two = explain(town.settings, list(asked.pair))
        assert (two.marks, two.decisions) == (pair.marks, pair.decisions)
        said = baselib("identity", "explain", asked.question)
        assert act in said
        assert "看过档案" in said
    finally:
        baselib("identity", "revoke", act, *WHO)
    assert explain(town.settings, [asked.question]).verdict == ""


def test_whoever_takes_the_mask_off_is_written_down_first(town, baselib, warehouse):
    entity = town.entities()["p1"]
    for without in ((), ("--by", "张三"), ("--by", " ", "--purpose", "x")):
        with pytest.raises(SettingRefused, match="purpose"):
            baselib("identity", "explain", entity, "--unmask", *without)
    said = baselib(
        *("identity", "explain", entity, "--unmask", "--by", "张三", "--purpose", "核实投诉")
    )
    assert "王伟" in said
    with warehouse.connect() as connection:
        query = "SELECT library, subject, records, purpose, read_by FROM audit.unmasked_reading"
        assert list(connection.execute(text(query))) == [
            ("population", entity, 3, "核实投诉", "张三")
        ]


def test_values_in_the_page_are_escaped(town, tmp_path):
    evil = "<script>alert(1)</script>"
    people = [{**PEOPLE[POLICE][0], "residence_address": evil}, *PEOPLE[POLICE][1:]]
    town.stage("population", {POLICE: people})
    town.build("20260705", ["population"])
    from pipelines.report.steward.explanation import render_explanation

    found = explain(town.settings, [Record(POLICE, "p1")], Unmasking("张三", "测试"))
    page = render_explanation(found, tmp_path)
    assert evil not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("subject", ["P-nobody", "X-1"])
def test_what_is_not_there(town, subject):
    with pytest.raises(UnknownSubject):
        explain(town.settings, [subject])


def test_an_entity_too_large_for_a_page_says_so(town, monkeypatch):
    monkeypatch.setattr("pipelines.flows.steward.explain.MOST_RECORDS", 2)
    with pytest.raises(RegroupingRefused, match="too many"):
        explain(town.settings, [Record(HEALTH, "h1")])


def test_a_pair_has_the_waterfall_of_its_score(town, baselib, tmp_path):
    picture, page = tmp_path / "weights.png", tmp_path / "pair.html"
    found = explain(town.settings, [Record(HEALTH, "h1"), Record(HEALTH, "h2")])
    (drawn,) = found.waterfalls
    assert drawn.title == "记录 1 与 记录 2"
    assert {weight.name for weight in drawn.weights} >= {"姓名", "出生日期", "手机号码"}
    said = baselib(
        *("identity", "explain", f"{HEALTH}:h1", f"{HEALTH}:h2", "--png", picture, "--html", page)
    )
    assert "手机号码：相同" in said
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "data:image/png;base64," in page.read_text(encoding="utf-8")
