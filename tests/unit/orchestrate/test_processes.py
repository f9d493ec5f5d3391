"""Processes are found again by pid and creation time, and end with all that they started."""

import json
import os
import signal
import sys
import time
from dataclasses import replace

import psutil
import pytest

from pipelines.orchestrate.service.processes import recall, remember, start, stop

# A child in a process group of its own, as Airflow gives its tasks; it prints its id and waits.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def family(tmp_path):
    log = tmp_path / "log"
    parent = start("parent", [sys.executable, "-c", PARENT], os.environ, log)
    while not log.read_text().endswith("\n"):
        time.sleep(0.01)
    child = int(log.read_text())
    yield parent, child
    stop([parent])


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_stop_ends_the_process_and_its_children(family):
    parent, child = family
    assert parent.process
    assert lives(child)
    stop([parent])
    assert not parent.process
    assert not lives(child)


@pytest.mark.parametrize("buried", [True, False], ids=["waited for", "a zombie"])
def test_the_orphans_of_a_killed_process_are_ended_too(family, buried):
    parent, child = family
    os.kill(parent.pid, signal.SIGKILL)
    if buried:
        os.waitpid(parent.pid, 0)
    assert lives(child)
    stop([parent])
    assert not lives(child)


def test_a_process_id_that_was_used_again_is_left_alone(family):
    parent, _ = family
    stranger = replace(parent, created=parent.created - 100)
    assert stranger.process is None
    stop([stranger])
    assert parent.process


def test_a_correction_of_the_clock_changes_nothing(family):
    parent, _ = family
    assert replace(parent, created=parent.created + 1).process


def test_what_runs_is_remembered_in_a_file(family, tmp_path):
    parent, _ = family
    remember(tmp_path / "state.json", [parent], url="http://127.0.0.1:1")
    processes, facts = recall(tmp_path / "state.json")
    assert processes == [parent]
    assert facts["url"] == "http://127.0.0.1:1"


def test_without_a_file_nothing_runs(tmp_path):
    assert recall(tmp_path / "state.json") == ([], {})
    (tmp_path / "state.json").write_text(json.dumps({})[:1])
    assert recall(tmp_path / "state.json") == ([], {})
