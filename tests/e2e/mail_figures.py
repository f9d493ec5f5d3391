"""What the mails of a city say: words, figures and sheets, to compare with the database."""

import csv
import re
from email import message_from_bytes, policy
from io import BytesIO, StringIO

import openpyxl
from sqlalchemy import text

from pipelines.report.repair_sheet.columns import ISSUE, SHEET


def first_mails(city, warehouse):
    """Source to its mail about the first batch."""
    with warehouse.connect() as connection:
        rows = connection.execute(
            text("SELECT DISTINCT ON (source) source, path FROM quality.mail WHERE batch = :batch"
                 " AND period = 'batch' AND part = 1 ORDER BY source, id"),
            {"batch": city.batch},
        ).all()  # fmt: skip
    files = {source: city.settings.outbox_dir / path for source, path in rows}
    return {
        source: message_from_bytes(file.read_bytes(), policy=policy.default)
        for source, file in files.items()
        if file.exists()
    }


def number(words, *patterns):
    """The first number that follows one of the patterns."""
    for pattern in patterns:
        if found := re.search(rf"{pattern}\s*([\d,]+(?:\.\d+)?)", words):
            return float(found[1].replace(",", ""))
    return None


def bodies(mail):
    html = mail.get_body(("html",)).get_content()
    plain = mail.get_body(("plain",)).get_content()
    return plain, re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def sheets(mail):
    """Fingerprints of the workbook's lines, and of the CSV's."""
    workbook, table = [], []
    for file in mail.iter_attachments():
        content = file.get_payload(decode=True)
        if file.get_filename().endswith(".xlsx"):
            page = openpyxl.load_workbook(BytesIO(content), read_only=True)[SHEET]
            head, *rows = page.iter_rows(values_only=True)
            workbook += [row[head.index(ISSUE)] for row in rows]
        elif file.get_filename().endswith(".csv"):
            marks = {b"\xef\xbb": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
            rows = csv.DictReader(StringIO(content.decode(marks.get(content[:2], "gb18030"))))
            table += [row[ISSUE] for row in rows if ISSUE in row]  # or it is that of patterns
    return workbook, table


def cells(mail):
    """All texts of the workbook, and of the CSV file."""
    workbook, table = [], []
    for file in mail.iter_attachments():
        content = file.get_payload(decode=True)
        if file.get_filename().endswith(".xlsx"):
            for page in openpyxl.load_workbook(BytesIO(content), read_only=True):
                for row in page.iter_rows(values_only=True):
                    workbook += [str(cell) for cell in row if cell is not None]
        elif file.get_filename().endswith(".csv"):
            table.append(content.decode("gb18030", "replace"))
    return "\n".join(workbook), "\n".join(table)
