"""A message must survive the wire: parsed back, it says what was put in."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from pipelines.mail.message import build_message, message_id


@pytest.fixture
def workbook(tmp_path):
    path = tmp_path / "户籍_20260630.xlsx"
    path.write_bytes(b"PK fake workbook")
    return path


def build(workbook, **changes):
    fields = {
        "sender": "数据共享工作机构 <baselib@example.gov.cn>",
        "recipient": "owner@example.gov.cn",
        "identifier": message_id("a__b", "20260630", "owner@example.gov.cn"),
        "subject": "【数据质量报告】户籍人口登记",
        "text": "纯文本",
        "html": "<p>网页</p>",
        "attachments": [workbook],
        "dated": datetime(2026, 6, 30, 2, tzinfo=UTC),
    }
    return message_from_bytes(build_message(**(fields | changes)), policy=policy.default)


def test_reads_back_as_written(workbook):
    message = build(workbook)
    assert message["Subject"] == "【数据质量报告】户籍人口登记"
    assert message["From"].addresses[0].display_name == "数据共享工作机构"
    assert message.get_body(("plain",)).get_content().strip() == "纯文本"
    assert message.get_body(("html",)).get_content().strip() == "<p>网页</p>"
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "户籍_20260630.xlsx"
    assert attached.get_content() == b"PK fake workbook"


def test_same_report_to_the_same_person_has_the_same_id():
    assert message_id("s", "b", "r") == message_id("s", "b", "r")
    assert message_id("s", "b", "r") != message_id("s", "b", "other")


@pytest.mark.parametrize("field", ["subject", "recipient"])
def test_a_line_break_cannot_smuggle_a_header_in(workbook, field):
    with pytest.raises(ValueError, match=r"(?i)linefeed|carriage|header|newline|invalid"):
        build(workbook, **{field: "x@example.cn\nBcc: thief@example.com"})
