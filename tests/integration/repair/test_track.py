"""Issues open, are seen again, close and open again, as batches come."""

from dataclasses import replace
from datetime import date

import ibis
import pytest

from pipelines import flows
from pipelines.errors import QualityGateFailed
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.report.missing import missing_records
from pipelines.quality.discrepancy import FINDING_SCHEMA
from pipelines.warehouse import read_batches, read_findings
from pipelines.warehouse.quality.issues.news import read_issue_news
from pipelines.warehouse.quality.issues.owner_months import read_owner_months
from tests.integration.repair.conftest import BAD, GOOD, MENDED, Department, only

FAULT = ("citizen_id", "CHECK_DIGIT")


def test_a_fault_is_found_seen_again_and_repaired(department: Department):
    first = department.receive("20260601", GOOD, BAD)
    assert (first.opened, first.still_open) == (1, 1)
    assert department.issues() == {FAULT: "open"}
    assert department.receive("20260602", GOOD, BAD).opened == 0
    seen = only(department.query("SELECT * FROM quality.issue"))
    assert (seen["first_batch"], seen["last_batch"]) == ("20260601", "20260602")
    assert (seen["file"], seen["line"]) == ("people_20260602.csv", 3)
    assert department.receive("20260603", GOOD, MENDED).fixed == 1
    closed = only(department.query("SELECT * FROM quality.issue"))
    assert (closed["state"], closed["closed_batch"]) == ("fixed", "20260603")
    assert (closed["closed_how"], closed["last_batch"]) == ("repaired", "20260602")


def test_a_fault_that_comes_back_is_opened_again(department: Department):
    department.receive("20260601", GOOD, BAD)
    department.receive("20260602", GOOD, MENDED)
    assert department.receive("20260603", GOOD, BAD).reopened == 1
    issue = only(department.query("SELECT * FROM quality.issue"))
    assert (issue["state"], issue["reopened"], issue["closed_at"]) == ("open", 1, None)
    kinds = department.query("SELECT kind FROM quality.issue_event ORDER BY id")
    assert [row["kind"] for row in kinds] == ["opened", "fixed", "reopened"]


def test_a_record_that_is_not_delivered_any_more_is_missing_and_not_repaired(
    department: Department,
):
    department.receive("20260601", GOOD, BAD)
    short = department.receive("20260602", GOOD)
    assert (short.fixed, short.missing, short.still_open) == (0, 1, 1)
    assert department.track("20260602").missing == 0  # told once
    issue = only(department.query("SELECT * FROM quality.issue"))
    assert (issue["state"], issue["missing_since"]) == ("open", "20260602")
    news = read_issue_news(department.engine, department.source.name, "20260602", date(2026, 6, 2))
    assert (news.fixed, news.missing, news.still_open, news.overdue) == (0, 1, 0, 0)
    (month,) = read_owner_months(department.engine, date(2000, 1, 1), date(2100, 1, 1))
    assert (month.fixed, month.found) == (0, 1)
    assert department.receive("20260603", GOOD, BAD).reopened == 0  # it never was repaired
    assert only(department.query("SELECT missing_since FROM quality.issue")) == {
        "missing_since": None
    }
    department.receive("20260604", GOOD)
    assert department.receive("20260605", GOOD, MENDED).fixed == 1


def test_an_owner_is_told_how_many_records_did_not_come_again(department: Department):
    department.receive("20260601", GOOD, BAD, ("3", *GOOD[1:]), ("4", *GOOD[1:]))
    department.receive("20260602", GOOD, ("", *BAD[1:]))
    with open_session(department.settings) as session:
        before = read_batches(department.engine)[:1]
        (told,) = missing_records(session, department.source, "20260602", before)
        assert "（20260601）有的 3 条记录（占 75.0%）本批没有" in told
        assert missing_records(session, department.source, "20260601", []) == []
        delta = replace(department.source, delivery="delta")
        assert missing_records(session, delta, "20260602", before) == []


def test_a_correction_stands_while_its_record_is_missing(department: Department):
    department.receive("20260601", GOOD, BAD)
    department.query_none(
        "INSERT INTO quality.correction (fingerprint, source, record, column_name, rule, kind,"
        " guard, new_value, since_batch, made_by, reason, made_at) SELECT fingerprint, source,"
        " record, column_name, rule, 'correction', 'g', 'v', '20260601', 'x', 'x', now()"
        " FROM quality.issue"
    )
    assert department.receive("20260602", GOOD).retired == 0


def test_what_a_stopped_delivery_lacks_is_not_repaired(department: Department):
    department.receive("20260601", GOOD, BAD)
    department.deliver("20260602")
    with pytest.raises(QualityGateFailed):
        flows.check(department.settings, department.source, "20260602")
    assert department.track("20260602").fixed == 0
    assert department.issues() == {FAULT: "open"}
    assert department.receive("20260603", GOOD, BAD).reopened == 0


def test_tracking_a_batch_again_changes_nothing(department: Department):
    department.receive("20260601", GOOD, BAD)
    tables = ("SELECT * FROM quality.issue", "SELECT * FROM quality.issue_event ORDER BY id")
    before = [department.query(table) for table in tables]
    department.track("20260601")
    assert [department.query(table) for table in tables] == before


def test_an_old_batch_does_not_open_what_a_newer_one_closed(department: Department):
    department.receive("20260601", GOOD, BAD)
    department.receive("20260603", GOOD, MENDED)
    department.receive("20260602", GOOD, BAD)
    assert department.issues() == {FAULT: "fixed"}
    department.track("20260601")
    assert department.issues() == {FAULT: "fixed"}


def test_batch_ten_of_a_day_is_later_than_batch_two(department: Department):
    department.receive("20260601-2", GOOD, BAD)
    department.receive("20260601-10", GOOD, MENDED)
    assert department.issues() == {FAULT: "fixed"}


def test_a_delta_closes_only_what_came_again(delta_department: Department):
    department = delta_department
    other = ("3", "110101199003079990", "王五", "男", "1990-03-07")
    department.receive("20260601", BAD, other)
    assert department.receive("20260602", GOOD).fixed == 0
    assert department.receive("20260603", MENDED).fixed == 1
    states = department.query("SELECT state FROM quality.issue ORDER BY state")
    assert [row["state"] for row in states] == ["fixed", "open"]


def test_a_late_delta_speaks_only_for_records_that_have_not_come_since(
    delta_department: Department,
):
    department = delta_department
    department.receive("20260603", MENDED)
    other = ("3", "110101199003079990", "王五", "男", "1990-03-07")
    assert department.receive("20260601", BAD, other).opened == 1


def test_a_row_without_a_key_is_one_issue_until_it_is_gone(department: Department):
    keyless = ("", *BAD[1:])
    department.receive("20260601", GOOD, keyless)
    assert department.issues()[("", "NO_KEY")] == "open"
    assert department.receive("20260602", keyless, GOOD).opened == 0
    fewer = department.receive("20260603", GOOD)
    assert (fewer.fixed, fewer.missing > 0) == (0, True)  # nobody knows that it was repaired
    other = ("5", *MENDED[1:])
    assert department.receive("20260604", GOOD, other).fixed >= 2  # no row is missing any more


def test_two_people_under_one_key_are_an_issue_until_each_has_his_own(department: Department):
    shared = (GOOD[0], *MENDED[1:])
    assert department.receive("20260601", GOOD, shared).opened == 1
    assert department.issues() == {("", "KEY_SHARED"): "open"}
    record = only(read_batches(department.engine))
    counts = (record.landed, record.staged, record.superseded, record.quarantined)
    assert (counts, record.findings) == ((2, 1, 1, 0), 1)
    counted = only(read_findings(department.engine))
    assert (counted.column_name, counted.rule, counted.row_count) == ("", "KEY_SHARED", 1)
    assert department.receive("20260602", GOOD, MENDED).fixed == 1


def test_no_value_and_no_key_is_in_the_issues(department: Department):
    department.receive("20260601", GOOD, ("K-77", *BAD[1:]))
    for table in ("issue", "issue_event"):
        told = str(department.query(f"SELECT * FROM quality.{table}"))
        assert "K-77" not in told
        assert BAD[1] not in told


@pytest.mark.parametrize("role", ["base_reader", "share_reader", "quality_reader"])
def test_nobody_who_reads_sees_the_ledger_or_free_text(department: Department, role):
    granted = department.query(
        "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = :role"
        " AND table_schema = 'quality'",
        role=role,
    )
    assert "correction" not in {row["table_name"] for row in granted}
    columns = department.query(
        "SELECT column_name FROM information_schema.role_column_grants WHERE grantee = :role"
        " AND table_name IN ('issue_event', 'dispute', 'correction')",
        role=role,
    )
    assert not {"note", "reason", "new_value", "answer"} & {row["column_name"] for row in columns}


def say_of_the_library(department: Department, other: bool, findings: list[dict[str, str]]) -> None:
    """What a publication of the library leaves behind: who is in it, and who contradicts whom."""
    rows = [{"source": department.source.name, "source_key": key} for key in "12"]
    rows += [{"source": "health__records", "source_key": "h"}] if other else []
    places = ibis.memtable(rows, schema={"source": "string", "source_key": "string"})
    found = ibis.memtable(
        {name: [row.get(name) for row in findings] for name in FINDING_SCHEMA.names},
        schema=FINDING_SCHEMA,
    )
    with open_session(department.settings) as session:
        for table, content in (("core.person_source", places), ("identity.person_finding", found)):
            session.lake.write(
                session.con, content, table, batch=None, order_by=("source", "source_key"),
                properties={"run": "20260630"},
            )  # fmt: skip


def test_a_contradiction_is_not_settled_because_the_other_record_is_gone(department: Department):
    contradiction = {
        "source": department.source.name, "source_key": "1", "column_name": "person_name",
        "rule": "DISAGREES_WITH_AUTHORITY", "severity": "warning", "value": GOOD[2],
        "other_source": "health__records", "other_key": "h", "other_value": "张三",
    }  # fmt: skip
    disagrees = ("person_name", "DISAGREES_WITH_AUTHORITY")
    department.deliver("20260601", GOOD, MENDED)
    say_of_the_library(department, other=True, findings=[contradiction])
    department.track("20260601")
    assert department.issues() == {disagrees: "open"}
    say_of_the_library(department, other=False, findings=[])  # the other department lost its record
    assert department.track("20260601").fixed == 0
    assert department.issues() == {disagrees: "open"}
    say_of_the_library(department, other=True, findings=[])  # it is there and agrees
    department.track("20260601")
    assert department.issues() == {disagrees: "fixed"}
    say_of_the_library(department, other=True, findings=[contradiction])
    department.track("20260601")
    department.deliver("20260602", (*GOOD[:2], "张三", *GOOD[3:]), MENDED)
    say_of_the_library(department, other=False, findings=[])  # gone, and what it contradicted, too
    department.track("20260602")
    assert department.issues() == {disagrees: "fixed"}
