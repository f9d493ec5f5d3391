"""A home is closed to other users, whatever it was before; the folders above stay as they are."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.runtime.private_home import make_private


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_home_and_what_is_written_there_is_its_owner_s(tmp_path: Path):
    home = tmp_path / "a" / "home"
    make_private(home)
    (home / "register.csv").write_text("王小明")
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "register.csv").stat().st_mode & 0o777 == 0o600


def test_an_open_home_is_closed_and_its_parent_is_not_touched(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    for folder in (tmp_path, home):
        folder.chmod(0o755)
    make_private(home)
    assert home.stat().st_mode & 0o067 == 0
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_foreign_home_that_is_open_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from pipelines.errors import SettingRefused

    def not_ours(self: Path, mode: int) -> None:
        raise PermissionError

    tmp_path.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", not_ours)
    with pytest.raises(SettingRefused, match="belongs to another user"):
        make_private(tmp_path)
