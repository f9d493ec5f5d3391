"""What a command calls itself and how it counts."""

import os
import sys

import pytest

from pipelines.cli import main
from pipelines.cli.words import counted


@pytest.mark.parametrize("arguments", [["--help"], ["db", "psql", "--help"], ["run", "--nope"]])
def test_a_command_calls_itself_by_the_name_that_one_types(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["/x/pipelines/__main__.py", *arguments])
    monkeypatch.setattr(os, "umask", lambda mask: mask)  # the tests' own files
    with pytest.raises(SystemExit):
        main()
    told = "".join(capsys.readouterr())
    assert "Usage: baselib" in told
    assert "python -m" not in told


def test_one_is_one():
    told = [counted(number, "source", "sources") for number in (0, 1, 1200)]
    assert told == ["0 sources", "1 source", "1,200 sources"]
