"""Decisions by spreadsheet and command line, through the resolver, and the way back: entity ids."""

from steward_town import DRIVERS, HEALTH, INSURANCE, POLICE, answer, fill

from pipelines.flows.shared.session import open_session
from pipelines.flows.steward.explain import explain
from pipelines.flows.steward.queue import queue
from pipelines.identity.review.decisions import Record

WANGS = ((HEALTH, "h1"), (HEALTH, "h2"), "potential_match", 0.7, "score")
LIS = ((POLICE, "p2"), (HEALTH, "h3"), "conflict", None, "same_citizen_id")
WHO = ("--by", "张三", "--reason", "看过档案")


def act_in(said):
    return said.split("act ")[1].split(".")[0]


def current(town, entity_id):
    """Where an id leads today."""
    with open_session(town.settings) as session:
        redirect = session.lake.read(session.con, "core.person_redirect")
        rows = session.con.to_pyarrow(redirect).to_pylist()
    return {row["entity_id"]: row["current_id"] for row in rows}.get(entity_id, entity_id)


def holder(town, number):
    with open_session(town.settings) as session:
        core = session.lake.read(session.con, "core.license")
        rows = session.con.to_pyarrow(core.filter(core.license_number == number)).to_pylist()
    return rows[0]["holder_person_id"]


def test_a_sheet_joins_two_entities_and_a_revocation_parts_them(town, baselib, tmp_path):
    before = town.entities()
    assert before["h1"] != before["h2"]
    town.ask(WANGS)
    sheet = tmp_path / "questions.xlsx"
    baselib("identity", "export", "population", "--to", sheet)
    baselib("identity", "import", fill(sheet, {2: answer("同一")}), "--by", "张三", "--apply")
    town.build("20260701")
    joined = town.entities()
    assert joined["h1"] == joined["h2"] == before["h1"] or joined["h1"] == before["h2"]
    gone = ({before["h1"], before["h2"]} - {joined["h1"]}).pop()
    assert current(town, gone) == joined["h1"]
    (said,) = explain(town.settings, [Record(HEALTH, "h2")]).decisions
    baselib("identity", "revoke", said.decision.act, *WHO)
    town.build("20260702")
    after = town.entities()
    assert {key: id_ for key, id_ in after.items() if key != "h2"} == {
        key: joined[key] for key in after if key != "h2"
    }
    assert after["h2"] != after["h1"]


def test_unmerging_beats_a_valid_number_and_can_be_taken_back(town, baselib):
    before = town.entities()
    assert before["p2"] == before["h3"]
    held = holder(town, "d2")
    assert held == before["p2"]
    said = baselib("identity", "unmerge", before["p2"], f"{HEALTH}:h3", *WHO)
    town.build("20260703")
    parted = town.entities()
    assert parted["p2"] != parted["h3"]
    assert before["p2"] in {parted["p2"], parted["h3"]}
    others = [key for key in before if key not in {"p2", "h3"}]
    assert [parted[key] for key in others] == [before[key] for key in others]
    baselib("identity", "revoke", act_in(said), *WHO)
    town.build("20260704")
    assert town.entities() == before
    assert holder(town, "d2") == held


def test_a_record_moves_and_comes_back(town, baselib):
    before = town.entities()
    said = baselib("identity", "move", f"{INSURANCE}:s1", "--to", before["s2"], *WHO)
    town.build("20260705")
    moved = town.entities()
    assert moved["s1"] == moved["s2"] == before["s2"]
    assert {key: moved[key] for key in before if key != "s1"} == {
        key: before[key] for key in before if key != "s1"
    }
    baselib("identity", "revoke", act_in(said), *WHO)
    town.build("20260706")
    after = town.entities()
    together = [{key for key in all_ if all_[key] == all_["p1"]} for all_ in (before, after)]
    assert together[0] == together[1]
    assert after["s2"] not in {after[key] for key in after if key != "s2"}
    assert after["p1"] == before["p1"]


def test_what_was_decided_is_not_asked_by_the_next_run(town, baselib):
    town.ask(LIS)
    (asked,) = queue(town.settings, "population")
    said = baselib("identity", "decide", asked.question, "same", *WHO)
    town.ask(LIS)
    assert queue(town.settings, "population") == []
    baselib("identity", "revoke", act_in(said), *WHO)
    assert len(queue(town.settings, "population")) == 1
    assert DRIVERS.startswith("transport")
