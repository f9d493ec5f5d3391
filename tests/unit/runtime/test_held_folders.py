"""What a dead process left is told from what a living one works in."""

import os
import signal
import subprocess
import sys

from pipelines.runtime.held_folder import abandoned_folders, held_folder

HOLDER = """
import sys, time
from pathlib import Path
from pipelines.runtime.held_folder import held_folder
from pipelines.runtime.interrupt import leaving_in_order
with leaving_in_order(), held_folder(Path(sys.argv[1]), "verify"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(home):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_folder_is_held_while_its_block_runs_and_gone_afterwards(tmp_path):
    with held_folder(tmp_path, "verify") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert abandoned_folders(tmp_path, "verify") == []
    assert not list(tmp_path.iterdir())


def test_a_killed_process_leaves_a_folder_that_is_found(tmp_path):
    process = holder(tmp_path)
    assert abandoned_folders(tmp_path, "verify") == []
    process.kill()
    process.wait()
    (left,) = abandoned_folders(tmp_path, "verify")
    assert left.name.startswith("verify-")


def test_a_terminated_process_puts_its_folder_away(tmp_path):
    process = holder(tmp_path)
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())


def test_what_is_not_of_the_kind_is_left_alone(tmp_path):
    (tmp_path / "verified").mkdir()
    (tmp_path / "lake").mkdir()
    assert abandoned_folders(tmp_path, "verify") == []
