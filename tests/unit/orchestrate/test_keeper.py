"""A component that ends is started again, until somebody tells the keeper to end."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import SimpleNamespace

import psutil

from pipelines.orchestrate import commands
from pipelines.orchestrate.service import keeper

# Keeps a command as in a session of its own, with times that a test can wait for.
KEEPER = """
import sys
from pathlib import Path
from pipelines.orchestrate.service import keeper
keeper._COMES_UP, keeper._LONGEST_PAUSE, keeper._PATIENCE = 0.0, 0.05, 1.0
keeper.time.sleep = lambda seconds, wait=keeper.time.sleep: wait(min(seconds, 0.05))
sys.exit(keeper.keep(sys.argv[2:], lambda: Path(sys.argv[1]).open("a").write("prepared ")))
"""
LEAVES_AN_ORPHAN = """
import os, subprocess, sys
orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
print(orphan.pid, flush=True)
if os.path.exists(sys.argv[1]):
    import time
    time.sleep(60)
sys.exit(3)
"""


def lives(pid):
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def kept(tmp_path, code, *arguments):
    script = tmp_path / "component.py"
    script.write_text(code)
    prepared = str(tmp_path / "prepared")
    return subprocess.Popen(
        [sys.executable, "-c", KEEPER, prepared, sys.executable, str(script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def test_a_component_that_ended_is_started_again_without_the_tasks_of_the_dead_one(tmp_path):
    process = kept(tmp_path, LEAVES_AN_ORPHAN, str(tmp_path / "prepared"))
    try:
        first, second = (int(process.stdout.readline()) for _ in range(2))
        assert not lives(first), "an orphan of the dead component still works"
        assert (tmp_path / "prepared").read_text() == "prepared "
        assert lives(second)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        psutil.Process(second).kill()


def test_told_to_end_it_ends_the_component_and_starts_none(tmp_path):
    process = kept(tmp_path, "import time; print('up', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "up\n"
    (component,) = psutil.Process(process.pid).children()
    process.terminate()
    assert process.wait(timeout=30) == 0
    assert not lives(component.pid)


def test_what_cannot_start_is_not_tried_for_ever(monkeypatch):
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    began = time.monotonic()
    assert keeper.keep([sys.executable, "-c", "raise SystemExit(7)"], lambda: None) == 7
    assert time.monotonic() - began < keeper._COMES_UP


def test_starting_the_service_gives_up_no_run(monkeypatch):
    stack = SimpleNamespace(
        start=lambda profile: profile.kept, url="http://127.0.0.1:1", login=("admin", "x")
    )
    monkeypatch.setattr(
        commands, "AirflowStack", lambda *_: stack
    )  # without a client: no REST call
    for name in ("migrate", "_companions", "log_folder"):
        monkeypatch.setattr(commands, name, lambda _settings: ())
    assert "http://127.0.0.1:1" in commands.start_service(SimpleNamespace())
