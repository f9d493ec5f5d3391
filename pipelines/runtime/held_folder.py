"""Folders that a process holds while it works in them, and those that dead ones left behind.

A lock says who lives, not a process id: ids are used again, and two containers on one home have the
same ones. The kernel gives a lock back when its holder ends, however that was.
"""

import fcntl
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

_LOCK = "held"


@contextmanager
def held_folder(parent: Path, kind: str) -> Iterator[Path]:
    """A new private folder ``<kind>-<token>``, held until the block ends and deleted then."""
    folder = parent / f"{kind}-{uuid4().hex[:8]}"
    draft = parent / f".{folder.name}"  # under its own name only when it is held
    draft.mkdir(mode=0o700)
    with (draft / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        draft.rename(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def abandoned_folders(parent: Path, kind: str) -> Sequence[Path]:
    """The folders of this kind that nobody holds: their processes were killed."""
    return [each for each in sorted(parent.glob(f"{kind}-*")) if not _is_held(each)]


def _is_held(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # by an earlier version, which held nothing, or deleted meanwhile
        return False
    return False
