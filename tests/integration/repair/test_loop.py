"""The whole loop: errors go out by mail, come back corrected, are closed, and the score rises.

By openpyxl always, and saved by LibreOffice where it is there.
"""

import re
import socket
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from pipelines import flows
from pipelines.flows.mail.summary import write_summary
from pipelines.flows.owner.repair import import_answers
from pipelines.report.repair_sheet.columns import (
    CONFIRMED,
    CORRECTION,
    FIELD,
    ISSUE,
    LINE,
    NOTE,
    YES,
)
from pipelines.warehouse.quality.scores import read_scores
from tests.integration.repair.conftest import (
    BAD,
    GOOD,
    MENDED,
    NO_OFFICE,
    Department,
    only,
    saved_by_office,
)
from tests.integration.repair.test_import import rules, staged
from tests.page_figures import departments_told, drawn_texts, issues_counted, lines_of_table
from tests.taboo_words import taboo_words

WRONG_SEX = ("3", "110101199003070011", "赵一曼", "女", "1990-03-07")
RIGHT_SEX = (*WRONG_SEX[:3], "男", WRONG_SEX[4])
NO_NAME = ("4", "11010519491231002X", "", "女", "1949-12-31")
WHO = "示范市公安局 户政科"
OWNER = "owner@example.gov.cn"


class Mailbox:
    """Takes every message."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        self.taken.append(envelope.content)
        return "250 taken"


def mailed(department: Department, batch: str | None = None) -> EmailMessage:
    """Report a batch and deliver the mail, or the one that waits, to a real server."""
    mailbox = Mailbox()
    if batch:
        flows.report(department.settings, department.source, batch)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        url = SecretStr(f"smtp://127.0.0.1:{port}")
        flows.deliver(department.settings.model_copy(update={"smtp_url": url}))
    finally:
        server.stop()
    message = message_from_bytes(only(mailbox.taken), policy=policy.default)
    assert message["To"] == OWNER
    return message


def words(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def workbook_of(message: EmailMessage) -> bytes:
    attached = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    return next(content for name, content in attached.items() if name.endswith(".xlsx"))


def answered(workbook: bytes, file: Path, answers: dict[tuple[int, str], dict[str, str]]) -> Path:
    """Fill in the sheet as an owner does: by line and the name of his own column."""
    book = openpyxl.load_workbook(BytesIO(workbook))
    filled = 0
    for page in book.worksheets:
        rows = list(page.iter_rows())
        head = next((row for row in rows if ISSUE in {cell.value for cell in row}), None)
        if head is None:
            continue
        at = {cell.value: cell.column - 1 for cell in head}
        for row in rows[head[0].row :]:
            given = answers.get((row[at[LINE]].value, row[at[FIELD]].value), {})
            filled += bool(given)
            for title, value in given.items():
                row[at[title]].value = value
    assert filled >= len(answers), "the sheet lacks a row that was to be answered"
    book.save(file)
    return file


@pytest.mark.parametrize("program", ["openpyxl", pytest.param("LibreOffice", marks=NO_OFFICE)])
def test_errors_are_mailed_corrected_in_the_sheet_delivered_and_closed(
    department: Department, tmp_path: Path, program: str
):
    department.on(date(2026, 6, 1))
    department.receive("20260601", GOOD, BAD, WRONG_SEX, NO_NAME)
    assert department.issues() == {
        ("citizen_id", "CHECK_DIGIT"): "open",
        ("sex_code", "SEX_MISMATCH"): "open",
        ("person_name", "MISSING_REQUIRED"): "open",
    }
    flows.score(department.settings, department.source, "20260601")
    workbook = workbook_of(mailed(department, "20260601"))
    assert set(department.issues().values()) == {"sent"}
    due = {row["due_date"] for row in department.query("SELECT due_date FROM quality.issue")}
    assert due == {date(2026, 6, 15)}

    department.on(date(2026, 6, 8))
    answers = {
        (3, "身份证号"): {CORRECTION: MENDED[1], NOTE: "录入错误"},
        (4, "性别"): {CORRECTION: "男"},
        (5, "姓名"): {CONFIRMED: YES, NOTE: "弃婴，尚未取名，户政科已核实"},
    }
    sheet = answered(workbook, tmp_path / "back.xlsx", answers)
    if program == "LibreOffice":
        sheet = saved_by_office(sheet, tmp_path)
    preview = import_answers(department.settings, [sheet], WHO)
    assert department.query("SELECT * FROM quality.correction") == [], "a preview keeps nothing"
    done = import_answers(department.settings, [sheet], WHO, apply=True)
    assert (preview.rows, preview.counts) == (done.rows, done.counts)
    assert {k: n for k, n in done.counts.items() if k != "unchanged"} == {
        "accepted": 2,
        "confirmed": 1,
    }
    rows = staged(department, "20260601")
    assert (rows["2"]["citizen_id"], rows["3"]["sex_code"]) == (MENDED[1], "1")
    assert rules(rows["4"]) == [("person_name", "CONFIRMED_BY_OWNER")]
    receipt = mailed(department)
    assert "采纳 3 处，未采纳 0 处" in receipt["Subject"]
    for line in done.rows:
        assert line.verdict == "unchanged" or line.said() in words(receipt)
    assert MENDED[1] not in words(receipt)
    assert taboo_words(words(receipt)) == []
    # Each figure of preview and receipt is that of the ledger and of the issues.
    sums = "SELECT kind, count(*) AS n FROM quality.correction GROUP BY kind"
    kept = {row["kind"]: row["n"] for row in department.query(sums)}
    verdicts = preview.counts
    assert kept == {"correction": verdicts["accepted"], "confirmation": verdicts["confirmed"]}
    asked = department.query("SELECT count(*) AS n FROM quality.issue WHERE sent_at IS NOT NULL")
    assert len(preview.rows) == asked[0]["n"]
    figures_told = re.search(r"共 (\d+) 处答复：采纳 (\d+) 处，未采纳 (\d+) 处", words(receipt))
    assert figures_told is not None
    assert [int(each) for each in figures_told.groups()] == [
        sum(kept.values()),
        sum(kept.values()),
        0,
    ]
    (listing,) = [part for part in receipt.iter_attachments() if part.get_filename()]
    listed = listing.get_payload(decode=True).decode("utf-8-sig").splitlines()[1:]
    assert len(listed) == sum(kept.values())

    # Its own system is not corrected yet: the next report says so, and does not ask again.
    department.on(date(2026, 6, 9))
    department.receive("20260609", GOOD, BAD, WRONG_SEX, NO_NAME)
    told = words(mailed(department, "20260609"))
    assert "代用中，尚未在业务系统更正" in told
    assert "身份证号：1（记录 2）" in told
    assert "性别：1（记录 3）" in told
    assert "未发现问题" in told

    department.on(date(2026, 6, 10))
    result = department.receive("20260610", GOOD, MENDED, RIGHT_SEX, NO_NAME)
    assert (result.fixed, result.retired, result.still_open) == (2, 2, 0)
    ledger = department.query(
        "SELECT kind, retired_why FROM quality.correction ORDER BY kind, column_name"
    )
    assert [tuple(row.values()) for row in ledger] == [
        ("confirmation", None),
        ("correction", "source_repaired"),
        ("correction", "source_repaired"),
    ]
    flows.score(department.settings, department.source, "20260610")
    scores = read_scores(department.engine, scope="source", subject=department.source.name)
    before, after = (record.score for record in scores)
    assert before < after
    page = write_summary(department.settings, date(2026, 6, 1), tmp_path / "june.html")
    shown = departments_told((tmp_path / "june.html").read_text("utf-8"))
    with department.engine.connect() as connection:
        ours = {department.source.name: department.source.owner.department}
        counted = issues_counted(connection, date(2026, 6, 1), date(2026, 6, 10), ours)
    assert set(shown) == set(counted)
    for whose, figures in counted.items():
        assert {name: int(shown[whose][name]) for name in figures} == figures
    assert lines_of_table(drawn_texts(page, tmp_path), list(shown["全市合计"])) == shown
    total = page.total
    assert (total.found, total.sent, total.answered, total.fixed) == (3, 3, 3, 2)
    assert (total.overdue, total.still_open) == (0, 0)
