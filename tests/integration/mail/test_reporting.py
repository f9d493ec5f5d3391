"""From the lake to messages in the outbox: reports of batches, digests of periods, parts."""

import shutil
from datetime import date
from email import message_from_bytes, policy
from io import BytesIO
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
import yaml
from openpyxl import load_workbook

from pipelines.clean.parsing.findings import FINDING_TYPE
from pipelines.contracts import load_sources
from pipelines.errors import UnreadableDelivery
from pipelines.flows.library.report import report_library
from pipelines.flows.mail.digest import digest
from pipelines.flows.shared.identity_ledger import note_inputs
from pipelines.flows.shared.session import open_session
from pipelines.flows.source.report.write import report, report_stopped
from pipelines.flows.source.unchanged import what_to_tell
from pipelines.libraries import load_library
from pipelines.quality.outcome import ExpectationOutcome
from pipelines.report.owner.model import FailedExpectation
from pipelines.report.repair_sheet.columns import COLUMNS, ISSUE, SHEET, VALUE
from pipelines.report.repair_sheet.protect import unlock_workbook
from pipelines.settings import load_settings
from pipelines.warehouse import (
    FindingCount,
    connect,
    migrate,
    read_mail,
    record_batch,
    record_expectations,
    record_findings,
)

CONTRACT = Path(__file__).parents[2] / "fixtures/sources/population/civil_affairs__residents.yml"
SOURCE, OWNER = CONTRACT.stem, "residents@example.gov.cn"
NUMBER = "110105194912310021"


@pytest.fixture
def office(settings, tmp_path):
    migrate(settings)
    (tmp_path / "sources").mkdir()
    return Office(settings, tmp_path / "sources")


class Office:
    """A lake with staged batches, and contracts with the report options that a test wants."""

    def __init__(self, settings, folder):
        self.given = {
            "home": settings.home,
            "database_url": settings.database_url.get_secret_value(),
            "sources": [folder],
        }
        self.settings = load_settings(**self.given)
        self.folder = folder

    def declare(self, name=SOURCE, delivery="snapshot", **options):
        document = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
        document["id"] = name
        document["schema"][0]["customProperties"][0]["value"] = delivery
        document["customProperties"] = [
            {"property": key, "value": value} for key, value in options.items()
        ]
        path = self.folder / f"{name}.yml"
        path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

    def stage(self, batch, bad=2, name=SOURCE, value=NUMBER):
        """A batch of ten rows, of which the first ``bad`` have a wrong number."""
        with open_session(self.settings) as session:
            finding = {
                "column": "citizen_id", "rule": "CHECK_DIGIT", "severity": "error", "value": value,
            }  # fmt: skip
            rows = [
                {"_file": "居民.csv", "_line": n + 2, "source_key": f"K{n}", "_batch": batch,
                 "findings": [finding] if n < bad else []}
                for n in range(max(10, bad))
            ]  # fmt: skip
            self._write(session, f"staged.{name}", rows, batch)
            aside = [{**rows[0], "_line": 99, "source_key": None, "findings": [],
                      "reasons": ["NO_KEY"], "record": [("姓名", "张三")]}]  # fmt: skip
            self._write(session, f"quarantine.{name}", aside, batch)
            record_batch(
                session.warehouse, source=name, batch=batch, library="population",
                landed=len(rows) + 1, staged=len(rows), superseded=0, quarantined=1,
                findings=bad, encoding="gb18030",
            )  # fmt: skip
            counts = [FindingCount("citizen_id", "citizen_id", "CHECK_DIGIT", "error", bad)]
            record_findings(
                session.warehouse, source=name, batch=batch,
                counts=[*(counts if bad else []), FindingCount("", "", "NO_KEY", "error", 1)],
            )  # fmt: skip

    @staticmethod
    def _write(session, table, rows, batch):
        fields = {name: pa.string() for name in ("column", "rule", "severity", "value")}
        schema = {"_file": pa.string(), "_line": pa.int64(), "source_key": pa.string(),
                  "_batch": pa.string(), "findings": pa.list_(pa.struct(fields))}  # fmt: skip
        if "reasons" in rows[0]:
            schema |= {
                "reasons": pa.list_(pa.string()),
                "record": pa.map_(pa.string(), pa.string()),
            }
        arrow = pa.Table.from_pylist(rows, schema=pa.schema(schema))
        session.lake.write(
            session.con, ibis.memtable(arrow), table, batch=batch, order_by=("_file", "_line")
        )

    def report(self, batch, name=SOURCE):
        return report(self.settings, load_sources(self.settings)[name], batch)

    def digest(self, today):
        return digest(load_settings(**self.given, today=today)).messages

    def mails(self):
        engine = connect(self.settings)
        queued = read_mail(engine)
        engine.dispose()
        return [
            message_from_bytes(
                (self.settings.outbox_dir / mail.path).read_bytes(), policy=policy.default
            )
            for mail in queued
        ]


def text_of(mail):
    return mail.get_body(("plain",)).get_content()


def sheets_of(mail):
    return {part.get_filename(): part.get_content() for part in mail.iter_attachments()}


def test_finding_type_is_what_these_tests_write():
    assert FINDING_TYPE == "struct<column: string, rule: string, severity: string, value: string>"


def test_a_report_is_written_once_and_says_what_moved(office):
    office.declare()
    office.stage("20260629", bad=4)
    office.stage("20260630", bad=2)
    assert office.report("20260630").messages == 1
    sheets = {sheet: sheet.stat().st_ino for sheet in office.settings.outbox_dir.glob("*.xlsx")}
    assert sheets
    assert office.report("20260630").messages == 0
    assert {sheet: sheet.stat().st_ino for sheet in sheets} == sheets, "no other than was sent"
    (mail,) = office.mails()
    assert mail["To"] == OWNER
    assert mail["Subject"] == "【数据质量报告】居民登记（批次 20260630）：发现问题 3 处"
    text = text_of(mail)
    assert "变好：公民身份号码" in text
    assert "居民.csv 第 2 行：1101*************1" in text
    page = mail.get_body(("html",)).get_content()
    assert NUMBER not in page + text
    shown = sheets_of(mail)
    assert list(shown) == ["居民登记_20260630_问题清单.xlsx", "居民登记_20260630_问题清单.csv"]
    table = shown["居民登记_20260630_问题清单.csv"]
    text = table if isinstance(table, str) else table.decode("gb18030")
    assert len(text.splitlines()) == 4
    assert NUMBER not in text
    book = load_workbook(BytesIO(shown["居民登记_20260630_问题清单.xlsx"]))[SHEET]
    names = {row[COLUMNS.index(ISSUE)].value for row in book.iter_rows(min_row=2)}
    assert len(names) == 3


def test_a_report_compares_with_the_last_one_and_tells_nothing_twice(office):
    office.declare(delivery="delta")
    office.stage("20260628", bad=6)
    assert office.report("20260628").messages == 1
    office.stage("20260629", bad=9)  # of this one nobody is told
    office.stage("20260630", bad=3)
    assert office.report("20260630").messages == 1
    text = text_of(office.mails()[1])
    assert "与上次报告（批次 20260628）相比" in text
    assert "变好：公民身份号码：" in text
    assert "54.55% → 27.27%" in text


def test_mails_wait_for_the_comparison_and_then_go_whatever_became_of_it(office):
    office.declare()
    office.stage("20260629")
    office.stage("20260630")
    source = load_sources(office.settings)[SOURCE]
    assert report_stopped(office.settings, source, "20260630").messages == 0
    told = report_library(office.settings, "population", "20260630T060000")
    assert (told.batches, told.messages) == (1, 1)
    (mail,) = office.mails()
    assert "20260630" in mail["Subject"]
    assert report_library(office.settings, "population", "20260701T060000").messages == 0


def test_a_batch_that_came_after_the_run_had_read_waits_for_the_next(office):
    office.declare(delivery="delta")
    office.stage("20260629")
    library = load_library("population")
    with open_session(office.settings) as session:
        note_inputs(session, library, "run-1")
    office.stage("20260630")
    assert report_library(office.settings, "population", "run-1").batches == 1
    assert report_library(office.settings, "population", "run-2").batches == 1
    assert ["20260629" in mail["Subject"] for mail in office.mails()] == [True, False]


def test_what_another_library_says_of_a_batch_is_followed_and_sends_no_second_mail(office):
    office.declare()
    office.stage("20260630")
    source = load_sources(office.settings)[SOURCE]
    assert report_library(office.settings, "population", "run-1").messages == 1
    assert what_to_tell(office.settings, source, "20260630") == "nothing"
    with (
        open_session(office.settings) as session,
        session.timed("legal_entity", "run-1", "compare"),
    ):
        pass  # points to persons, and judges their records as it is compared
    assert what_to_tell(office.settings, source, "20260630") == "batch"
    assert report_library(office.settings, "legal_entity", "run-1").messages == 0
    assert what_to_tell(office.settings, source, "20260630") == "nothing"


def test_a_report_from_before_the_batch_was_staged_told_nothing_of_its_rows(office):
    """As after a worker that was killed while it staged: the run reports, and is repeated."""
    office.declare()
    office.stage("20260630")
    source = load_sources(office.settings)[SOURCE]
    with open_session(office.settings) as session:
        for verb in ("track", "report", "stage"):
            with session.timed(SOURCE, "20260630", verb):
                pass
    assert what_to_tell(office.settings, source, "20260630") == "batch"
    assert report_library(office.settings, "population", "run-1").messages == 1
    assert what_to_tell(office.settings, source, "20260630") == "nothing"


def test_a_batch_that_a_gate_stopped_is_told_of_at_once_and_by_no_comparison(office, monkeypatch):
    failed = FailedExpectation("行数", "critical", ["实际 0 行，下限 5 行"])
    monkeypatch.setattr(
        "pipelines.flows.source.report.content.failed_requirements", lambda *_: [failed]
    )
    office.declare()
    office.stage("20260629")
    office.stage("20260630")
    stopping = ExpectationOutcome(
        "raw", "enough_rows", "x", None, "critical", success=False, observed="", expected="",
        note_zh="行数",
    )  # fmt: skip
    with open_session(office.settings) as session:
        record_expectations(
            session.warehouse, layer="source", subject=SOURCE, run="20260630", outcomes=[stopping]
        )
    source = load_sources(office.settings)[SOURCE]
    assert report_stopped(office.settings, source, "20260630").messages == 1
    assert "未通过质量校验" in office.mails()[0]["Subject"]
    assert report_library(office.settings, "population", "run-1").messages == 0


def test_a_locked_workbook_has_the_values_and_the_mail_has_no_password(office, monkeypatch):
    office.declare(attachment_protection="password", attachment_secret="SHEET")
    office.stage("20260630")
    with pytest.raises(UnreadableDelivery, match="BASELIB_SECRET_SHEET"):
        office.report("20260630")
    monkeypatch.setenv("BASELIB_SECRET_SHEET", "very secret")
    office.report("20260630")
    (mail,) = office.mails()
    assert b"very secret" not in mail.as_bytes()
    path = office.settings.outbox_dir / "locked.xlsx"
    path.write_bytes(sheets_of(mail)["居民登记_20260630_问题清单.xlsx"])
    sheet = load_workbook(unlock_workbook(path, "very secret"))[SHEET]
    assert sheet.cell(2, COLUMNS.index(VALUE) + 1).value == NUMBER
    assert "密码" in text_of(mail)


def test_what_one_mail_cannot_carry_comes_in_several(office, monkeypatch):
    office.declare()
    office.stage("20260630", bad=3000)
    monkeypatch.setattr("pipelines.flows.source.report.content._TEXT_SHARE", 0.06)
    office.settings = load_settings(**office.given, mail_size_limit=1)
    monkeypatch.setattr("pipelines.flows.source.report.write._WORDS_BYTES", 900_000)
    result = office.report("20260630")
    mails = office.mails()
    assert result.messages == len(mails) > 1
    assert result.bad_rows == 3001
    ids = {mail["Message-ID"] for mail in mails}
    assert len(ids) == len(mails)
    names = [name for mail in mails for name in sheets_of(mail)]
    assert all(name in text_of(mails[0]) for name in names)
    assert f"({len(mails)}/{len(mails)})" in mails[-1]["Subject"]
    books = [(n, c) for mail in mails for n, c in sheets_of(mail).items() if n.endswith("xlsx")]
    assert len(books) > 1
    lines = [load_workbook(BytesIO(content))[SHEET].max_row - 1 for _, content in books]
    assert sum(lines) == 3001


def test_a_digest_has_one_mail_for_all_of_an_owners_sources(office):
    other, silent = "civil_affairs__adoptions", "civil_affairs__burials"
    for name in (SOURCE, other, silent):
        office.declare(name, report_period="weekly")
    for batch in ("20260622", "20260624"):
        office.stage(batch)
    office.stage("20260623", name=other, bad=1)
    office.stage("20260630", bad=0)  # of the next week
    assert office.report("20260624").messages == 0
    assert office.digest(date(2026, 6, 29)) == 1
    assert office.digest(date(2026, 6, 29)) == office.digest(date(2026, 7, 1)) == 0
    (mail,) = office.mails()
    assert mail["Subject"] == "【数据质量周报】示范市民政局 2 个数据集：发现问题 5 处"
    text = text_of(mail)
    assert "批次 20260624" in text
    assert "批次 20260622" not in text  # an older state of the same records
    assert text.count("本期未收到新数据") == 1
    page = mail.get_body(("html",)).get_content()
    assert "2026-06-22 至 2026-06-28" in page
    assert len(sheets_of(mail)) == 4
    assert office.digest(date(2026, 7, 6)) == 1
    assert "批次 20260630" in text_of(office.mails()[1])


def test_a_digest_of_deltas_tells_of_every_batch_and_of_late_ones_later(office):
    office.declare(delivery="delta", report_period="daily")
    office.stage("20260622")
    office.stage("20260622-2")
    assert office.digest(date(2026, 6, 23)) == 1
    (mail,) = office.mails()
    assert "批次 20260622）" in text_of(mail)
    assert "批次 20260622-2）" in text_of(mail)
    office.stage("20260621")
    assert office.digest(date(2026, 6, 24)) == 1
    assert "批次 20260621）" in text_of(office.mails()[1])


def test_without_news_there_is_no_digest(office):
    office.declare(report_period="monthly")
    assert office.digest(date(2026, 7, 1)) == 0


def test_a_batch_that_was_not_staged_has_no_report(office):
    office.declare()
    assert office.report("20260630").messages == 0


def test_the_home_is_left_as_tidy_as_it_was(office):
    office.declare()
    office.stage("20260630")
    office.report("20260630")
    assert not list(office.settings.scratch_dir.glob("*.parquet"))
    assert not list(office.settings.outbox_dir.glob(".*"))
    shutil.rmtree(office.settings.cache_dir)
