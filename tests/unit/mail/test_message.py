"""A message must survive the wire: parsed back, it says what was put in."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.mail.message import Attachment, Picture, build_message, message_id
from pipelines.mail.packing import pack


@pytest.fixture
def workbook(tmp_path):
    path = tmp_path / "户籍_20260630.xlsx"
    path.write_bytes(b"PK fake workbook")
    return path


def build_raw(workbook, **changes):
    fields = {
        "sender": "数据共享工作机构 <baselib@example.gov.cn>",
        "recipient": "owner@example.gov.cn",
        "identifier": message_id("batch", "a__b", "20260630", "owner@example.gov.cn"),
        "subject": "【数据质量报告】户籍人口登记",
        "text": "纯文本",
        "html": '<p>网页</p><img src="cid:p@x">',
        "pictures": [Picture("p@x", b"\x89PNG fake")],
        "attachments": [Attachment(workbook, "户籍_20260630_问题清单.xlsx")],
        "dated": datetime(2026, 6, 30, 2, tzinfo=UTC),
    }
    return build_message(**(fields | changes))


def build(workbook, **changes):
    return message_from_bytes(build_raw(workbook, **changes), policy=policy.default)


def test_reads_back_as_written(workbook):
    message = build(workbook)
    assert message["Subject"] == "【数据质量报告】户籍人口登记"
    assert message["From"].addresses[0].display_name == "数据共享工作机构"
    assert message.get_body(("plain",)).get_content().strip() == "纯文本"
    assert message.get_body(("html",)).get_content().strip() == '<p>网页</p><img src="cid:p@x">'
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "户籍_20260630_问题清单.xlsx"
    assert attached.get_content() == b"PK fake workbook"


WORDS = st.sampled_from(["示范市", "数据质量", "12", "A1", "（批次 20261101）", "：", "a b", "𠮷"])


@given(st.lists(WORDS, min_size=1, max_size=25))
def test_a_subject_loses_no_space_however_it_is_folded(words):
    page = {"text": "", "html": "", "pictures": [], "attachments": []}
    raw = build_raw(Path("none"), subject=" ".join(words), **page)
    head = raw.split(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == " ".join(words)
    assert str(make_header(decode_header(message_from_bytes(raw)["Subject"]))) == " ".join(words)


def test_same_report_to_the_same_person_has_the_same_id():
    one = message_id("batch", "s", "b", "r")
    # Written out: what an earlier version sent is known again by a later one.
    assert one == "<544e27496082e3f42283586a@baselib.invalid>"
    others = [("daily", "s", "b", "r"), ("batch", "s", "b", "other"), ("batch", "s", "b", "r", 2)]
    assert one not in {message_id(*about) for about in others}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("field", ["subject", "recipient", "identifier"])
def test_a_line_break_cannot_smuggle_a_header_in(workbook, field, end):
    with pytest.raises(ValueError, match=r"(?i)linefeed|carriage|header|newline|invalid|CR or LF"):
        build(workbook, **{field: f"x@example.cn{end}Bcc: thief@example.com"})


@pytest.mark.parametrize("recipient", ["a@x.cn, b@y.cn", "a@x.cn b@y.cn", "a", "<a@x.cn>b"])
def test_a_message_goes_to_one_address(workbook, recipient):
    with pytest.raises((ValueError, HeaderParseError)):
        build(workbook, recipient=recipient)


def test_a_picture_is_found_by_its_content_id(workbook):
    page = build(workbook).get_body(("related",))
    (picture,) = [part for part in page.iter_parts() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<p@x>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_filename() == "p.png"
    assert picture.get_content() == b"\x89PNG fake"


def test_no_line_is_too_long_for_a_server(workbook):
    raw = build_raw(workbook, html=f"<p>{'长' * 5000}</p>", text="长" * 5000)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert raw.isascii()


def sized(tmp_path, *sizes):
    files = []
    for number, size in enumerate(sizes):
        path = tmp_path / f"{number}.zip"
        path.write_bytes(b"x" * size)
        files.append(Attachment(path, path.name))
    return files


@pytest.mark.parametrize(
    ("sizes", "taken", "mails"),
    [
        ([], 0, [[]]),
        ([300, 300], 0, [["0.zip", "1.zip"]]),
        ([300, 300, 300], 0, [["0.zip", "1.zip"], ["2.zip"]]),
        ([300, 300], 500, [["0.zip"], ["1.zip"]]),
        ([700], 500, [[], ["0.zip"]]),
        ([5000, 10], 0, [["0.zip"], ["1.zip"]]),
    ],
)
def test_files_are_shared_among_mails_and_none_is_left_out(tmp_path, sizes, taken, mails):
    packed = pack(sized(tmp_path, *sizes), room=1000, taken=taken)
    assert [[file.name for file in mail] for mail in packed] == mails


def test_a_mail_without_text_takes_the_first_file_however_large(tmp_path):
    assert len(pack(sized(tmp_path, 5000), room=1000)) == 1
