"""A sheet goes out, comes back with answers, and what is staged says so until the source does."""

from collections.abc import Sequence
from email import message_from_bytes, policy
from pathlib import Path

import ibis
import openpyxl
import pytest

from pipelines.extract.returned.answers import AnswersUnreadable
from pipelines.flows.owner.repair import import_answers
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.report.content import compose
from pipelines.lake import open_lake
from pipelines.quality.discrepancy import DISAGREES, FINDING_SCHEMA
from pipelines.report.owner.standing import Standing
from pipelines.report.repair_sheet.columns import (
    COLUMNS,
    CONFIRMED,
    CORRECTION,
    EMPTY,
    ISSUE,
    NOTE,
    YES,
)
from pipelines.report.titles import column_title
from tests.integration.repair.conftest import BAD, GOOD, MENDED, Department, only

WHO = "示范市公安局 户政科 王某"
FAULT = ("citizen_id", "CHECK_DIGIT")


def sheet(path: Path, *answers: dict[str, object], columns: Sequence[str] = COLUMNS) -> Path:
    """A workbook as an owner sends it back."""
    book = openpyxl.Workbook()
    page = book.active
    page.append(list(columns))
    for answer in answers:
        page.append([answer.get(column) for column in columns])
    book.save(path)
    return path


def fingerprint(department: Department, column: str, rule: str) -> str:
    query = "SELECT fingerprint FROM quality.issue WHERE column_name = :column AND rule = :rule"
    return str(only(department.query(query, column=column, rule=rule))["fingerprint"])


def staged(department: Department, batch: str) -> dict[str, dict[str, object]]:
    """Rows of a batch by key."""
    con = ibis.duckdb.connect()
    rows = open_lake(department.settings).read(con, f"staged.{department.source.name}", batch)
    return {row["source_key"]: row for row in con.to_pyarrow(rows).to_pylist()}


def standing(department: Department, batch: str) -> list[Standing]:
    """What the report of a batch says is used as corrected."""
    with open_session(department.settings) as session:
        return list(compose(session, department.source, batch).report.standing)


def rules(row: dict[str, object]) -> list[tuple[str, str]]:
    return [(each["column"], each["rule"]) for each in row["findings"]]  # type: ignore[attr-defined]


@pytest.fixture
def told(department: Department) -> Department:
    """One fault is known."""
    department.receive("20260601", GOOD, BAD)
    return department


def test_a_corrected_value_stands_until_the_source_delivers_it(told: Department, tmp_path):
    answer = {ISSUE: fingerprint(told, *FAULT), CORRECTION: MENDED[1], NOTE: "录入错误"}
    file = sheet(tmp_path / "back.xlsx", answer)
    preview = import_answers(told.settings, [file], WHO)
    assert (preview.counts, preview.applied) == ({"accepted": 1}, False)
    assert told.query("SELECT * FROM quality.correction") == []
    done = import_answers(told.settings, [file], WHO, apply=True)
    assert done.staged_again == [(told.source.name, "20260601")]
    assert done.receipts == 1
    receipt = only(told.query("SELECT subject, path, batch FROM quality.mail"))
    assert "采纳 1 处，未采纳 0 处" in receipt["subject"]
    words = message_from_bytes(
        (told.settings.outbox_dir / receipt["path"]).read_bytes(), policy=policy.default
    )
    for kind in ("plain", "html"):
        body = words.get_body((kind,)).get_content()
        assert "1101*************0 → 1101*************9（差一位）" in body
        assert "请在业务系统中更正" in body
        assert MENDED[1] not in body
    (listing,) = words.iter_attachments()
    assert "更正已采纳" in listing.get_payload(decode=True).decode("utf-8-sig")
    assert told.query("SELECT * FROM quality.mail_about") == [], "it tells of no issue"
    row = staged(told, "20260601")["2"]
    assert row["citizen_id"] == MENDED[1]
    assert rules(row) == [("citizen_id", "CORRECTED_BY_OWNER")]
    assert row["findings"][0]["value"] == BAD[1]  # what was delivered stays visible
    assert told.track("20260601").fixed == 0
    assert told.issues() == {FAULT: "answered"}

    # the source delivers the fault again: the correction still stands
    told.receive("20260602", GOOD, BAD)
    assert told.issues() == {FAULT: "answered"}
    assert staged(told, "20260602")["2"]["citizen_id"] == MENDED[1]
    assert standing(told, "20260602") == [
        Standing(column_title(told.source, "citizen_id"), 1, ["2"])
    ]

    # the source repairs it: the issue closes and the correction retires itself
    result = told.receive("20260603", GOOD, MENDED)
    assert (result.fixed, result.retired) == (1, 1)
    assert standing(told, "20260603") == []
    entry = only(told.query("SELECT retired_why, retired_batch, made_by FROM quality.correction"))
    assert tuple(entry.values()) == ("source_repaired", "20260603", WHO)
    events = [row["kind"] for row in told.query("SELECT kind FROM quality.issue_event ORDER BY id")]
    assert events == ["opened", "answered", "correction_retired", "fixed"]

    # an old batch staged again is what it was: raw and the ledger give the same rows
    before = staged(told, "20260602")
    told.deliver("20260602", GOOD, BAD)
    assert staged(told, "20260602") == before

    # and should the fault come back afterwards, it is a fault again
    assert told.receive("20260604", GOOD, BAD).reopened == 1


def test_a_correction_that_the_source_overtakes_with_another_fault_is_not_fixed(
    told: Department, tmp_path
):
    answer = {ISSUE: fingerprint(told, *FAULT), CORRECTION: MENDED[1]}
    import_answers(told.settings, [sheet(tmp_path / "b.xlsx", answer)], WHO, apply=True)
    other = ("2", "110101199003079991", *BAD[2:])
    assert told.receive("20260602", GOOD, other).retired == 1
    assert told.issues()[FAULT] == "not_fixed"
    why = only(told.query("SELECT retired_why FROM quality.correction"))["retired_why"]
    assert why == "source_changed"


def test_confirmed_correct_is_silent_for_this_value_only(told: Department, tmp_path):
    answer = {ISSUE: fingerprint(told, *FAULT), CONFIRMED: YES}
    file = sheet(tmp_path / "back.xlsx", answer)
    assert import_answers(told.settings, [file], WHO, apply=True).counts == {"needs_reason": 1}
    answer[NOTE] = "证件原件即如此，已核对"
    file = sheet(tmp_path / "again.xlsx", answer)
    assert import_answers(told.settings, [file], WHO, apply=True).counts == {"confirmed": 1}
    assert told.issues() == {FAULT: "confirmed_correct"}
    assert rules(staged(told, "20260601")["2"]) == [("citizen_id", "CONFIRMED_BY_OWNER")]
    told.receive("20260602", GOOD, BAD)
    assert told.issues() == {FAULT: "confirmed_correct"}
    other = ("2", "110101199003079991", *BAD[2:])
    assert told.receive("20260603", GOOD, other).reopened == 1
    assert told.issues() == {FAULT: "open"}


def test_what_cannot_be_taken_is_said_row_by_row(told: Department, tmp_path):
    known = fingerprint(told, *FAULT)
    verdicts = {}
    for name, answer in {
        "nothing": {ISSUE: known},
        "same": {ISSUE: known, CORRECTION: BAD[1]},
        "wrong": {ISSUE: known, CORRECTION: "110101199003079991"},
        "number": {ISSUE: known, CORRECTION: 110101199003079999},
        "worse": {ISSUE: known, CORRECTION: GOOD[1]},  # another person's: sex and birth differ
        "both": {ISSUE: known, CORRECTION: MENDED[1], CONFIRMED: YES, NOTE: "x"},
        "unclear": {ISSUE: known, CONFIRMED: "也许"},
        "unknown": {ISSUE: "f" * 20, CORRECTION: MENDED[1]},
        "invented": {CORRECTION: MENDED[1]},
        "promise": {ISSUE: known, NOTE: "已在业务系统更正"},
        "empty": {ISSUE: known, CORRECTION: EMPTY},
    }.items():
        file = sheet(tmp_path / f"{name}.xlsx", answer)
        (row,) = import_answers(told.settings, [file], WHO).rows
        # Whose answer it is stands there whatever became of it, and of no issue nothing does.
        named = "" if row.verdict in ("unchanged", "unknown_row") else "2"
        assert row.record == named
        assert "（空） → （空）" not in row.change
        verdicts[name] = row.verdict
        assert row.place == f"{name}.xlsx「Sheet」第 2 行"
    assert verdicts == {
        "nothing": "unchanged",
        "same": "same_value",
        "wrong": "still_wrong",
        "number": "unreadable",
        "worse": "made_worse",
        "both": "contradictory",
        "unclear": "unreadable",
        "unknown": "unknown_row",
        "invented": "unknown_row",
        "promise": "promised",
        "empty": "still_wrong",
    }


def test_the_preview_shows_record_column_and_change_as_the_sheet_does(told: Department, tmp_path):
    known = fingerprint(told, *FAULT)
    file = sheet(tmp_path / "back.xlsx", {ISSUE: "f" * 20}, {ISSUE: known, CORRECTION: MENDED[1]})
    result = import_answers(told.settings, [file], WHO)
    unknown, line = result.rows  # in the order of the sheet
    assert unknown.change == ""
    assert (unknown.place, unknown.verdict) == ("back.xlsx「Sheet」第 2 行", "unknown_row")
    assert (line.record, line.column, line.said()) == ("2", "身份证号", "更正已采纳")
    assert line.change == "1101*************0 → 1101*************9（差一位）"
    assert MENDED[1] not in repr(result)


# Made up; the check digits are right.
RIGHT = [f"11010119900307{end}" for end in ("1110", "3554", "5779", "7993", "9331")]
WRONG = [f"{number[:-1]}{(int(number[-1]) + 5) % 10}" for number in RIGHT]


def test_what_seems_to_have_slipped_waits_until_somebody_has_looked(
    department: Department, tmp_path
):
    """Each correction is a valid number, of the person one row further up."""
    people = [(f"1{n}", number, *BAD[2:]) for n, number in enumerate(WRONG)]
    department.receive("20260601", GOOD, *people)
    query = "SELECT fingerprint FROM quality.issue WHERE rule = 'CHECK_DIGIT' ORDER BY line"
    issues = [row["fingerprint"] for row in department.query(query)]
    typed = [None, *RIGHT]
    low = [{ISSUE: issue, CORRECTION: typed[at]} for at, issue in enumerate(issues)]
    file = sheet(tmp_path / "low.xlsx", *low)
    counts = import_answers(department.settings, [file], WHO).counts
    assert counts == {"doubtful": 4, "unchanged": 1}
    checked = import_answers(department.settings, [file], WHO, checked=True).counts
    assert checked == {"accepted": 4, "unchanged": 1}
    file = sheet(tmp_path / "twice.xlsx", *low, *low)
    twice = import_answers(department.settings, [file], WHO, checked=True).counts
    assert twice == {"accepted": 4, "unchanged": 6}, "a line that is there twice is judged once"


def test_importing_a_sheet_twice_keeps_its_answers_once(told: Department, tmp_path):
    answer = {ISSUE: fingerprint(told, *FAULT), CORRECTION: MENDED[1]}
    file = sheet(tmp_path / "back.xlsx", answer)
    for _ in range(2):
        import_answers(told.settings, [file], WHO, apply=True)
    kept = [row["new_value"] for row in told.query("SELECT new_value FROM quality.correction")]
    assert kept == [MENDED[1]]
    assert len(told.query("SELECT * FROM quality.repair_import")) == 1


def test_a_promise_that_is_not_kept_is_not_fixed(told: Department, tmp_path):
    answer = {ISSUE: fingerprint(told, *FAULT), NOTE: "已在业务系统更正"}
    file = sheet(tmp_path / "back.xlsx", answer)
    import_answers(told.settings, [file], WHO, apply=True)
    assert told.issues() == {FAULT: "answered"}
    assert told.receive("20260602", GOOD, BAD).not_fixed == 1
    assert told.issues() == {FAULT: "not_fixed"}


def test_a_sheet_whose_columns_were_renamed_is_refused(told: Department, tmp_path):
    columns = [column if column != CORRECTION else "修改后" for column in COLUMNS]
    file = sheet(tmp_path / "back.xlsx", {ISSUE: "x"}, columns=columns)
    with pytest.raises(AnswersUnreadable, match="缺少列“更正值”"):
        import_answers(told.settings, [file], WHO)


OTHER_BIRTH = ("2", MENDED[1], "李四光", "男", "1990-03-17")
MISMATCH = ("birth_date", "BIRTH_MISMATCH")
STATED = ("citizen_id", "STATED_WRONG_BY_OWNER")
NEW_NUMBER = "110101199003170012"  # made up; fits the other date


def test_a_corrected_number_typed_where_the_date_stands_is_taken(department: Department, tmp_path):
    department.receive("20260601", GOOD, OTHER_BIRTH)
    issue = fingerprint(department, *MISMATCH)
    file = sheet(tmp_path / "back.xlsx", {ISSUE: issue, CORRECTION: f"身份证号：{NEW_NUMBER}"})
    done = import_answers(department.settings, [file], WHO, apply=True)
    assert done.counts == {"accepted": 1}
    assert staged(department, "20260601")["2"]["citizen_id"] == NEW_NUMBER
    assert department.track("20260601").fixed == 0
    assert department.issues() == {MISMATCH: "answered"}
    department.receive("20260602", GOOD, OTHER_BIRTH)
    assert department.issues() == {MISMATCH: "answered"}  # it stands corrected, no more
    department.receive("20260603", GOOD, ("2", NEW_NUMBER, *OTHER_BIRTH[2:]))
    assert department.issues() == {MISMATCH: "fixed"}


def test_who_says_that_the_other_is_wrong_has_an_issue_there(department: Department, tmp_path):
    department.receive("20260601", GOOD, OTHER_BIRTH)
    answer = {ISSUE: fingerprint(department, *MISMATCH), CONFIRMED: YES, NOTE: "日期无误，号码写错"}
    file = sheet(tmp_path / "back.xlsx", answer)
    done = import_answers(department.settings, [file], WHO, apply=True)
    assert done.counts == {"promised": 1}
    assert department.issues() == {MISMATCH: "answered", STATED: "open"}
    department.receive("20260602", GOOD, OTHER_BIRTH)
    assert department.issues() == {MISMATCH: "not_fixed", STATED: "open"}
    new = {ISSUE: fingerprint(department, *STATED), CORRECTION: NEW_NUMBER}
    file = sheet(tmp_path / "new.xlsx", new)
    assert import_answers(department.settings, [file], WHO, apply=True).counts == {"accepted": 1}
    assert rules(staged(department, "20260602")["2"]) == [("citizen_id", "CORRECTED_BY_OWNER")]
    department.receive("20260603", GOOD, ("2", NEW_NUMBER, *OTHER_BIRTH[2:]))
    assert set(department.issues().values()) == {"fixed"}


def test_a_correction_of_a_disagreement_is_checked_against_the_other_side(
    department: Department, tmp_path
):
    department.receive("20260601", GOOD)
    other = {
        "source": department.source.name, "source_key": "1", "column_name": "person_name",
        "rule": DISAGREES, "severity": "warning", "value": GOOD[2], "entity_id": "P-1",
        "other_source": "health__medical_records", "other_key": "9", "other_entity_id": None,
        "other_value": "张三风",
    }  # fmt: skip
    with open_session(department.settings) as session:
        found = ibis.memtable([other], schema=FINDING_SCHEMA)
        session.lake.write(session.con, found, "identity.person_finding", batch=None)
    department.track("20260601")
    issue = fingerprint(department, "person_name", DISAGREES)

    def verdict(**answer: object) -> str:
        file = sheet(tmp_path / "back.xlsx", {ISSUE: issue, **answer})
        return str(only(import_answers(department.settings, [file], WHO).rows).verdict)

    assert verdict(**{CORRECTION: "张三风"}) == "accepted"
    assert verdict(**{CORRECTION: "张三峰"}) == "still_differs"
    assert verdict(**{CORRECTION: "张三峰", NOTE: "已核对户口簿，本部门正确"}) == "accepted"
    assert verdict(**{CORRECTION: "1990-03-07"}) == "still_wrong"  # the parser looks, too

    def listed() -> list[str]:
        with open_session(department.settings) as session:
            composed = compose(session, department.source, "20260601")
        assert composed.report.problems == composed.report.listed == composed.report.differing
        return [group.rule.code for group in composed.report.groups if group.rows]

    assert listed() == [DISAGREES]
    answer = {ISSUE: issue, CONFIRMED: YES, NOTE: "户口簿为准，已核实"}
    import_answers(department.settings, [sheet(tmp_path / "b.xlsx", answer)], WHO, apply=True)
    assert department.track("20260601").still_open == 0
    assert listed() == [], "whoever stands by his value is not asked again"
