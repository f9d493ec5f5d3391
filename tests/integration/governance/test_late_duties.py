"""The ledger out of what is recorded, and mails about what is late, through the outbox."""

import email
import email.policy
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.flows.governance.duty_ledger import derive_ledger
from pipelines.flows.governance.duty_mails import mail_late_duties
from pipelines.flows.mail.deliver import deliver
from pipelines.settings import load_settings
from pipelines.warehouse import read_mail

sys.path.insert(0, str(Path(__file__).parents[1] / "mail"))
from post_office import HOST, Mailbox, serving

ISSUE = text("""
INSERT INTO quality.issue (fingerprint, source, department, layer, record, column_name, rule,
    severity, state, first_batch, last_batch, value_digest, found_at, sent_at, due_date)
VALUES (:name, 'education__students', '教育局', 'batch', 'r', '', 'NO_KEY', 'error', 'sent',
    '20260601', '20260601', 'd', :sent, CAST(:sent AS timestamptz), '2026-09-14')""")
DISPUTE = text("""
INSERT INTO quality.dispute (entity, entity_id, column_name, reason, raised_by, raised_at, due_date,
    source, fingerprint, value_digest)
VALUES ('person', 'P-1', 'person_name', '名字不对', '公积金中心', '2026-09-29T10:00+08:00',
    '2026-10-20', 'civil_affairs__marriages', 'f', 'd')""")
REQUEST = """
consumer: 云州市交通运输局
purpose: 资格审核
received: 2026-09-01
resource: 101001/000001
basis: 《条例》
scene: 核验
scope: 本局
mode: 服务接口
until: "2027-12-31"
head: 同意
"""


@pytest.fixture(scope="module")
def recorded(site, warehouse):
    with warehouse.begin() as connection:
        for name in ("a", "b"):
            connection.execute(ISSUE, {"name": name, "sent": "2026-08-31T23:00:00+08:00"})
        connection.execute(DISPUTE)
    (site.governance / "requests").mkdir()
    (site.governance / "requests/2026-0001.yml").write_text(REQUEST, encoding="utf-8")


def test_every_duty_follows_from_what_is_recorded(site, recorded):
    told = [
        (each.duty.texts["department"], each.duty.kind, each.state)
        for each in derive_ledger(site).duties
        if each.duty.kind != "yearly"
    ]
    assert (
        told
        == [
            ("云州市数据局", "request_unconditional", "late"),
            ("云州市教育局", "correction", "late"),
            ("云州市民政局", "correction", "running"),
        ]
        or told[0][1] == "request_listed"
    )
    subjects = {each.duty.texts["subject"] for each in derive_ledger(site).duties}
    assert {"答复“在校学生学籍”的 2 个问题", "答复对“姓名”的异议"} <= subjects


def test_late_duties_are_mailed_once_a_week_to_whom_the_catalogue_names(site, recorded, warehouse):
    done = mail_late_duties(site)
    assert (done.late, done.messages, done.unknown) == (2, 2, [])
    assert mail_late_duties(site).messages == 0
    next_week = site.model_copy(update={"today": site.today.replace(month=10, day=8)})
    assert mail_late_duties(next_week).messages == 2
    first = read_mail(warehouse)[0]
    assert (first.period, first.source, first.batch) == ("duty", "data_bureau", "20260928")
    content = (site.outbox_dir / first.path).read_bytes()
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message["Subject"].startswith("【逾期提醒】1 项政务数据共享工作已超过办理期限")
    body = message.get_body(("plain",)).get_content()
    assert "答复云州市交通运输局对“人口基本信息”的申请" in body
    assert "P-1" not in body


def test_a_mail_goes_only_to_the_address_that_is_declared_now(site, recorded, warehouse):
    mail_late_duties(site)
    file = site.governance / "catalogue.yml"
    text_ = file.read_text(encoding="utf-8")
    file.write_text(text_.replace("email: education@", "email: pupils@"), encoding="utf-8")
    mailbox = Mailbox()
    with serving(mailbox) as port:
        url = site.database_url.get_secret_value()
        given = {"home": site.home, "database_url": url, "governance": site.governance}
        delivered = deliver(load_settings(**given, smtp_url=f"smtp://{HOST}:{port}"))
    file.write_text(text_, encoding="utf-8")
    states = {(each.source, each.state) for each in read_mail(warehouse)}
    assert states == {("data_bureau", "sent"), ("education", "failed")}
    assert delivered.failed == sum(each.source == "education" for each in read_mail(warehouse))
