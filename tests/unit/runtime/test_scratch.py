"""What a killed process left in the scratch folder is swept; what lives, or is another's, stays."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from pipelines.runtime.scratch import scratch_folder, scratch_path, sweep

KILLED = """
import os, signal, sys
from pathlib import Path
from pipelines.runtime.scratch import scratch_folder, scratch_path
scratch = Path(sys.argv[1])
scratch_path(scratch, "rows", ".parquet").touch()
with scratch_folder(scratch, "write") as folder:
    (folder / "half.parquet").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_swept(tmp_path: Path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_may_be_in_use_is_left_alone(tmp_path: Path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mine = scratch_path(tmp_path, "rows", ".parquet")
    elsewhere = tmp_path / f"rows-another-{socket.gethostname()}-{dead.pid}-1.parquet"
    unknown = tmp_path / "notes.txt"
    for path in (mine, elsewhere, unknown):
        path.touch()
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, elsewhere, unknown}


def test_a_folder_is_gone_after_its_block_and_says_whose_it_was(tmp_path: Path):
    with scratch_folder(tmp_path / "new", "write") as folder:
        assert folder.is_dir()
        assert f"-{os.getpid()}-" in folder.name
    assert not folder.exists()
    sweep(tmp_path / "never made")
