"""A delivery that could not be taken is told in its owner's words, without data."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from pipelines.contracts.source import Owner, Server, Source, SourceColumn
from pipelines.errors import (
    BatchChanged,
    DeliveryMissing,
    DeliveryUnfinished,
    MissingColumn,
    RowsMissing,
    UnreadableDelivery,
)
from pipelines.extract import land_delivery
from pipelines.report.owner.notice import (
    Overdue,
    Trouble,
    render_reminder,
    render_trouble,
    trouble_of,
)

NAME, BATCH = "health__records", "20260630"
SOURCE = Source(
    name=NAME,
    title="健康<档案>",
    library="population",
    file=Path("/contracts/health__records.yml"),
    server=Server(kind="file", format="xlsx", location="unset"),
    columns=(SourceColumn("source_key", "编号", primary_key=True), SourceColumn("n", "姓名")),
    owner=Owner("示范市卫生健康委", "信息科", ("a@example.gov.cn",)),
    delivery="snapshot",
    schedule=None,
    frequency=timedelta(days=7),
)


def sheet(*rows: list[str], titles: tuple[str, ...] = ("Sheet",)):
    def write(file: Path) -> None:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title in titles:
            page = book.create_sheet(title)
            for row in rows:
                page.append(row)
        book.save(file)

    return write


HEADER, ROW = ["编号", "姓名"], ["1", "欧阳青衣"]
FILES = {
    "locked": lambda f: f.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") * 9
    ),
    "damaged": lambda f: f.write_bytes(b"PK\x03\x04" + b"\x00" * 50),
    "several_sheets": sheet(HEADER, ROW, titles=("东湖", "西山")),
    "no_header": sheet(["123", "欧阳青衣"], ROW),
    "name_twice": sheet([*HEADER, "姓名"], [*ROW, "x"]),
    "other_form": lambda f: f.write_bytes(b"%PDF-1.4 " + b"x" * 99),
    "missing_columns": sheet(["编号", "性别"], ROW),
}


@pytest.mark.parametrize("cause", FILES)
def test_a_file_that_cannot_be_taken_is_told_in_the_words_of_a_clerk(cause: str, tmp_path: Path):
    FILES[cause](tmp_path / f"in_{BATCH}.xlsx")
    location = str(tmp_path / "in_{batch}.xlsx")
    source = replace(SOURCE, server=replace(SOURCE.server, location=location))
    with pytest.raises((UnreadableDelivery, MissingColumn)) as caught:
        land_delivery(source, BATCH, tmp_path / "landing", tmp_path / "scratch")
    trouble = trouble_of(caught.value, source)
    assert trouble.cause == cause
    mail = render_trouble(trouble, source, BATCH, "张老师 010-1234")
    for text in (mail.subject, mail.text, mail.html):
        assert trouble.problem[:20] in text
        assert "欧阳青衣" not in text
    for text in (mail.text, mail.html):
        assert "没有删除任何数据" in text
        assert "张老师" in text
        assert "评分" not in text
        assert "感谢" not in text
    assert "健康&lt;档案&gt;" in mail.html
    assert "\n" not in mail.subject


def test_rows_that_are_missing_are_told_with_their_number():
    trouble = trouble_of(RowsMissing(NAME, BATCH, "a.csv", 12_000, 8_500), SOURCE)
    assert trouble.problem == "缺少数据：应有 12,000 行，实收 8,500 行，缺 3,500 行"
    cut = trouble_of(DeliveryUnfinished(NAME, BATCH, "a.csv", line="共{rows}条"), SOURCE)
    assert "共{rows}条" in cut.problem
    assert "后面的行缺失" in cut.problem
    english = replace(SOURCE, reporting=replace(SOURCE.reporting, language="en"))
    told = trouble_of(RowsMissing(NAME, BATCH, "a.csv", 3, 2), english)
    assert told.problem == "rows are missing, 3 were announced and 2 came (1 fewer)"


def test_what_stands_in_place_of_a_header_is_not_told():
    error = MissingColumn(NAME, "a.csv", ["姓名"], ["110105199001011234", "x@y.cn", "性别"])
    trouble = trouble_of(error, SOURCE)
    mail = render_trouble(trouble, SOURCE, BATCH, "")
    assert "性别" in mail.text
    assert "110105" not in mail.text + mail.html
    assert "x@y.cn" not in mail.text + mail.html


def test_a_batch_that_came_again_with_other_content_is_told_how_to_come():
    assert f"{BATCH}-2" in trouble_of(BatchChanged(NAME, BATCH), SOURCE).repair


@pytest.mark.parametrize(
    "error",
    [
        DeliveryMissing(NAME, BATCH, "/in"),
        DeliveryUnfinished(NAME, BATCH, "a.csv", marker="a.csv.ok"),
        DeliveryUnfinished(NAME, BATCH, "a.csv", minutes=2),
    ],
)
def test_what_may_still_come_is_no_trouble(error):
    assert trouble_of(error, SOURCE) is None


def test_what_an_interface_says_is_for_engineers():
    api = replace(SOURCE, server=replace(SOURCE.server, kind="api", format="api"))
    refused = UnreadableDelivery(NAME, "http", "It refuses us (HTTP 401).", "Check the secret.")
    assert trouble_of(refused, api) is None
    assert trouble_of(RowsMissing(NAME, BATCH, "all", 3, 2), api) is not None


def test_whatever_a_reader_says_has_words():
    strange = UnreadableDelivery(NAME, "a.xlsx", "Its moon is in the wrong house.", "Wait.")
    trouble = trouble_of(strange, SOURCE)
    assert (trouble.cause, "重新导出" in trouble.repair) == ("other", True)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_reminder_says_what_was_due_and_what_is_waited_for(language: str):
    source = replace(SOURCE, reporting=replace(SOURCE.reporting, language=language))
    overdue = Overdue(date(2026, 6, 30), date(2026, 7, 7), date(2026, 7, 10))
    waiting = DeliveryUnfinished(NAME, "20260707", "a_20260707.csv", marker="a_20260707.csv.ok")
    mail = render_reminder(overdue, source, "", waiting)
    assert "2026-07-07" in mail.subject
    for text in (mail.text, mail.html):
        assert "2026-06-30" in text
        assert "a_20260707.csv.ok" in text
        assert " 3 " in text or "3 天" in text
        assert " 7 " in text
    assert "ok" not in render_reminder(overdue, source, "", None).text.replace("look", "")


def test_a_long_problem_does_not_make_a_long_subject():
    trouble = Trouble(
        "missing_columns", "缺少约定的列：" + "、".join(f"列{n}" for n in range(99)), "x"
    )
    subject = render_trouble(trouble, SOURCE, BATCH, "").subject
    assert "缺少约定的列：列0、列1" in subject
    assert "列98" not in subject
    assert len(subject) < 150
