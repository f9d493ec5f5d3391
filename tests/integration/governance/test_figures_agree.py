"""Figures of all outputs are those of ``quality.*``, ``serve.*`` and the contracts."""

import json
import re
import subprocess
import sys
from datetime import date

import pytest
from sqlalchemy import text

from pipelines.contracts import load_sources
from pipelines.flows.governance.annual import draft_annual_report
from pipelines.flows.governance.catalogue import derive_catalogue, publish_catalogue
from pipelines.flows.governance.dashboard import read_dashboard
from pipelines.flows.governance.facts import evaluation_facts
from pipelines.flows.governance.register_sheet import site_sheet
from pipelines.flows.governance.reviews import review_states, review_table
from pipelines.flows.governance.sharing.onboarding import live_resources, onboarding_tables
from pipelines.flows.governance.submitted_sheets import judge_projects
from pipelines.flows.governance.systems import report_systems
from pipelines.governance.dashboard import dashboard_page
from pipelines.governance.evaluation import evaluate
from pipelines.governance.outputs import (
    candidate_table,
    integration_table,
    inventory_table,
)
from pipelines.serve.audit.evidence import write_evidence
from pipelines.serve.audit.seal import seal_log

STUDENTS, MARRIAGES = "education__students", "civil_affairs__marriages"
RECORDED = """
INSERT INTO quality.batch (source, batch, library, landed) VALUES
    ('education__students', '20260914', 'population', 100),
    ('education__students', '20260921', 'population', 120),
    ('education__students', '20260928', 'population', 130),
    ('civil_affairs__marriages', '20260701', 'population', 40);
INSERT INTO quality.score (scope, subject, run, column_name, score, grade, rating, dimensions,
    weights, scored_at) VALUES
    ('source', 'education__students', '20260928', '', 91.5, 'B', '良', '{}', '{}', now()),
    ('source', 'civil_affairs__marriages', '20260701', '', 70.5, 'C', '中', '{}', '{}', now());
INSERT INTO quality.publication (id, library, run, snapshot_ids, row_counts, fingerprint, status,
    published_at) OVERRIDING SYSTEM VALUE VALUES
    (1, 'population', '20260928-1', '{}', '{"person": 155, "person_source": 300}', 'f', 'published',
    '2026-09-28T20:00+08:00');
INSERT INTO serve.grant (name, consumer, library, valid_from, valid_to, visible_to_subject,
    declared, applied_by) VALUES
    ('fund__loans', '公积金中心', 'population', '2026-01-01', '2026-12-31', 'never', '{}', 'x'),
    ('fund__rents', '公积金中心', 'population', '2026-01-01', '2026-12-31', 'never', '{}', 'x');
INSERT INTO audit.event (at, operation, grant_name, outcome) VALUES
    ('2026-09-01T10:00+08:00', 'find', 'fund__loans', 'ok'),
    ('2026-09-02T10:00+08:00', 'verify', 'fund__loans', 'none'),
    ('2026-09-03T10:00+08:00', 'find', 'fund__loans', 'refused: too-many-rows');
"""


@pytest.fixture(scope="module")
def recorded(site, warehouse):
    with warehouse.begin() as connection:
        for statement in RECORDED.strip().split(";\n"):
            connection.exec_driver_sql(statement.rstrip(";"))
    publish_catalogue(site)
    return site


def one(warehouse, query):
    with warehouse.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def test_every_output_has_the_rows_of_the_warehouse(recorded, warehouse):
    live = live_resources(recorded)
    newest = one(
        warehouse,
        "SELECT landed FROM quality.batch WHERE source = 'education__students'"
        " ORDER BY batch DESC LIMIT 1",
    )
    published = one(warehouse, "SELECT row_counts->>'person' FROM quality.publication")
    assert live[f"source {STUDENTS}"].rows == newest
    assert live["library population"].rows == int(published)
    board = read_dashboard(recorded)
    assert board.rows == {"人口库": int(published)}
    mount = {row[0]: row for row in onboarding_tables(recorded, NO_API, "x")["mount"].rows}
    codes = {each.origin: each.code for each in derive_catalogue(recorded).entries}
    assert mount[codes[f"source {STUDENTS}"]][9] == newest
    said = report_text(recorded)
    assert f"人口库{int(published):,}条" in said


NO_API = {"info": {"version": "1"}, "paths": {}}


def report_text(site):
    report = draft_annual_report(site, 2026, None)
    return "\n".join(p for section in report.sections for p in section.paragraphs)


def test_calls_and_consumers_are_those_of_the_log(recorded, warehouse):
    answered = one(
        warehouse,
        "SELECT count(*) FROM audit.event WHERE grant_name <> '' AND outcome IN ('ok', 'none')",
    )
    board = read_dashboard(recorded)
    assert (board.calls, board.consumers, board.used_grants) == (answered, 1, (1, 2))
    assert f"全年查询核验{answered}次" in report_text(recorded)
    figures = evaluate(evaluation_facts(recorded, date(2026, 1, 1), recorded.today))
    used = next(each for each in figures["公积金中心"] if each.number == "E9")
    assert (used.part, used.whole) == (1, 2)


def test_scores_and_batches_are_those_of_quality(recorded, warehouse):
    figures = evaluate(evaluation_facts(recorded, date(2026, 1, 1), recorded.today))
    score = one(warehouse, "SELECT score FROM quality.score WHERE subject = 'education__students'")
    quality = next(each for each in figures["云州市教育局"] if each.number == "E5")
    assert quality.value == pytest.approx(score)
    batches = one(warehouse, "SELECT count(*) FROM quality.batch")
    assert read_dashboard(recorded).batches == batches
    assert f"全年接收数据{batches}批次" in report_text(recorded)
    newest = (recorded.home / "catalogue").glob("[0-9]*")
    page = (max(newest) / "index.html").read_text("utf-8")
    assert set(re.findall(r"质量 ([\d.]+)", page)) == {"91.5", "70.5"}


def test_entries_say_what_the_contracts_say(recorded):
    entries = {each.origin: each for each in derive_catalogue(recorded).entries}
    for name, source in load_sources(recorded).items():
        if source.status == "active":
            entry = entries[f"source {name}"]
            assert (entry.name, entry.provider) == (source.title, source.owner.department)
            assert len(entry.items) == len(source.columns)
    board = read_dashboard(recorded)
    assert board.entries == len(entries)
    granted = [o for o in entries if o.startswith("grant ") and "人口" in entries[o].name]
    assert board.connected == len({STUDENTS, MARRIAGES, "population", *granted})
    connection = onboarding_tables(recorded, NO_API, "x")["status"].rows
    assert sum(row[1] for row in connection) == board.entries
    assert sum(row[2] for row in connection) == board.connected
    assert f"共编制信息资源{len(entries)}个" in report_text(recorded)
    page = dashboard_page(board)
    for department in ("云州市教育局", "云州市民政局"):
        assert department in page


def test_published_without_review_is_not_said_to_wait(recorded):
    states = {row[3] for row in review_table(review_states(recorded), "2026-09-30").rows}
    assert states == {"已发布（未启用审核流程）"}


def test_the_report_counts_the_systems_that_the_lists_show(recorded):
    sheet = site_sheet(recorded, "systems")
    told = report_systems(recorded, sheet)
    lines = sheet.read_text("utf-8").strip().count("\n")
    assert len(inventory_table(told.systems).rows) == lines
    said = "\n".join(draft_annual_report(recorded, 2026, sheet).sections[1].paragraphs)
    listed = {row[0] for row in candidate_table(told.candidates).rows}
    assert f"政务信息系统{lines}个" in said
    assert f"疑似“僵尸”系统{len(listed)}个" in said
    assert f"整合共享清单的系统{len(integration_table(told.integration).rows)}个" in said
    projects = judge_projects(recorded, site_sheet(recorded, "projects"), sheet)
    assert [each.complies for each in projects.verdicts] == [True, True, False, False]


def test_evidence_of_a_period_is_checked_with_python_alone(recorded, tmp_path):
    seal_log(recorded)
    folder = tmp_path / "evidence"
    done = write_evidence(recorded, folder, date(2026, 9, 1), date(2026, 9, 30))
    assert (done.rows["grants.jsonl"], done.rows["publications.jsonl"]) == (2, 1)
    check = [sys.executable, "-I", "-S", str(folder / "check.py"), str(folder)]
    whole = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (whole.returncode, done.digest in whole.stdout) == (0, True), whole.stdout
    grants = folder / "grants.jsonl"
    grants.write_text(grants.read_text().replace("2026-12-31", "2027-12-31"))
    (folder / "more.txt").write_text("x")
    events = folder / "events.jsonl"
    lines = events.read_text().splitlines()
    events.write_text("\n".join([json.dumps(json.loads(lines[0]) | {"rows": 9}), *lines[1:]]))
    broken = subprocess.run(check, capture_output=True, text=True, check=False)
    assert broken.returncode == 1
    for finding in ("grants.jsonl was altered", "more.txt was added", "event 1 was altered"):
        assert finding in broken.stdout
