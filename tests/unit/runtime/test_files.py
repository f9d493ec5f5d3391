"""Files that go from one file system to another: whole, or not at all."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from pipelines.runtime.files import link_or_copy, move_file


def _other_system(*_: object, **__: object) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a second name nor a rename works from the folder ``scratch``."""
    replace = Path.replace

    def refusing(path: Path, target: Path) -> Path:
        if path.parent != target.parent:
            _other_system()
        return replace(path, target)

    monkeypatch.setattr(os, "link", _other_system)
    monkeypatch.setattr(Path, "replace", refusing)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scratch" / "rows.parquet"
    path.parent.mkdir()
    path.write_bytes(b"rows")
    (tmp_path / "lake").mkdir()
    return path


@pytest.mark.usefixtures("apart")
def test_a_file_moves_to_another_file_system(file: Path, tmp_path: Path):
    target = tmp_path / "lake" / "a.parquet"
    assert move_file(file, target).read_bytes() == b"rows"
    assert not file.exists()
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.usefixtures("apart")
def test_where_there_are_no_second_names_the_bytes_are_copied(file: Path, tmp_path: Path):
    target = tmp_path / "lake" / "a.parquet"
    assert link_or_copy(file, target).read_bytes() == b"rows"
    assert file.exists()


@pytest.mark.usefixtures("apart")
def test_a_full_disk_leaves_no_half(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_source: Path, draft: Path) -> None:
        draft.write_bytes(b"ro")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        move_file(file, tmp_path / "lake" / "a.parquet")
    assert list((tmp_path / "lake").iterdir()) == []
    assert file.read_bytes() == b"rows"


def test_on_one_file_system_nothing_is_copied(file: Path, tmp_path: Path):
    target = tmp_path / "lake" / "a.parquet"
    assert link_or_copy(file, target).stat().st_ino == file.stat().st_ino
    moved = move_file(file, tmp_path / "lake" / "b.parquet")
    assert moved.stat().st_ino == target.stat().st_ino


def test_other_refusals_are_no_reason_to_copy(file: Path, tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        link_or_copy(file, tmp_path / "nowhere" / "a.parquet")
