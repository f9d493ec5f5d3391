"""Batches of one source are taken in order and one at a time, in whatever order runs look."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.batch import batch_key
from pipelines.orchestrate.turns import (
    BatchRun,
    has_begun,
    has_ended,
    pause_behind,
    runs_ahead,
)

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
BATCHES = ("20260628", "20260629", "20260630", "20260630-2", "20260630-10")


def run(batch, run_id="a", *, begun=False, active=True, minutes=0):
    return BatchRun(run_id, batch, NOON + timedelta(minutes=minutes), active, begun)


def test_an_earlier_batch_that_is_about_to_begin_goes_first():
    mine, other = run("20260630", "b"), run("20260629", minutes=5)
    assert runs_ahead(mine, [other]) == [other]
    assert runs_ahead(other, [mine]) == []


def test_one_in_the_middle_of_its_batch_is_not_overtaken_by_an_earlier_batch():
    mine, other = run("20260628"), run("20260629", "b", begun=True)
    assert runs_ahead(mine, [other]) == [other]
    assert runs_ahead(other, [mine]) == []


def test_a_correction_of_a_day_follows_the_day_and_the_second_the_tenth():
    mine = run("20260630-10", "c")
    others = [run("20260630-2", "b"), run("20260630", "a")]
    assert [one.batch for one in runs_ahead(mine, others)] == ["20260630", "20260630-2"]


def test_the_same_batch_twice_is_taken_as_asked_for():
    first, second = run("20260630", "z"), run("20260630", "a", minutes=1)
    assert runs_ahead(second, [first]) == [first]
    assert runs_ahead(first, [second]) == []


def test_what_may_never_start_holds_nobody_up():
    assert runs_ahead(run("20260630"), [run("20260629", "b", active=False)]) == []


def test_the_longer_the_line_the_rarer_the_looks():
    one, many = [run("20260629")], [run("20260629")] * 500
    assert pause_behind(one) < pause_behind(one * 2) < pause_behind(many) <= timedelta(minutes=5)


def test_a_run_has_begun_when_its_first_task_worked_and_ended_when_its_last_cannot():
    assert not any(map(has_begun, (None, "scheduled", "queued", "up_for_reschedule")))
    assert all(map(has_begun, ("running", "success", "failed", "up_for_retry")))
    assert has_ended(["success", "upstream_failed"])
    assert not has_ended(["success", None])


@given(st.lists(st.sampled_from(BATCHES), min_size=1, max_size=6), st.integers(0, 2**32))
def test_batches_that_are_asked_for_together_are_done_one_after_the_other_in_order(names, seed):
    chance = random.Random(seed)
    runs = {str(n): run(batch, str(n), minutes=n) for n, batch in enumerate(names)}
    left, done = dict.fromkeys(runs, 3), []  # verbs that each has yet to do
    while left:
        looking = chance.choice(sorted(left))
        if runs_ahead(runs[looking], [runs[one] for one in left]):
            continue
        others = [one for one in left if one != looking and runs[one].begun]
        assert not others, "two batches of one source are worked on at once"
        runs[looking] = replace(runs[looking], begun=True)
        left[looking] -= 1
        if not left[looking]:
            del left[looking]
            done.append(looking)
    assert done == sorted(runs, key=lambda one: (batch_key(runs[one].batch), int(one)))
