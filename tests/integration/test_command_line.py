"""The command line on a machine that has never seen it: each command works or says what to do."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.settings import Settings
from pipelines.warehouse import database_url

Baselib = Callable[..., tuple[int, str, str]]


@pytest.fixture
def baselib(
    empty_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Baselib:
    """Exit code, what was said and what was complained of; the home is new, without tables."""
    monkeypatch.setenv("BASELIB_HOME", str(empty_settings.home))
    monkeypatch.setenv("BASELIB_DATABASE_URL", database_url(empty_settings))
    monkeypatch.setattr("os.umask", lambda mask: mask)  # the tests' own files

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["baselib", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return run


def test_a_database_without_tables_is_told_from_a_defect(baselib: Baselib):
    code, _, complaint = baselib("status")
    assert code == 3
    assert "baselib db upgrade" in complaint
    assert "Traceback" not in complaint


def test_the_first_run_makes_the_tables(baselib: Baselib, tmp_path: Path):
    _, said, complaint = baselib("run", "--sources", tmp_path, "--batch", "20260630")
    assert "Traceback" not in complaint
    assert "0 sources, 3 libraries" in said
    code, *_ = baselib("status")
    assert code == 0


def test_every_command_given_to_psql_is_run(empty_settings: Settings):
    command = [sys.executable, "-m", "pipelines", "db", "psql", "--home", str(empty_settings.home)]
    answer = subprocess.run(
        [*command, "-c", "SELECT 'one'", "-c", "SELECT 'two'"],
        env={"BASELIB_DATABASE_URL": database_url(empty_settings)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = answer.stdout
    assert (answer.returncode, "one" in said, "two" in said) == (0, True, True)
