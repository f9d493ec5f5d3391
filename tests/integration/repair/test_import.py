"""A sheet goes out, comes back with answers, and what is staged says so until the source does."""

from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from pipelines.extract.answers import AnswersUnreadable
from pipelines.flows.owner.repair import import_answers
from pipelines.lake import open_lake
from pipelines.report.repair_sheet.columns import (
    COLUMNS,
    CONFIRMED,
    CORRECTION,
    EMPTY,
    ISSUE,
    NOTE,
    YES,
)
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
    import ibis

    con = ibis.duckdb.connect()
    rows = open_lake(department.settings).read(con, f"staged.{department.source.name}", batch)
    return {row["source_key"]: row for row in con.to_pyarrow(rows).to_pylist()}


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

    # the source repairs it: the issue closes and the correction retires itself
    result = told.receive("20260603", GOOD, MENDED)
    assert (result.fixed, result.retired) == (1, 1)
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
        verdicts[name] = row.verdict
        assert row.place == f"{name}.xlsx [Sheet] row 2"
    assert verdicts == {
        "nothing": "unchanged",
        "same": "unchanged",
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


def test_importing_a_sheet_twice_keeps_its_answers_once(told: Department, tmp_path):
    answer = {ISSUE: fingerprint(told, *FAULT), CORRECTION: MENDED[1]}
    file = sheet(tmp_path / "back.xlsx", answer)
    for _ in range(2):
        import_answers(told.settings, [file], WHO, apply=True)
    assert len(told.query("SELECT * FROM quality.correction")) == 1
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
    with pytest.raises(AnswersUnreadable, match="更正值 are missing"):
        import_answers(told.settings, [file], WHO)
