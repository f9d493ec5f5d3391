"""Scratch files, named by the process that made them, so that those of dead ones can be swept.

A process that is killed cannot tidy up. Whoever opens the folder next does it: a name has the
machine and the process that made it, and what belongs to a process that lives is left alone.
"""

import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


def scratch_path(scratch: Path, kind: str, ending: str = "") -> Path:
    """A path of one's own in the scratch folder, which is made; nothing is there yet.

    Args:
        scratch: The scratch folder.
        kind: What it is, a word in small letters.
        ending: As ``.parquet``.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    whose = f"{socket.gethostname()}-{os.getpid()}"
    return scratch / f"{kind}-{whose}-{uuid4().hex[:12]}{ending}"


@contextmanager
def scratch_folder(scratch: Path, kind: str) -> Iterator[Path]:
    """A new folder of one's own, gone after the block."""
    folder = scratch_path(scratch, kind)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(scratch: Path) -> None:
    """Delete what dead processes of this machine left; never what another machine made."""
    ours = re.compile(rf"[a-z]+-{re.escape(socket.gethostname())}-(\d+)-[^-]+")
    for left in scratch.glob("*"):
        made = ours.fullmatch(left.name)
        if made and not _is_alive(int(made[1])):
            _delete(left)


def _delete(left: Path) -> None:
    """Another process may be sweeping, too."""
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
