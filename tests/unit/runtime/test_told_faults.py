"""What becomes of errors that are not the project's: a sentence, an exit code, a private log."""

import errno
import stat
import sys
from pathlib import Path

import duckdb
import psycopg2
import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError

from pipelines.cli import main
from pipelines.cli.main import exit_code
from pipelines.cli.site import status
from pipelines.errors import (
    DatabaseLost,
    DatabaseOutdated,
    GateClosed,
    SystemFault,
    UnexpectedError,
)
from pipelines.orchestrate import __main__ as orchestrate
from pipelines.runtime.faults import explain_error

NUMBER = "11010519491231002X"


class _Answer(psycopg2.Error):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code

    @property
    def pgcode(self):
        return self.code


def database_error(kind, code, text="a line\nDETAIL: Failing row contains (张三)"):
    return kind("INSERT", {}, _Answer(code, text))


FAULTS = [
    (OSError(errno.ENOSPC, "full", "/data/lake/x"), SystemFault, "no space is left"),
    (OSError(errno.EROFS, "read-only", "/data/lake/x"), SystemFault, "/data/lake/x may not be"),
    (PermissionError(errno.EACCES, "no", "/data/outbox"), SystemFault, "/data/outbox may not"),
    (FileNotFoundError(errno.ENOENT, "no", "/data/a"), SystemFault, "/data/a is not there"),
    (OSError(errno.EIO, "bad block", "/data/a"), SystemFault, "Input/output error"),
    (
        duckdb.IOException('IO Error: write "/s/duck/1.tmp": No space left on device'),
        SystemFault,
        "no space is left on the file system of /s/duck/1.tmp",
    ),
    (duckdb.OutOfMemoryException("Out of Memory Error"), SystemFault, "BASELIB_MEMORY_LIMIT"),
    (MemoryError(), SystemFault, "BASELIB_JOBS=1"),
    (database_error(OperationalError, None), DatabaseLost, "PostgreSQL broke"),
    (psycopg2.OperationalError("server closed"), DatabaseLost, "PostgreSQL broke"),
    (database_error(OperationalError, "53100"), SystemFault, "PostgreSQL has no space"),
    (database_error(IntegrityError, "23505"), SystemFault, "at the same time"),
    (database_error(ProgrammingError, "42P01"), DatabaseOutdated, "baselib db upgrade"),
    (database_error(ProgrammingError, "42601"), UnexpectedError, "ProgrammingError"),
    (database_error(DataError, "22003"), UnexpectedError, "DataError"),
    (ZeroDivisionError("x"), UnexpectedError, "unexpected ZeroDivisionError"),
]


@pytest.mark.parametrize(("error", "kind", "words"), FAULTS)
def test_every_fault_is_told_with_place_cause_and_remedy(error, kind, words, tmp_path):
    told = explain_error(error, "a__b, batch 20260630, stage", tmp_path)
    assert type(told) is kind
    assert words in str(told)
    assert "张三" not in str(told)
    if kind is not DatabaseOutdated:
        assert str(told).startswith("a__b, batch 20260630, stage: ")
        assert str(told.log) in str(told)
    assert exit_code(told) == (4 if kind is UnexpectedError else 3)


@pytest.mark.parametrize("command", ["baselib", "make"])
@pytest.mark.parametrize(("error", "kind", "words"), FAULTS)
def test_no_command_that_a_fault_ends_shows_a_traceback(
    command, error, kind, words, tmp_path, monkeypatch, capfd
):
    """Whatever a verb raises, at its place and through all that is between it and the terminal."""

    def fail(*_, **__):
        raise error

    monkeypatch.setenv("BASELIB_HOME", str(tmp_path))
    monkeypatch.setattr("os.umask", lambda mask: mask)  # the tests' own files
    if command == "baselib":
        monkeypatch.setattr(sys, "argv", ["baselib", "status"])
        monkeypatch.setattr(status, "connect", fail)
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
    else:
        monkeypatch.setattr(sys, "argv", ["orchestrate", "up"])
        monkeypatch.setattr(orchestrate, "start_service", fail)
        monkeypatch.setattr("signal.signal", lambda *_: None)
        code = orchestrate.main()
    said = capfd.readouterr()
    assert code == (4 if kind is UnexpectedError and command == "baselib" else 3)
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    assert sentence.startswith("baselib: ")
    assert words in sentence
    assert "张三" not in sentence


def test_what_the_project_raises_itself_stays_as_it_is(tmp_path):
    gate = GateClosed()
    assert explain_error(gate, "x", tmp_path) is gate
    assert not list(tmp_path.iterdir())


def test_the_log_is_private_and_tells_where_but_no_values(tmp_path):
    try:
        try:
            raise KeyError(f"no such number {NUMBER} of '张三'")
        except KeyError:
            raise ValueError(f"李四 has {NUMBER}") from None
    except ValueError as error:
        told = explain_error(error, "a__b, batch 20260630, stage", tmp_path)
    assert isinstance(told, UnexpectedError)
    assert isinstance(told.log, Path)
    assert stat.S_IMODE(told.log.stat().st_mode) == 0o600
    text = told.log.read_text(encoding="utf-8")
    assert Path(__file__).name in text
    assert "ValueError" in text
    assert "a__b, batch 20260630, stage" in text
    for value in ("李四", "张三 ", NUMBER, NUMBER[:-1]):
        assert f"has {value}" not in text


def test_without_a_place_for_the_log_the_fault_is_told_all_the_same(tmp_path):
    nowhere = tmp_path / "file"
    nowhere.touch()
    told = explain_error(OSError(errno.ENOSPC, "full"), "x", nowhere)
    assert "No log of it could be written" in str(told)
