"""A private home folder: no other user of the machine reads what is in it."""

import os
from pathlib import Path

from pipelines.errors import SettingRefused

_PRIVATE = 0o700
# As root the server of the home runs as another user, who must pass through it; he cannot list it.
_PASSABLE_BY_GROUP = 0o710
_PASSABLE = 0o711  # folders above that are missing: nothing is in them but the way to the home


def make_private(home: Path) -> None:
    """Create the home, or close it to others; what this process writes from now on is its own.

    Folders above the home that are there stay as they are.

    Raises:
        SettingRefused: the home is open to others, and belongs to another user.
    """
    os.umask(0o077)
    for missing in reversed([each for each in home.parents if not each.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(_PASSABLE)
    home.mkdir(mode=_PRIVATE, exist_ok=True)
    mode = home.stat().st_mode & 0o777
    allowed = _PASSABLE_BY_GROUP if os.geteuid() == 0 else _PRIVATE
    if not mode & ~allowed:
        return
    try:
        home.chmod(mode & allowed)
    except PermissionError:
        raise SettingRefused(
            "BASELIB_HOME",
            str(home),
            "It belongs to another user and is open to others. Have its owner run chmod 700 on it, "
            "or name a folder of your own.",
        ) from None
