"""Engineers hear of a cause once a day, by mail or web hook, and again if nobody heard."""

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipelines.flows.mail.alarm import AGAIN_AFTER, Alarm, raise_alarm
from pipelines.settings import load_settings

sys.path.insert(0, str(Path(__file__).parent))
from post_office import HOST, Mailbox, serving

ALARM = Alarm("MissingColumn ingest__a", "ingest__a, land: MissingColumn", "列缺失", "http://x/1")


@pytest.fixture
def hook():
    heard, answers = [], [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(answers[-1])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", heard, answers
    server.shutdown()


def settings(tmp_path, **given):
    return load_settings(home=tmp_path / "home", **given)


def test_a_cause_is_told_once_a_day(tmp_path, hook):
    url, heard, _ = hook
    mine = settings(tmp_path, alarm_webhook=url)
    assert raise_alarm(mine, ALARM)
    assert not raise_alarm(mine, ALARM)
    assert [one["text"] for one in heard] == ["列缺失"]
    (note,) = (mine.home / "alarms").iterdir()
    long_ago = time.time() - AGAIN_AFTER.total_seconds() - 1
    os.utime(note, (long_ago, long_ago))
    assert raise_alarm(mine, ALARM)
    assert len(heard) == 2


def test_another_cause_is_told_at_once(tmp_path, hook):
    url, heard, _ = hook
    mine = settings(tmp_path, alarm_webhook=url)
    raise_alarm(mine, ALARM)
    assert raise_alarm(mine, Alarm("DatabaseLost", "x", "y", "z"))
    assert len(heard) == 2


def test_an_alarm_that_reached_nobody_is_raised_again(tmp_path, hook):
    url, heard, answers = hook
    mine = settings(tmp_path, alarm_webhook=url)
    answers.append(500)
    assert not raise_alarm(mine, ALARM)
    answers.append(200)
    assert raise_alarm(mine, ALARM)
    assert len(heard) == 2


def test_every_engineer_gets_a_mail(tmp_path):
    mailbox = Mailbox()
    with serving(mailbox) as port:
        given = {"alarm_to": "a@city.example, b@city.example", "smtp_url": f"smtp://{HOST}:{port}"}
        assert raise_alarm(settings(tmp_path, **given), ALARM)
    assert len(mailbox.taken) == 2
    assert b"[baselib] ingest__a, land: MissingColumn" in mailbox.taken[0]


def test_without_an_address_nothing_is_noted(tmp_path):
    assert not raise_alarm(settings(tmp_path), ALARM)
    assert not (tmp_path / "home" / "alarms").exists()
