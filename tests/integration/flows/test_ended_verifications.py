"""A verification that is killed or terminated leaves no server and no folder behind."""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from pipelines.flows.verify import _scratch_home
from pipelines.settings import load_settings

VERIFYING = """
import sys, time
from pipelines.flows.verify import _scratch_home
from pipelines.runtime.interrupt import leaving_in_order
from pipelines.settings import load_settings
with leaving_in_order(), _scratch_home(load_settings()) as scratch:
    print((scratch.home / "postgres/data/postmaster.pid").read_text().split()[0], flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home():
    """Not below pytest's own folder: the server's user may not pass through that."""
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as made:
        (Path(made) / "identity.key").write_bytes(b"k" * 32)
        yield Path(made)


def lives(pid):
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def verifying(home):
    """A process that verifies, and its server's process id."""
    process = subprocess.Popen(
        [sys.executable, "-c", VERIFYING],
        env={**os.environ, "BASELIB_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, int(process.stdout.readline())


def test_the_next_one_stops_the_server_of_one_that_was_killed_and_a_terminated_one_its_own(home):
    killed, left_server = verifying(home)
    killed.kill()
    killed.wait()
    assert lives(left_server)
    terminated, server = verifying(home)
    assert not lives(left_server)
    os.kill(terminated.pid, signal.SIGTERM)
    assert terminated.wait(timeout=60) == 128 + signal.SIGTERM
    assert not lives(server)
    assert not list(home.glob("verify-*"))


def test_one_that_runs_is_left_alone(home):
    running, server = verifying(home)
    try:
        with _scratch_home(load_settings(home=home)):
            assert lives(server)
            assert len(list(home.glob("verify-*"))) == 2
    finally:
        running.terminate()
        running.wait(timeout=60)
