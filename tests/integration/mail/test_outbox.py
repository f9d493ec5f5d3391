"""The outbox: queued once, claimed by one sender at a time, and never sent twice."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from pipelines.warehouse import (
    NewMail,
    Told,
    claim_mail,
    connect,
    count_mail,
    has_mail,
    migrate,
    queue_mail,
    read_mail,
    read_told,
    reported_batches,
    settle_mail,
)
from pipelines.warehouse.quality.outbox import STATES

OWNER = "owner@example.cn"
MAIL = NewMail("batch", "a__b", "20260630", OWNER, 1, 1, "<1@x>", "报告", "a.eml")
ABOUT = [Told("a__b", "20260630")]


@pytest.fixture
def warehouse(settings) -> Engine:
    migrate(settings)
    engine = connect(settings)
    yield engine
    engine.dispose()


def count(warehouse, **states):
    assert count_mail(warehouse) == dict.fromkeys(STATES, 0) | states


def test_a_message_is_queued_once_and_sent_once(warehouse):
    assert queue_mail(warehouse, [MAIL], ABOUT)
    assert not queue_mail(warehouse, [replace(MAIL, path="b.eml")], ABOUT)
    with claim_mail(warehouse) as claimed:
        assert (claimed.mail.path, claimed.mail.recipient) == ("a.eml", OWNER)
        assert claimed.about == {"a__b": ["20260630"]}
        attempt = claimed.attempt()
        attempt.hand_over()
        with claim_mail(warehouse) as second:
            assert second is None  # another sender finds nothing meanwhile
        attempt.sent()
    with claim_mail(warehouse) as later:
        assert later is None
    count(warehouse, sent=1)


def test_all_parts_are_queued_or_none(warehouse):
    parts = [replace(MAIL, part=number, parts=2) for number in (1, 2)]
    queue_mail(warehouse, parts[1:], ABOUT)
    assert not queue_mail(warehouse, parts, ABOUT)
    count(warehouse, pending=1)
    other = [replace(part, recipient="second@example.cn") for part in parts]
    assert queue_mail(warehouse, other, ABOUT)
    count(warehouse, pending=3)


def test_what_somebody_was_told_of_is_known(warehouse):
    digest = replace(MAIL, period="weekly", source="*", batch="20260628")
    about = [Told("a__b", "20260627"), Told("c__d", "20260628")]
    assert queue_mail(warehouse, [digest], about)
    asked = {"period": "weekly", "source": "*", "batch": "20260628"}
    assert has_mail(warehouse, **asked, recipient=OWNER)
    assert not has_mail(warehouse, **asked | {"period": "daily"}, recipient=OWNER)
    assert reported_batches(warehouse, OWNER) == {("a__b", "20260627"), ("c__d", "20260628")}
    assert reported_batches(warehouse, "second@example.cn") == set()


def test_of_a_batch_counts_what_was_said_last_by_a_mail_that_may_arrive(warehouse):
    first = Told("a__b", "20260630", 90.0, {"03": 80.0}, 7)
    assert queue_mail(warehouse, [MAIL], [first])
    assert read_told(warehouse, "a__b") == [first]
    ninth, tenth = (Told("a__b", f"20260701-{n}", float(n)) for n in (9, 10))
    for number, told in enumerate((tenth, ninth)):
        assert queue_mail(
            warehouse, [replace(MAIL, batch=told.batch, message_id=f"{number}")], [told]
        )
    assert read_told(warehouse, "a__b") == [first, ninth, tenth]
    with warehouse.begin() as connection:
        refused = text("UPDATE quality.mail SET state = 'failed' WHERE batch = '20260630'")
        connection.execute(refused)
    assert read_told(warehouse, "a__b") == [ninth, tenth]
    assert read_told(warehouse, "c__d") == []


def test_a_sender_that_dies_before_the_end_leaves_the_message_due(warehouse):
    queue_mail(warehouse, [MAIL], ABOUT)
    with suppress(KeyboardInterrupt), claim_mail(warehouse) as claimed:
        claimed.attempt()
        raise KeyboardInterrupt
    with claim_mail(warehouse) as again:
        assert again.mail.state == "pending"
        assert not again.interrupted


def test_a_sender_that_dies_after_handing_over_leaves_a_doubt(warehouse):
    queue_mail(warehouse, [MAIL], ABOUT)
    with suppress(KeyboardInterrupt), claim_mail(warehouse) as claimed:
        claimed.attempt().hand_over()
        raise KeyboardInterrupt
    with claim_mail(warehouse) as again:
        assert again.interrupted
        again.doubt("it may have arrived")
    count(warehouse, doubtful=1)


def test_a_message_not_taken_waits_or_is_given_up(warehouse):
    queue_mail(warehouse, [MAIL], ABOUT)
    with claim_mail(warehouse) as claimed:
        claimed.attempt().failed("450 greylisted", timedelta(minutes=5))
    with claim_mail(warehouse) as early:
        assert early is None
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE quality.mail SET next_attempt_at = now()"))
    with claim_mail(warehouse) as claimed:
        assert claimed.mail.attempts == 1
        claimed.attempt().failed("550 no such user", None)
    count(warehouse, failed=1)
    with warehouse.connect() as connection:
        told = connection.execute(
            text(
                "SELECT outcome, answer, ended_at IS NOT NULL FROM quality.mail_attempt ORDER BY id"
            )
        )
        assert list(told) == [
            ("deferred", "450 greylisted", True),
            ("refused", "550 no such user", True),
        ]


@pytest.mark.parametrize("state", ["pending", "closed"])
def test_a_person_decides_about_what_did_not_arrive(warehouse, state):
    queue_mail(warehouse, [MAIL], ABOUT)
    with claim_mail(warehouse) as claimed:
        attempt = claimed.attempt()
        attempt.hand_over()
        attempt.doubted("no answer")
    (mail,) = read_mail(warehouse, ["doubtful"])
    assert settle_mail(warehouse, [mail.id, mail.id + 99], state) == 1
    assert settle_mail(warehouse, [mail.id], state) == 0  # no longer undelivered
    count(warehouse, **{state: 1})
    with claim_mail(warehouse) as claimed:
        assert (claimed is not None) == (state == "pending")
        assert not claimed or (claimed.mail.attempts == 0 and not claimed.interrupted)


def test_outboxes_of_the_first_version_are_taken_over(empty_settings):
    """Migrated from 0001: what was sent then stays sent, and is known to be about its batch."""
    from alembic import command
    from alembic.config import Config

    from pipelines.warehouse.migrations import SCRIPTS

    engine = connect(empty_settings)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA audit"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO quality.mail (source, batch, recipient, subject, path, state)"
                " VALUES ('a__b', '20260630', 'owner@example.cn', '报告', 'a.eml', 'sent')"
            )
        )
        command.upgrade(config, "head")
    assert reported_batches(engine, OWNER) == {("a__b", "20260630")}
    assert not queue_mail(engine, [MAIL], ABOUT)
    count(engine, sent=1)
    engine.dispose()
