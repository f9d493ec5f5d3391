"""What a command calls itself and how it counts."""

import subprocess
import sys

import pytest

from pipelines.cli.words import counted


@pytest.mark.parametrize("arguments", [["--help"], ["db", "psql", "--help"], ["run", "--nope"]])
def test_a_command_calls_itself_by_the_name_that_one_types(arguments):
    command = [sys.executable, "-m", "pipelines", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    told = answer.stdout + answer.stderr
    assert "Usage: baselib" in told
    assert "python -m" not in told


def test_one_is_one():
    told = [counted(number, "source", "sources") for number in (0, 1, 1200)]
    assert told == ["0 sources", "1 source", "1,200 sources"]
