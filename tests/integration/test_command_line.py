"""The command line on a machine that has never seen it: each command works or says what to do."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.settings import load_settings
from pipelines.warehouse import stop_embedded


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="baselib-test-") as folder:
        yield Path(folder)
        stop_embedded(load_settings(home=Path(folder)))


def baselib(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipelines", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_database_without_tables_is_told_from_a_defect(home: Path):
    answer = baselib("status", "--home", home)
    assert answer.returncode == 3
    assert "baselib db upgrade" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_first_run_makes_the_tables(home: Path, tmp_path: Path):
    first = baselib("run", "--home", home, "--sources", tmp_path, "--batch", "20260630")
    assert "Traceback" not in first.stderr
    assert "0 sources, 3 libraries" in first.stdout
    assert baselib("status", "--home", home).returncode == 0


def test_every_command_given_to_psql_is_run(home: Path):
    answer = baselib("db", "psql", "--home", home, "-c", "SELECT 'one'", "-c", "SELECT 'two'")
    assert (answer.returncode, "one" in answer.stdout, "two" in answer.stdout) == (0, True, True)
