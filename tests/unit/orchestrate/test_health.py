"""A part is well when the answer says so, and not when a web server merely answers."""

import json

import pytest

from pipelines.orchestrate.service.health import ask, main, unwell

SAID = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": None},
    "triggerer": None,
}


@pytest.mark.parametrize(
    ("status", "body", "parts", "expected"),
    [
        (200, json.dumps(SAID), ["metadatabase"], []),
        (
            200,
            json.dumps(SAID),
            ["metadatabase", "scheduler", "triggerer"],
            ["scheduler", "triggerer"],
        ),
        (
            200,
            json.dumps({"metadatabase": {"status": "unhealthy"}}),
            ["metadatabase"],
            ["metadatabase"],
        ),
        (200, "<html>", ["metadatabase"], ["metadatabase"]),
        (200, "[]", ["metadatabase"], ["metadatabase"]),
        (200, "", [], []),  # the scheduler's own answer has no body
        (503, "", [], ["status 503"]),
        (0, "", ["metadatabase"], ["status 0"]),
    ],
)
def test_what_an_answer_says_is_read(status, body, parts, expected):
    assert unwell(status, body, parts) == expected


def test_where_nobody_answers_nothing_is_well(capsys):
    nowhere = "http://127.0.0.1:9/health"
    assert ask(nowhere) == (0, "")
    assert main([nowhere, "scheduler"]) == 1
    assert "status 0" in capsys.readouterr().err
