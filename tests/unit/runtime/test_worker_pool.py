"""Parts of a work, in order and side by side; what fails, and who is killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import GateClosed, QualityGateFailed, WorkerDied
from pipelines.runtime.worker_pool import Part, announce_step, work_through

FAILED = QualityGateFailed("a source", failed=["a claim"])


def ignore(_what):
    pass


def note(file, name, failure=None):
    """A job that leaves its name in a file, with the process that did it."""
    with Path(file).open("a", encoding="utf-8") as notes:
        notes.write(f"{name} {os.getpid()}\n")
    announce_step(f"does {name}")
    return failure


def noted(file):
    return [line.split() for line in Path(file).read_text(encoding="utf-8").splitlines()]


def names(file):
    return [name for name, _pid in noted(file)]


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def meet(folder, mine, others):
    """Ends well only while another job runs at the same time."""
    Path(folder, f"{mine}.made").write_text(str(os.getpid()), encoding="utf-8")
    Path(folder, f"{mine}.made").rename(Path(folder, mine))
    deadline = time.monotonic() + 90
    while not Path(folder, others).exists():
        if time.monotonic() > deadline:
            Path(folder, f"{mine}.gave_up").touch()
            return GateClosed()
        time.sleep(0.01)
    return None


def test_the_most_urgent_of_those_that_can_begin_comes_first(tmp_path):
    file = tmp_path / "notes"
    parts = {
        "build": Part(partial(note, file, "build"), after={"b"}),
        "a": Part(partial(note, file, "a")),
        "b": Part(partial(note, file, "b")),
        "c": Part(partial(note, file, "c")),
    }
    assert work_through(parts, 1, ignore) == {}
    assert names(file) == ["a", "b", "build", "c"]


def test_what_needs_a_part_that_failed_is_left_out_and_what_only_comes_after_is_not(tmp_path):
    file = tmp_path / "notes"
    parts = {
        "bad": Part(partial(note, file, "bad", FAILED)),
        "needing": Part(partial(note, file, "needing"), needs={"bad"}),
        "later": Part(partial(note, file, "later"), after={"bad"}),
    }
    assert work_through(parts, 1, ignore) == {"bad": FAILED}
    assert names(file) == ["bad", "later"]


@given(st.lists(st.sets(st.integers(0, 7)), min_size=1, max_size=8))
def test_every_part_is_done_once_and_after_those_it_waits_for(waits):
    done = []
    parts = {
        str(place): Part(partial(done.append, place), after={str(p) for p in before if p < place})
        for place, before in enumerate(waits)
    }
    assert work_through(parts, 1, ignore) == {}
    assert sorted(done) == list(range(len(waits)))
    for place, before in enumerate(waits):
        assert all(done.index(p) < done.index(place) for p in before if p < place)


def test_a_pool_works_side_by_side_elsewhere_and_is_heard_here(tmp_path):
    heard = []
    file = tmp_path / "notes"
    parts = {
        "x": Part(partial(meet, tmp_path, "x", "y")),
        "y": Part(partial(meet, tmp_path, "y", "x")),
        "bad": Part(partial(note, file, "bad", FAILED), after={"x", "y"}),
    }
    assert work_through(parts, 2, heard.append) == {"bad": FAILED}
    assert heard == ["does bad"]
    ((_name, worker),) = noted(file)
    assert int(worker) != os.getpid()


def test_a_killed_worker_stops_what_it_did_and_what_needs_that_and_nothing_else(tmp_path):
    file = tmp_path / "notes"
    parts = {
        "hungry": Part(die),
        "beside": Part(partial(note, file, "beside")),
        "needing": Part(partial(note, file, "needing"), needs={"hungry"}),
        "later": Part(partial(note, file, "later"), after={"hungry", "beside"}),
    }
    failures = work_through(parts, 2, ignore)
    assert set(failures) == {"hungry"}
    assert isinstance(failures["hungry"], WorkerDied)
    assert "hungry" in str(failures["hungry"])
    assert "BASELIB_JOBS=1" in str(failures["hungry"])
    assert set(names(file)) == {"beside", "later"}


def die_once(folder):
    mark = Path(folder, "died")
    if not mark.exists():
        mark.touch()
        die()


def test_who_was_killed_is_tried_once_more_with_nothing_beside_it(tmp_path):
    assert work_through({"unlucky": Part(partial(die_once, tmp_path))}, 2, ignore) == {}


def go_wrong(folder):
    """A defect, once another job is at work."""
    meet(folder, "wrong", "begun")
    raise ZeroDivisionError


def test_a_defect_ends_the_others_at_once(tmp_path):
    parts = {
        "long": Part(partial(meet, tmp_path, "begun", "never")),
        "wrong": Part(partial(go_wrong, tmp_path)),
    }
    with pytest.raises(ZeroDivisionError):
        work_through(parts, 2, ignore)
    assert not psutil.pid_exists(int((tmp_path / "begun").read_text(encoding="utf-8")))
    assert not (tmp_path / "begun.gave_up").exists()


def test_who_is_interrupted_ends_the_others_and_they_say_nothing(tmp_path):
    mother = begin_mother(tmp_path, start_new_session=True)
    os.killpg(mother.pid, signal.SIGINT)
    _out, said = mother.communicate(timeout=60)
    assert said.count("Traceback") == 1  # the script's own
    assert said.rstrip().endswith("KeyboardInterrupt")


MOTHER = """\
import signal
import sys
from functools import partial
from pipelines.runtime.worker_pool import Part, work_through
from test_worker_pool import ignore, meet
if __name__ == "__main__":
    # Whoever starts the tests may ignore interrupts, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = sys.argv[1]
    idle, busy = Part(partial(ignore, "")), Part(partial(meet, folder, "begun", "never"))
    work_through({"idle": idle, "busy": busy}, 2, ignore)
"""


def begin_mother(folder, **how):
    """A process whose worker has begun, and will not end by itself."""
    script = folder / "mother.py"
    script.write_text(MOTHER, encoding="utf-8")
    here = Path(__file__)
    paths = os.pathsep.join([str(here.parent), str(here.parents[3])])
    mother = subprocess.Popen(
        [sys.executable, str(script), str(folder)],
        env=os.environ | {"PYTHONPATH": paths},
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )
    assert meet(folder, "test", "begun") is None
    return mother


def test_workers_end_with_a_process_that_is_killed(tmp_path):
    mother = begin_mother(tmp_path)
    worker = psutil.Process(int((tmp_path / "begun").read_text(encoding="utf-8")))
    assert worker.pid != mother.pid
    mother.kill()
    mother.communicate(timeout=60)
    with contextlib.suppress(psutil.NoSuchProcess):  # it may be gone, or nobody collects it
        deadline = time.monotonic() + 60
        while worker.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.05)
