"""Evaluation and yearly report of a year that is over, out of what the warehouse recorded."""

import json
from datetime import date
from pathlib import Path

import docx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pipelines.cli.governance.governance import app
from pipelines.flows.governance.annual import draft_annual_report, write_annual_report
from pipelines.flows.governance.facts import evaluation_facts
from pipelines.governance.evaluation import evaluate

FUND = "云州市住房公积金管理中心"
GRANT = text("""
INSERT INTO serve.grant (name, consumer, library, valid_from, valid_to, visible_to_subject,
    declared, applied_by)
VALUES (:name, :consumer, 'population', '2025-01-01', '2026-12-31', 'never', '{}', 'test')""")
EVENT = text("""
INSERT INTO audit.event (at, operation, grant_name, outcome, rows)
VALUES (CAST(:at AS timestamptz), 'find', :grant, :outcome, 1)""")
REQUEST = """
consumer: {consumer}
purpose: 核验
received: {received}
resource: 101001/000001
basis: 《条例》
scene: 核验
scope: 本局
mode: 服务接口
until: "2026-06-30"
head: 同意
{more}
"""


@pytest.fixture(scope="module")
def year(site, warehouse):
    """A fund that asked twice in 2025, was answered late once, and used one of two grants."""
    folder = site.governance / "requests"
    folder.mkdir(exist_ok=True)
    in_time = "decision: approved\nanswered_on: 2025-03-05\nsupplied_on: 2025-03-20"
    late = "decision: refused\nanswered_on: 2025-12-30\nground: 《统计法》"
    for number, received, more in (
        ("2025-0001", "2025-03-03", in_time),
        ("2025-0002", "2025-12-01", late),
        ("2026-0001", "2026-02-02", ""),
    ):
        body = REQUEST.format(consumer=FUND, received=received, more=more)
        (folder / f"{number}.yml").write_text(body, encoding="utf-8")
    with warehouse.begin() as connection:
        connection.execute(GRANT, {"name": "fund__loans", "consumer": FUND})
        connection.execute(GRANT, {"name": "fund__rents", "consumer": FUND})
        for at, outcome in (
            ("2025-12-31T23:59:00+08:00", "ok"),
            ("2026-01-01T00:01:00+08:00", "ok"),
            ("2025-06-01T10:00:00+08:00", "refused: not granted"),
            ("2025-06-02T10:00:00+08:00", "canary"),
        ):
            connection.execute(EVENT, {"at": at, "grant": "fund__loans", "outcome": outcome})
    return site.model_copy(update={"today": date(2026, 9, 30)})


def test_a_year_that_is_over_ends_with_it(year):
    facts = evaluation_facts(year, date(2025, 1, 1), date(2025, 12, 31))
    figures = {
        department: {each.number: (each.part, each.whole) for each in mine}
        for department, mine in evaluate(facts).items()
    }
    bureau, fund = figures["云州市数据局"], figures[FUND]
    assert (bureau["E6"], bureau["E7"]) == ((1, 2), (1, 1))
    assert fund["E9"] == (1, 2)  # of two grants one was used
    assert fund["E11"] == (1, None)  # the canary; its term had not ended in that year
    (now,) = [
        each
        for each in evaluate(evaluation_facts(year, date(2026, 1, 1), year.today))[FUND]
        if each.number == "E11"
    ]
    assert now.part == 2  # what 2025-0001 brought was not disposed of, and its use not recorded


@pytest.mark.parametrize(("asked", "until"), [(2025, "2025-12-31"), (2026, "2026-09-30")])
def test_the_command_says_until_when(year, tmp_path, monkeypatch, asked, until):
    monkeypatch.setattr("pipelines.cli.governance.governance.load_settings", lambda **_: year)
    shown = CliRunner().invoke(app, ["evaluation", "--year", str(asked)], terminal_width=400)
    assert shown.exit_code == 0, shown.output
    assert f"{asked}-01-01 至 {until}" in shown.output
    file = tmp_path / "e.json"
    assert CliRunner().invoke(app, ["evaluation", "--to", str(file)]).exit_code == 0
    assert {row["编号"] for row in json.loads(file.read_text("utf-8"))} >= {"E1", "E12"}
    late = CliRunner().invoke(app, ["evaluation", "--year", "2027"])
    assert late.exit_code == 2


def test_the_report_says_what_was_recorded_and_no_more(year, tmp_path: Path):
    report = draft_annual_report(year, 2025, None)
    said = "\n".join(p for section in report.sections for p in section.paragraphs)
    assert report.title == "示范省云州市2025年度政务信息资源共享情况报告"
    assert (
        "受理共享申请2件，同意1件，不予共享1件；已答复或期限已满的2件中，按期答复1件，占50.0%"
        in said
    )
    assert "全年查询核验2次" in said  # the answered one and the canary
    assert "未报送政务信息系统清册" in said
    write_annual_report(year, report, tmp_path / "r.docx")
    write_annual_report(year, report, tmp_path / "r.pdf")
    document = docx.Document(str(tmp_path / "r.docx"))
    paragraphs = [each.text for each in document.paragraphs]
    assert paragraphs[0].split("\n") == ["示范省云州市2025年度", "政务信息资源共享情况报告"]
    assert [p for p in paragraphs if p.startswith("附件")] == [
        f"附件{n}" for n in range(1, len(report.annexes) + 1)
    ]
    assert document.tables[0].rows[0].cells[1].text == "E1"
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
