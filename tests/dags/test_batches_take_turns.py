"""Whoever starts runs of a source: they take turns, and a back-fill starts nothing else."""

import json

import pytest

EARLIER = {"batch": "20260628", "state": "running", "first": None, "last": None}
CASES = {
    "alone": {"task": "land", "others": {}},
    "an earlier day of a back-fill": {"task": "land", "others": {"backfill__1": EARLIER}},
    "one that is still queued": {
        "task": "land",
        "others": {"backfill__1": {**EARLIER, "state": "queued"}},
    },
    "one by hand that may be queued behind this one": {
        "task": "land",
        "others": {"manual__1": {**EARLIER, "state": "queued"}},
    },
    "a later one by hand": {
        "task": "land",
        "others": {"manual__1": {**EARLIER, "batch": "20260705"}},
    },
    "a later one at work": {
        "task": "land",
        "others": {"manual__1": {**EARLIER, "batch": "20260705", "first": "success"}},
    },
    "an ended one": {
        "task": "land",
        "others": {"scheduled__1": {**EARLIER, "first": "failed", "last": "success"}},
    },
    "an old run that was cleared in its middle": {
        "task": "stage",
        "others": {"scheduled__1": {**EARLIER, "first": "success"}},
    },
    "an old run that was cleared as a whole, when this one is at work": {
        "task": "stage",
        "others": {"scheduled__1": EARLIER},
    },
}
WAITS = {
    "an earlier day of a back-fill",
    "one that is still queued",
    "a later one at work",
    "an old run that was cleared in its middle",
}


@pytest.fixture(scope="module")
def answers(in_airflow):
    cases = [{"mine": ["mine", "20260630"], **case} for case in CASES.values()]
    return dict(zip(CASES, in_airflow("wait_turns.py", json.dumps(cases)), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_a_task_waits_for_its_run_s_turn_without_holding_a_slot(answers, case):
    assert answers[case]["waits"] == (15 if case in WAITS else 0)


def test_ended_runs_are_not_looked_at(answers):
    assert answers["an ended one"]["asked"] == []


def test_a_back_fill_is_not_taken_for_the_timetable_s_last_run(in_airflow):
    backfilled, scheduled = "backfill__2026-07-03T18:00+00:00", "scheduled__2026-07-03T18:00+00:00"
    repeated = "scheduled__2026-07-08T18:00+00:00"
    found = in_airflow("next_times.py", backfilled, scheduled, repeated)
    tonight, this_morning = "2026-07-10T18:00:00+00:00", "2026-07-09T18:00:00+00:00"
    assert found == {
        "null": tonight,  # switched on: nothing runs at once
        backfilled: tonight,
        scheduled: this_morning,  # Airflow was away: the latest is made up for
        repeated: this_morning,
    }
