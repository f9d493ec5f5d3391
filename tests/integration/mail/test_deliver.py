"""Delivery from the outbox to a real SMTP server: once, to whom the contract names, or an alarm."""

import shutil
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from pipelines.errors import MailServerUnusable, MailUndelivered
from pipelines.flows.mail.deliver import check_mail, deliver
from pipelines.mail.smtp import Timeouts
from pipelines.settings import load_settings
from pipelines.warehouse import (
    NewMail,
    Told,
    connect,
    count_mail,
    migrate,
    queue_mail,
    read_mail,
    settle_mail,
)
from pipelines.warehouse.quality.outbox import STATES

sys.path.insert(0, str(Path(__file__).parent))
from post_office import HOST, Mailbox, free_port, serving

CONTRACT = Path(__file__).parents[2] / "fixtures/sources/population/civil_affairs__residents.yml"
SOURCE, OWNER = CONTRACT.stem, "residents@example.gov.cn"
QUICK = Timeouts(reply=2.0, end_of_message=0.5, quit=0.2)


@pytest.fixture
def post(settings, tmp_path):
    """An outbox with a contract; queue messages with ``add``, deliver with ``send``."""
    contract = tmp_path / "sources" / CONTRACT.name
    contract.parent.mkdir()
    shutil.copy(CONTRACT, contract)
    migrate(settings)
    office = Office(settings, contract)
    yield office
    office.engine.dispose()


class Office:
    def __init__(self, settings, contract):
        self.settings, self.contract = settings, contract
        self.engine = connect(settings)
        settings.outbox_dir.mkdir()

    def add(self, number, recipient=OWNER, about=SOURCE):
        path = self.settings.outbox_dir / f"{number}.eml"
        path.write_bytes(f"Subject: {number}\r\n\r\nreport {number}\r\n".encode())
        batch = f"2026063{number}"
        mail = NewMail("batch", about, batch, recipient, 1, 1, f"<{number}@x>", "报告", path.name)
        assert queue_mail(self.engine, [mail], [Told(about, batch)])

    def send(self, port):
        home, url = self.settings.home, self.settings.database_url.get_secret_value()
        given = load_settings(
            home=home, database_url=url, sources=[self.contract.parent],
            smtp_url=f"smtp://{HOST}:{port}",
        )  # fmt: skip
        return deliver(given, QUICK)

    def count(self, **states):
        assert count_mail(self.engine) == dict.fromkeys(STATES, 0) | states

    def make_due(self):
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE quality.mail SET next_attempt_at = now()"))


def test_everything_that_waits_is_sent_once(post):
    for number in range(3):
        post.add(number)
    mailbox = Mailbox()
    with serving(mailbox) as port:
        assert post.send(port).sent == 3
        assert post.send(port).sent == 0
    assert [b"report %d" % n in taken for n, taken in enumerate(mailbox.taken)] == [True] * 3
    assert mailbox.recipients == [OWNER] * 3
    check_mail(post.settings)  # no alarm


ISSUE = """
INSERT INTO quality.issue (fingerprint, source, department, layer, record, column_name, rule,
    severity, state, first_batch, last_batch, batch, value_digest, found_at)
VALUES (:name, :source, 'civil_affairs', 'batch', :name, '', 'NO_KEY', 'error', 'open',
    :batch, :batch, :batch, '', now())"""


def test_what_was_sent_is_noted_with_its_issues_and_the_time_limit_begins(post):
    with post.engine.begin() as connection:
        for name, batch in (("told", "20260631"), ("later", "20260709")):
            told = {"name": name, "source": SOURCE, "batch": batch}
            connection.execute(text(ISSUE), told)
    post.add(1)
    with serving(Mailbox(rcpt="451 later")) as port:
        post.send(port)
    query = text("SELECT fingerprint, state FROM quality.issue ORDER BY fingerprint")
    with post.engine.connect() as connection:
        assert dict(connection.execute(query).all()) == {"later": "open", "told": "open"}
    post.make_due()
    with serving(Mailbox()) as port:
        post.send(port)
    with post.engine.connect() as connection:
        assert dict(connection.execute(query).all()) == {"later": "open", "told": "sent"}


def test_a_greylisted_message_arrives_at_the_second_attempt(post):
    post.add(1)
    mailbox = Mailbox()
    mailbox.greylist = True
    with serving(mailbox) as port:
        assert post.send(port).pending == 1
        assert post.send(port).sent == 0  # not at once: it waits a minute
        post.make_due()
        assert post.send(port).sent == 1
    assert len(mailbox.taken) == 1


def test_one_refusal_holds_up_no_other_and_is_an_alarm(post):
    replaced = post.contract.read_text(encoding="utf-8").replace(
        f"username: {OWNER}",
        f"username: gone@example.cn, role: data owner}}\n    - {{username: {OWNER}",
    )
    post.contract.write_text(replaced, encoding="utf-8")
    post.add(1, "gone@example.cn")
    post.add(2)
    mailbox = Mailbox(refuses={"gone@example.cn"})
    with serving(mailbox) as port:
        result = post.send(port)
    assert (result.sent, result.failed) == (1, 1)
    with pytest.raises(MailUndelivered, match=f"failed: {SOURCE}, 20260631, part 1 of 1") as alarm:
        check_mail(post.settings)
    assert "gone@example.cn" not in str(alarm.value)


def test_a_message_is_given_up_after_a_day_of_trying(post):
    post.add(1)
    with serving(Mailbox(rcpt="450 mailbox busy")) as port:
        for _ in range(7):
            post.make_due()
            post.send(port)
    post.count(failed=1)


def test_a_recipient_whom_the_contract_no_longer_names_gets_nothing(post):
    post.add(1, "former@example.cn")
    post.add(2, OWNER, about="a__source_without_contract")
    mailbox = Mailbox()
    with serving(mailbox) as port:
        post.send(port)
    assert mailbox.taken == []
    post.count(failed=2)
    assert all("contract" in mail.last_error for mail in read_mail(post.engine))


def test_no_answer_after_the_end_is_never_sent_again_by_itself(post):
    post.add(1)
    post.add(2)
    mailbox = Mailbox(hang_at="end")
    with serving(mailbox) as port:
        assert post.send(port).doubtful == 2
    again = Mailbox()
    with serving(again) as port:
        post.make_due()
        assert post.send(port).sent == 0
        assert again.taken == []
        with pytest.raises(MailUndelivered, match="doubtful"):
            check_mail(post.settings)
        ids = [mail.id for mail in read_mail(post.engine)]
        settle_mail(post.engine, ids[:1], "pending")  # a person found that it did not arrive
        settle_mail(post.engine, ids[1:], "closed")  # and that this one did
        assert post.send(port).sent == 1
    post.count(sent=1, closed=1)
    check_mail(post.settings)


class Killed(BaseException):
    """As a process that dies: no handler takes it for an error of the mail."""


def test_killed_while_the_server_has_the_message_it_is_not_sent_again(post, monkeypatch):
    post.add(1)
    mailbox = Mailbox()

    def die(attempt):
        raise Killed

    monkeypatch.setattr("pipelines.warehouse.quality.outbox.Attempt.sent", die)
    with serving(mailbox) as port:
        with pytest.raises(Killed):
            post.send(port)
        monkeypatch.undo()
        assert post.send(port).sent == 0
    assert len(mailbox.taken) == 1
    post.count(doubtful=1)


def test_a_server_out_of_reach_costs_no_message_an_attempt(post):
    post.add(1)
    with pytest.raises(MailServerUnusable):
        post.send(free_port())
    (mail,) = read_mail(post.engine)
    assert (mail.state, mail.attempts) == ("pending", 0)
    with serving(Mailbox()) as port:
        assert post.send(port).sent == 1


def test_a_lost_file_is_an_alarm_and_no_crash(post):
    post.add(1)
    post.add(2)
    (post.settings.outbox_dir / "1.eml").unlink()
    with serving(Mailbox()) as port:
        assert post.send(port).sent == 1
    post.count(sent=1, failed=1)


def test_without_a_mail_server_everything_waits(post):
    post.add(1)
    assert deliver(post.settings).pending == 1
